import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadUserClaims } from '../../../src/lab/claims/user.ts';
import { tempPath } from '../../support/temp.ts';

function file(text: string | Uint8Array): string {
  const path = tempPath();
  writeFileSync(path, text);
  return path;
}

/** What is said about the text, with FILE for its name. */
function refusal(text: string | Uint8Array): string[] {
  const path = file(text);
  try {
    loadUserClaims(path);
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return (error as Error).message.replaceAll(path, 'FILE').split('\n');
  }
  return [];
}

const HEAD = 'schema: iolab/claims@1\nclaims:\n';
const claim = (lines: string) => `${HEAD}  - id: a\n    statement: it is so\n${lines.replace(/^/gm, '    ')}\n`;

describe('a file that is right', () => {
  test('gives its claims, with what was left out as documented', () => {
    const path = file(claim('path: sendfile\nexpect: { modeSwitches: 2, minorFaults: { max: 3 } }'));
    const [only, ...others] = loadUserClaims(path);
    expect(others).toEqual([]);
    expect(only).toMatchObject({
      id: 'a',
      statement: { en: 'it is so' },
      source: `${path}:3`,
      recorded: null,
      expected: { modeSwitches: 2, minorFaults: { max: 3 } },
      repeat: `iolab verify --claims ${path} --only a`,
    });
    expect(only?.scope).toContain('65536 bytes by sendfile over TCP loopback');
  });

  test('takes both languages, sizes with units, and a range', () => {
    const path = file(
      `${HEAD}  - id: b-2\n    statement: { en: so, zh: 如此 }\n    path: mmap-write\n    sink: unix\n    size: 1MiB\n` +
        '    chunk: 4096\n    cache: cold\n    expect: { diskBytes: { min: 1, max: 2 } }\n',
    );
    const [only] = loadUserClaims(path);
    expect(only?.statement).toEqual({ en: 'so', zh: '如此' });
    expect(only?.scope).toMatch(/1048576 bytes by mmap-write over a UNIX socket, at most 4096 bytes a call, cold/);
  });
});

describe('a file that is wrong is refused with line and column', () => {
  test.each<[string, string, (string | RegExp)[]]>([
    [
      'a path that there is not',
      claim('path: sendfle\nexpect: { modeSwitches: 2 }'),
      [
        'FILE:5:11: claims[0].path: "sendfle" is no path; one of null, read-write, mmap-write, sendfile, splice, vmsplice',
      ],
    ],
    [
      'an unknown key',
      claim('path: sendfile\ncolour: red\nexpect: { modeSwitches: 2 }'),
      [/^FILE:6:5: claims\[0\]: "colour" is unknown here; one of id, statement, path, /],
    ],
    [
      'an unknown figure',
      claim('path: sendfile\nexpect:\n  cpuCopy: 0'),
      [/^FILE:7:7: claims\[0\]\.expect: "cpuCopy" is unknown here; one of cpuCopies, cpuCopiesTotal, /],
    ],
    [
      'several things at once, in their order',
      claim('path: x\nsink: y\nsize: 64KB\nexpect: { modeSwitches: two }'),
      [
        /^FILE:5:11: claims\[0\]\.path: "x" is no path/,
        /^FILE:6:11: claims\[0\]\.sink: "y" is no sink; one of tcp, unix$/,
        /^FILE:7:11: claims\[0\]\.size: is no size\. Write a whole number/,
        /^FILE:8:29: claims\[0\]\.expect\.modeSwitches: "two" is neither a number nor/,
      ],
    ],
    ['no figure', claim('path: sendfile\nexpect: {}'), [/^FILE:6:13: claims\[0\]\.expect: expects nothing/]],
    ['a count below 0', claim('path: sendfile\nexpect: { syscalls: -1 }'), [/^FILE:6:25: .*no count is below 0$/]],
    [
      'a range that is none',
      claim('path: sendfile\nexpect: { syscalls: { min: 3, max: 2 } }'),
      [/^FILE:6:25: .*min is above max$/],
    ],
    ['an empty range', claim('path: sendfile\nexpect: { syscalls: {} }'), [/^FILE:6:25: .*a min, a max, or both$/]],
    [
      'a size of nothing',
      claim('path: sendfile\nsize: 0\nexpect: { syscalls: 1 }'),
      [/^FILE:6:11: .*at least 1 byte$/],
    ],
    [
      'both sink and route',
      claim('path: sendfile\nsink: tcp\nroute: veth\nexpect: { syscalls: 1 }'),
      [/^FILE:7:12: claims\[0\]\.route: sink and route say the same thing/],
    ],
    ['a missing path', claim('expect: { syscalls: 1 }'), [/^FILE:3:5: claims\[0\]\.path: is missing; one of null, /]],
    [
      'an id that is none',
      `${HEAD}  - id: My Claim\n`,
      [
        /statement: is missing/,
        /path: is missing/,
        /expect: is missing/,
        /^FILE:3:9: claims\[0\]\.id: "My Claim" is no id/,
      ],
    ],
    [
      'an id that stands there twice',
      `${HEAD}${['a', 'b', 'a'].map((id) => `  - { id: ${id}, statement: so, path: splice, expect: { syscalls: 1 } }\n`).join('')}`,
      ['FILE:5:11: claims[2].id: "a" is the id of claims[0], too'],
    ],
    [
      'a statement without English',
      `${HEAD}  - { id: a, statement: { zh: 如此 }, path: splice, expect: { syscalls: 1 } }\n`,
      [/^FILE:3:\d+: claims\[0\]\.statement/],
    ],
    [
      'another schema',
      'schema: iolab/claims@9\nclaims: []\n',
      [/^FILE:1:9: schema: .*claims@9.*reads iolab\/claims@1/, /no claim in it/],
    ],
    ['nothing', '', [/^FILE:1:1: a file of claims begins with/]],
    ['no claim', `${HEAD}  - 5\n`, [/^FILE:3:5: claims\[0\]: is no claim: a claim has id/]],
    ['a list', '- 1\n', [/^FILE:1:1: /]],
    ['broken YAML', 'schema: iolab/claims@1\nclaims:\n  - id: "a\n', [/^FILE:\d:\d+: .*quote/i]],
    ['a tab for an indent', 'schema: iolab/claims@1\nclaims:\n\t- id: a\n', [/^FILE:3:1: .*tab/i]],
    ['a key twice', 'schema: iolab/claims@1\nschema: iolab/claims@1\nclaims: []\n', [/^FILE:2:1: .*unique/]],
    [
      'two documents',
      `${claim('path: splice\nexpect: { syscalls: 1 }')}---\n${HEAD}`,
      [/^FILE:\d:\d: .*multiple documents/],
    ],
    ['a tag that nobody knows', `${HEAD}  - !!js/function a\n`, [/^FILE:3:\d+: .*tag/i]],
  ])('%s', (_what, text, expected) => {
    const lines = refusal(text);
    expect(lines.length, lines.join('\n')).toBe(expected.length);
    expected.forEach((wanted, i) => {
      if (typeof wanted === 'string') expect(lines[i]).toBe(wanted);
      else expect(lines[i]).toMatch(wanted);
    });
  });

  test('aliases, which make a small file large', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghi'.split('').map((c, i) => {
        const before = 'abcdefgh'[i];
        return `${c}: &${c} [${Array(9).fill(`*${before}`).join(',')}]`;
      }),
    ].join('\n');
    const started = performance.now();
    expect(refusal(bomb)[0]).toMatch(/^FILE:2:8: \*a: aliases are not read/);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('more than a MiB, other bytes than UTF-8, depth beyond reason, and what is no file', () => {
    expect(refusal(`# ${'x'.repeat(2 ** 20)}`)).toEqual([
      'FILE: it has more than 1048576 bytes, the most that is read',
    ]);
    expect(refusal(Uint8Array.of(0x61, 0xff, 0xfe))).toEqual(['FILE: it is no UTF-8 text']);
    expect(refusal('['.repeat(200_000))[0]).toMatch(/^FILE/);
    expect(() => loadUserClaims('/nonexistent/my.yaml')).toThrow(/^\/nonexistent\/my\.yaml: ENOENT/);
    expect(() => loadUserClaims('/')).toThrow(/^\/: EISDIR/);
  });
});

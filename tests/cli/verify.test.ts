import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { verifyReport } from '../../src/model/verify.ts';
import { tempPath } from '../support/temp.ts';
import { iolab, widest } from './iolab.ts';

const SOME = 'select-limit-1024,poll-no-limit-1024,epoll-size-ignored';

function claims(text: string): string {
  const path = tempPath();
  writeFileSync(path, `schema: iolab/claims@1\nclaims:\n${text}`);
  return path;
}

const claim = (id: string, lines: string) =>
  `  - id: ${id}\n    statement: it is said of ${id}\n${lines.replace(/^/gm, '    ')}\n`;

describe('built-in claims', () => {
  test('--only: a table of 80 columns, each with the verdict that is recorded, exit 0', async () => {
    const { code, stdout, stderr } = await iolab(['verify', '--only', SOME]);
    expect(stderr).toBe('Judging claims\n');
    expect(code).toBe(0);
    expect(widest(stdout)).toBeLessThanOrEqual(80);
    expect(stdout).not.toContain('\x1b');
    expect(stdout).toMatch(/^FAILS +select-limit-1024$/m);
    expect(stdout.replace(/\s+/g, ' ')).toContain('2 hold, 1 fail, 0 depend, 0 unknown.');
  });

  test('more than 5 are told in brief, by topic, --details shows them in full; no colour into a pipe', async () => {
    const many = `${SOME},epoll-oneshot,epoll-nesting,epoll-add-twice`;
    const env = { FORCE_COLOR: '1' };
    const short = await iolab(['verify', '--only', many], { env });
    expect(short.code).toBe(0);
    expect(short.stdout).toMatch(/^select and poll\n-+\nFAILS +A process can watch at most 1024/m);
    expect(short.stdout).toMatch(/^epoll\n-+\nHOLDS /m);
    expect(short.stdout).not.toContain('\x1b');
    const full = await iolab(['verify', '--only', many, '--details']);
    expect(full.stdout).toMatch(/^FAILS +select-limit-1024$/m);
    expect(full.stdout).toMatch(/^ +figure +expected +measured +by$/m);
    for (const { stdout } of [short, full]) expect(widest(stdout)).toBeLessThanOrEqual(80);
  });

  test('--json: stdout is JSON alone, the table goes to stderr; a stored one reads the same again', async () => {
    const file = tempPath();
    const { code, stdout, stderr } = await iolab(['verify', '--only', SOME, '--json']);
    expect(code).toBe(0);
    const report = verifyReport.parse(JSON.parse(stdout));
    expect(report.claims.map(({ id }) => id)).toEqual(SOME.split(','));
    expect(report.claims[0]?.repeat).toBe('iolab verify --only select-limit-1024');
    writeFileSync(file, stdout);
    expect(stderr).toBe(`Judging claims\n${(await iolab(['report', file])).stdout}`);
  });

  test('--lang zh: in Chinese, no wider than 80 columns of the terminal', async () => {
    const { code, stdout } = await iolab(['verify', '--only', SOME, '--lang', 'zh']);
    expect(code).toBe(0);
    expect(stdout.replace(/\n/g, '')).toContain('2 条成立，1 条不成立，0 条视条件而定，0 条未知。');
    expect(stdout).toMatch(/select .*1024/);
    expect(Math.max(...stdout.split('\n').map((line) => stringWidth(line)))).toBeLessThanOrEqual(80);
  });

  test('--list names them all without judging any', async () => {
    const { code, stdout, stderr } = await iolab(['verify', '--list']);
    expect([code, stderr]).toEqual([0, '']);
    for (const id of SOME.split(',')) expect(stdout).toContain(`${id}\n`);
    expect(widest(stdout)).toBeLessThanOrEqual(80);
  });

  test.each([
    [['--only', 'select-limt-1024'], /--only.*there is no claim select-limt-1024; the nearest are select-limit-1024, /],
    [['--only', ''], /--only.*there is no claim/],
    [['--only', 'poll-8-bytes,poll-8-bytes'], /--only.*twice/],
    [['--lang', 'fr'], /--lang.*There is no fr; there are en, zh/],
    [['--claims', '/nonexistent.yaml'], /--claims.*\n\/nonexistent\.yaml: ENOENT/],
  ])('%j is usage: 2', async (args, message) => {
    const { code, stdout, stderr } = await iolab(['verify', ...args]);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, '']);
  });
});

describe("a user's claims", () => {
  test('one that is wrong is refuted with the right figure, exit 1', async () => {
    const file = claims(
      claim('two-switches', 'path: read-write\nexpect: { syscalls: 1, modeSwitches: 2 }') +
        claim('one-call', 'path: sendfile\nsink: unix\nexpect: { syscalls: 1 }'),
    );
    const { code, stdout, stderr } = await iolab(['verify', '--claims', file, '--json']);
    expect(code).toBe(1);
    expect(stderr).toContain('iolab: refuted: two-switches\n');
    const { claims: judged } = verifyReport.parse(JSON.parse(stdout));
    expect(judged.map(({ verdict }) => verdict)).toEqual(['fails', 'holds']);
    // memory for the bytes, pread, write, memory given back
    const [wrong] = judged;
    expect(wrong?.measured.syscalls).toMatchObject({ value: 4 });
    expect(wrong?.because).toMatch(/expected modeSwitches 2, measured \d+/);
    expect(wrong).toMatchObject({ recorded: null, source: `${file}:3` });
    for (const { controls } of wrong?.cases ?? [])
      for (const control of controls) expect(control.measured).toMatchObject({ value: control.expected });
  });

  test('copies are counted, too', async () => {
    const file = claims(
      claim('copied-twice', 'path: read-write\nexpect: { cpuCopies: 2 }') +
        claim('never-copied', 'path: read-write\nexpect: { cpuCopies: 0 }') +
        claim('by-reference', 'path: sendfile\nexpect: { cpuCopies: 0, cpuCopiesTotal: 1 }'),
    );
    const { code, stdout } = await iolab(['verify', '--claims', file]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^HOLDS +copied-twice$/m);
    expect(stdout).toMatch(/^FAILS +never-copied$/m);
    expect(stdout).toMatch(/cpuCopies +0 +2 +aliasing/);
    expect(stdout).toMatch(/^HOLDS +by-reference$/m);
  });

  test('if all hold: 0; --only picks some of them', async () => {
    const file = claims(
      claim('wrong', 'path: sendfile\nexpect: { syscalls: 2 }') +
        claim('right', 'path: sendfile\nexpect: { syscalls: 1 }'),
    );
    const { code, stdout } = await iolab(['verify', '--claims', file, '--only', 'right']);
    expect(code).toBe(0);
    expect(stdout).not.toContain('wrong');
  });

  test('where nothing can be judged: 3, with the cause', async () => {
    const file = claims(claim('no-file', 'path: "null"\nexpect: { cpuCopies: 0 }'));
    const { code, stdout, stderr } = await iolab(['verify', '--claims', file]);
    expect(code).toBe(3);
    expect(stderr).toContain('nothing could be judged');
    expect(stdout.replace(/\s+/g, ' ')).toContain('there is no file whose bytes could be followed');
  });

  test('a file that is wrong is usage, with each line, before anything is judged', async () => {
    const file = claims(claim('a', 'path: sendfle\nexpect: { modeSwitch: 2 }'));
    const { code, stdout, stderr } = await iolab(['verify', '--claims', file, '--json']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`${file}:5:11: claims[0].path: "sendfle" is no path; one of null, read-write,`);
    expect(stderr).toContain(`${file}:6:15: claims[0].expect: "modeSwitch" is unknown here; one of cpuCopies,`);
  });
});

test('SIGINT keeps the claims until then, with a warning, and ends with 130', async () => {
  const file = claims(
    ['a', 'b', 'c', 'd'].map((id) => claim(id, 'path: read-write\nsize: 256MiB\nexpect: { majorFaults: 0 }')).join(''),
  );
  const json = tempPath();
  const { code, stderr } = await iolab(['verify', '--claims', file, '--json', json], {
    running: (child) =>
      child.stderr?.once('data', () => {
        setTimeout(() => child.kill('SIGINT'), 500);
      }),
  });
  expect(stderr).toContain('interrupted by SIGINT');
  expect(code).toBe(130);
  if (!existsSync(json)) return;
  const { claims: judged, warnings } = verifyReport.parse(JSON.parse(readFileSync(json, 'utf8')));
  expect(judged.length).toBeLessThan(4);
  expect(warnings.join()).toContain('interrupted after');
});

import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { Mapping } from '../../../src/io/index.ts';
import { Pipe } from '../../../src/io/pipe.ts';
import { callClaims } from '../../../src/lab/claims/calls.ts';
import {
  changeFile,
  contentOf,
  copiesByAliasing,
  copiesByFrame,
  positionsOf,
  readsOf,
  readsOfFile,
} from '../../../src/lab/claims/moved-bytes.ts';
import { timeOfTransfers } from '../../../src/lab/claims/transfer-time.ts';
import { sent } from '../../../src/lab/claims/zero-copy-send.ts';
import { vethCapability } from '../../../src/lab/routes.ts';
import { scrambled, unnamedFile } from '../../../src/lab/unnamed.ts';
import { pageWatchpoints, userWatchpoints } from '../../../src/probe/watchpoint.ts';
import { write } from '../../../src/sys/fd.ts';
import { judged } from './verdicts.ts';

const TMPFS = 0x01021994;
const onDisk = statfsSync(tmpdir()).type !== TMPFS;
const watched = userWatchpoints().works && pageWatchpoints().works;
const unless = (there: boolean, name: string) => (there ? name : `${name} (skipped: no watchpoints or frames here)`);

/** What a claim cannot be decided without, and the reason that stands in the name of a test that is skipped for it. */
const NEEDS: Readonly<Record<string, readonly [there: boolean, what: string]>> = {
  'sendfile-nonblock-never-waits': [onDisk, 'the temporary directory is in memory'],
  'msg-zerocopy-completion-tells-copies': [vethCapability().works, 'no network of its own'],
};

describe.each(callClaims)('$id', (claim) => {
  const [there, what] = NEEDS[claim.id] ?? [true, ''];
  const name = `is judged as recorded: ${claim.recorded}`;
  test.skipIf(!there)(there ? name : `${name} (skipped: ${what})`, async () => {
    expect(await judged(claim)).toMatchObject({ verdict: claim.recorded });
  });
});

describe('whether bytes were copied', () => {
  const content = scrambled(8192);

  test('what refers to a file shows its changes, what was copied does not', () => {
    using file = unnamedFile('tmpfs', content);
    using mapping = Mapping.file(file);
    const mapped = () => {
      const bytes = new Uint8Array(content.length);
      mapping.read(0, bytes);
      return bytes;
    };
    expect(copiesByAliasing('file > mapping', content, changeFile(file), mapped)).toBe(0);
    file.pwrite(content, 0);
    const before = contentOf(file, content.length);
    expect(copiesByAliasing('file > memory', content, changeFile(file), () => before)).toBe(1);
  });

  test('what is neither the old byte nor the new one is refused', () => {
    expect(() =>
      copiesByAliasing(
        'a > b',
        content,
        () => {},
        () => new Uint8Array(content.length),
      ),
    ).toThrow(/neither/);
  });

  test('positions lie inside, and on the edges', () => {
    expect(positionsOf(8192)).toEqual([0, 4095, 4097, 8191]);
    expect(positionsOf(1)).toContain(0);
  });

  test.skipIf(!watched)(
    unless(watched, 'a byte that is read 23 times is counted 23 times, one that is not, never'),
    () => {
      using memory = Mapping.anonymous(4096);
      memory.lock();
      using pipe = Pipe.open();
      const reading = () => {
        for (let i = 0; i < 23; i++) write(pipe.writeEnd.fd, memory.address, 1);
      };
      expect(readsOf(memory.address, reading).reads).toBe(23);
      expect(readsOf(memory.address + 1, reading).reads).toBe(0);
    },
  );

  test.skipIf(!watched)(unless(watched, 'a page of a file is watched wherever it is read'), () => {
    using file = unnamedFile('disk', content);
    expect(readsOfFile(file, 5003, () => void contentOf(file, content.length)).reads).toBe(1);
    expect(readsOfFile(file, 5003, () => void contentOf(file, 4096)).reads).toBe(0);
  });

  test('without watchpoints the work is done all the same', () => {
    using memory = Mapping.anonymous(4096);
    memory.lock();
    let times = 0;
    const { reads } = readsOf(memory.address, () => times++);
    expect(times).toBe(1);
    if (!watched) expect(reads).toMatchObject({ missing: expect.any(String) });
  });

  test.skipIf(!watched)(unless(watched, 'the same page has one frame, two files have two'), () => {
    using one = unnamedFile('tmpfs', content);
    using other = unnamedFile('tmpfs', content);
    using a = Mapping.file(one);
    using b = Mapping.file(one);
    using c = Mapping.file(other);
    expect([copiesByFrame(a, b), copiesByFrame(a, c)]).toEqual([0, 1]);
  });
});

test('a zero-copy send has a completion, and a plain one has none', () => {
  const asked = sent({ route: 'tcp', option: true, flag: true });
  const plain = sent({ route: 'tcp', option: true, flag: false });
  expect([asked.count, asked.option, plain.count]).toEqual([1, 0, 0]);
});

test('transfers take some time, each arm and the first once more', () => {
  const times = timeOfTransfers({ route: 'unix', size: 4096, arms: ['read+write', 'splice'], whole: true });
  expect(Object.keys(times)).toEqual(['read+write', 'splice', 'again']);
  for (const ns of Object.values(times)) expect(ns).toBeGreaterThan(0);
});

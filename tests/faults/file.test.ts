import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SystemError } from '../../src/io/errors.ts';
import { File } from '../../src/io/file.ts';
import { native } from '../../src/native.ts';
import { O_RDWR } from '../../src/sys/fd.ts';
import { errno } from '../support/errno.ts';
import { failEach, withFaults } from '../support/gate.ts';
import { nr } from '../support/numbers.ts';
import { pattern, tempFile } from '../support/temp.ts';

const open = () => readdirSync('/proc/self/fd').length;

/** All that a file can do, each once: 9 calls. */
function everything(path: string): void {
  const file = File.open(path, O_RDWR);
  try {
    file.stat();
    file.pread(Buffer.alloc(4), 0);
    file.pwrite(Buffer.from('new!'), 0);
    file.truncate(50);
    file.dropCache();
    file.cached();
    file.fadvise(0, 0, 0);
  } finally {
    // for real, also where the next call is the one that fails
    native.runtime.gateDisarm?.();
    file.close();
  }
}

test.each([
  ['EIO', errno.EIO],
  ['ENOSPC', errno.ENOSPC],
  ['EACCES', errno.EACCES],
])('whichever call answers %s is the one that the error names, and the file is closed', (code, error) => {
  const before = open();
  const path = tempFile(100);
  const named: string[] = [];
  let seen: unknown;
  failEach(
    { error },
    () => {
      seen = undefined;
      try {
        everything(path);
      } catch (e) {
        seen = e;
      }
    },
    () => {
      expect(open()).toBe(before);
      if (seen === undefined) return;
      expect(seen).toBeInstanceOf(SystemError);
      expect(seen).toMatchObject({ code, errno: error });
      named.push((seen as SystemError).syscall);
    },
  );
  expect(named).toEqual([
    'openat',
    'fstat',
    'pread64',
    'pwrite64',
    'ftruncate',
    'fdatasync',
    'fadvise64',
    'cachestat',
    'fadvise64',
  ]);
});

test('whichever call a signal interrupts: those that may be are made again, and the bytes are right', () => {
  const path = tempFile(100);
  const refused: string[] = [];
  failEach(
    { error: errno.EINTR },
    () => {
      try {
        everything(path);
      } catch (e) {
        refused.push((e as SystemError).syscall);
      }
    },
    () => {
      const now = readFileSync(path);
      expect(now.equals(Buffer.concat([Buffer.from('new!'), pattern(100).subarray(4)]).subarray(0, now.length))).toBe(
        true,
      );
    },
  );
  // these three are never interrupted by a signal
  expect(refused).toEqual(['fstat', 'fadvise64', 'cachestat', 'fadvise64']);
});

test('a kernel that does not tell what is cached is told from one that failed', () => {
  using file = File.open(tempFile(10));
  for (const error of [errno.ENOSYS, errno.EPERM])
    withFaults({ nr: nr.cachestat, nth: 1, error }, () => expect(file.cached()).toBeUndefined());
  withFaults({ nr: nr.cachestat, nth: 1, error: errno.EOPNOTSUPP }, () =>
    expect(() => file.cached()).toThrow(/^ENOTSUP: /),
  );
});

test('short reads and writes answer what was done', () => {
  using file = File.open(tempFile(100), O_RDWR);
  const out = Buffer.alloc(10);
  withFaults({ every: 1, shorten: 3 }, () => {
    expect(file.pread(out, 0)).toBe(3);
    expect(file.pwrite(out, 0)).toBe(3);
  });
  expect(out.subarray(3).every((byte) => byte === 0)).toBe(true);
});

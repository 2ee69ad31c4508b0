/** What belongs to a file rather than to a descriptor: the third part of the family fd. */
import { fstatSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/native.ts';
import { epollCreate1 } from '../../src/sys/epoll.ts';
import * as fd from '../../src/sys/fd.ts';
import { PAGE_SIZE } from '../../src/sys/mmap.ts';
import { readStat, STAT_SIZE } from '../../src/sys/structs.ts';
import { errno } from '../support/errno.ts';
import { filled, keep, open, pageCache, pipe } from '../support/raw.ts';
import { pattern, sparseFile, tempFile } from '../support/temp.ts';

const GIB = 2 ** 30;
const CLOSED = 19_999;

describe('lseek', () => {
  test('SEEK_DATA and SEEK_HOLE find the one page that is stored', (ctx) => {
    const file = open(sparseFile(5 * GIB), fd.O_RDWR);
    fd.pwrite(file, Buffer.alloc(1, 1), 1, 4 * GIB);
    fd.fdatasync(file);
    if (fd.lseek(file, 0, fd.SEEK_HOLE) === 5 * GIB) ctx.skip('this file system does not tell holes');
    expect(fd.lseek(file, 0, fd.SEEK_DATA)).toBe(4 * GIB);
    expect(fd.lseek(file, 4 * GIB, fd.SEEK_HOLE)).toBe(4 * GIB + PAGE_SIZE);
    expect(fd.lseek(file, 4 * GIB + PAGE_SIZE, fd.SEEK_DATA)).toBe(-errno.ENXIO);
    expect(fd.lseek(file, 5 * GIB, fd.SEEK_HOLE)).toBe(-errno.ENXIO);
  });

  test('counts from the start, the position and the end, and knows no other origin', () => {
    const file = filled(10);
    expect(fd.lseek(file, -4, fd.SEEK_END)).toBe(6);
    expect(fd.lseek(file, -2, fd.SEEK_CUR)).toBe(4);
    expect(fd.lseek(file, 100, fd.SEEK_SET)).toBe(100);
    expect(fd.lseek(file, 0, 99)).toBe(-errno.EINVAL);
    expect(fd.lseek(keep(fd.memfdCreate('huge', 0)), 2n ** 53n, fd.SEEK_SET)).toBe(-errno.EOVERFLOW);
    expect(fd.lseek(file, -101, fd.SEEK_CUR)).toBe(-errno.EINVAL);
  });
});

describe('fstat', () => {
  test('says the same as node:fs', () => {
    const path = tempFile(12_345);
    const stat = new Uint8Array(STAT_SIZE);
    expect(fd.fstat(open(path), stat)).toBe(0);
    const { dev, ino, mode, nlink, size, blksize, blocks, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    const numbers = { mode, nlink, size, blksize, blocks };
    const expected = Object.fromEntries(Object.entries(numbers).map(([k, v]) => [k, Number(v)]));
    expect(readStat(stat)).toEqual({ dev, ino, mtimeNs, ctimeNs, ...expected });
  });

  test('wants room, aligned, and answers EBADF', () => {
    expect(() => fd.fstat(filled(1), new Uint8Array(STAT_SIZE - 1))).toThrow(/bytes needed, but statbuf has/);
    const off = new Uint8Array(new ArrayBuffer(STAT_SIZE + 8), 1);
    expect(() => fd.fstat(filled(1), off)).toThrow(/aligned to 8 bytes/);
    expect(fd.fstat(CLOSED, new Uint8Array(STAT_SIZE))).toBe(-errno.EBADF);
    expect(() => readStat(new Uint8Array(STAT_SIZE - 1))).toThrow(RangeError);
  });

  test('a size that no number can hold is refused, not rounded', () => {
    const stat = new BigInt64Array(STAT_SIZE / 8);
    stat[(native.layouts.stat?.st_size ?? 0) / 8] = 2n ** 53n;
    expect(() => readStat(stat)).toThrow(/st_size is 9007199254740992/);
    stat[(native.layouts.stat?.st_size ?? 0) / 8] = 2n ** 53n - 1n;
    expect(readStat(stat).size).toBe(Number.MAX_SAFE_INTEGER);
  });

  test.each([
    ['a directory', () => open('/'), fd.S_IFDIR],
    ['a device', () => open('/dev/null'), fd.S_IFCHR],
    ['a pipe', () => pipe().read, fd.S_IFIFO],
    ['a link', () => open('/proc/self', fd.O_PATH | fd.O_NOFOLLOW), fd.S_IFLNK],
  ])('tells %s', (_what, make, kind) => {
    const stat = new Uint8Array(STAT_SIZE);
    expect(fd.fstat(make(), stat)).toBe(0);
    expect(readStat(stat).mode & fd.S_IFMT).toBe(kind);
  });
});

describe('ftruncate, fallocate, fdatasync, fadvise', () => {
  test('ftruncate cuts, grows by a hole, and refuses what it cannot', () => {
    const path = tempFile(8192);
    const file = open(path, fd.O_RDWR);
    expect(fd.ftruncate(file, 100)).toBe(0);
    expect(fd.ftruncate(file, 5n * BigInt(GIB))).toBe(0);
    expect(statSync(path)).toMatchObject({ size: 5 * GIB });
    expect(statSync(path).blocks * 512).toBeLessThan(GIB);
    expect(fd.ftruncate(file, -1)).toBe(-errno.EINVAL);
    expect(fd.ftruncate(file, 2n ** 62n)).toBe(-errno.EFBIG);
    expect(fd.ftruncate(open(path), 1)).toBe(-errno.EINVAL);
    expect(fd.ftruncate(pipe().write, 1)).toBe(-errno.EINVAL);
  });

  test('fallocate reserves, keeps the size, punches and zeroes', (ctx) => {
    const file = filled(4 * PAGE_SIZE);
    const size = () => fstatSync(file).size;
    const reserved = fd.fallocate(file, fd.FALLOC_FL_KEEP_SIZE, 0, 8 * PAGE_SIZE);
    if (reserved === -errno.EOPNOTSUPP) ctx.skip('this file system has no fallocate');
    expect([reserved, size()]).toEqual([0, 4 * PAGE_SIZE]);
    expect([fd.fallocate(file, 0, 0, 5 * PAGE_SIZE), size()]).toEqual([0, 5 * PAGE_SIZE]);
    const punch = fd.FALLOC_FL_PUNCH_HOLE | fd.FALLOC_FL_KEEP_SIZE;
    expect(fd.fallocate(file, punch, PAGE_SIZE, PAGE_SIZE)).toBe(0);
    const zero = fd.fallocate(file, fd.FALLOC_FL_ZERO_RANGE, 3 * PAGE_SIZE, 10);
    const expected = pattern(4 * PAGE_SIZE);
    expected.fill(0, PAGE_SIZE, 2 * PAGE_SIZE);
    if (zero === 0) expected.fill(0, 3 * PAGE_SIZE, 3 * PAGE_SIZE + 10);
    else expect(zero).toBe(-errno.EOPNOTSUPP);
    const now = Buffer.alloc(4 * PAGE_SIZE);
    fd.pread(file, now, undefined, 0);
    expect(now.equals(expected)).toBe(true);
  });

  test('fallocate refuses an empty range, a pipe, a hole that changes the size, and a lack of room', () => {
    const file = filled(1);
    expect(fd.fallocate(file, 0, 0, 0)).toBe(-errno.EINVAL);
    expect(fd.fallocate(pipe().write, 0, 0, 1)).toBe(-errno.ESPIPE);
    expect(fd.fallocate(open(tempFile(1)), 0, 0, 1)).toBe(-errno.EBADF);
    expect(fd.fallocate(file, fd.FALLOC_FL_PUNCH_HOLE, 0, 1)).toBe(-errno.EOPNOTSUPP);
    expect(fd.fallocate(file, 0, 2n ** 62n, 1)).toBe(-errno.EFBIG);
    const sealed = keep(fd.memfdCreate('sealed', fd.MFD_ALLOW_SEALING));
    fd.fcntl(sealed, fd.F_ADD_SEALS, fd.F_SEAL_GROW);
    expect(fd.fallocate(sealed, 0, 0, 1)).toBe(-errno.EPERM);
  });

  test('DONTNEED drops clean pages only, so fdatasync comes first', (ctx) => {
    const file = filled(8 * PAGE_SIZE);
    if (pageCache(file) === undefined) ctx.skip('cachestat needs Linux 6.5');
    expect(fd.fdatasync(file)).toBe(0);
    expect(fd.fadvise(file, 0, 0, fd.POSIX_FADV_DONTNEED)).toBe(0);
    if (pageCache(file)?.cached === 8) ctx.skip('this file system keeps its pages in memory (tmpfs)');
    expect(pageCache(file)?.cached).toBe(0);
    fd.pread(file, Buffer.alloc(1), 1, 0);
    expect(pageCache(file)?.cached).toBeGreaterThan(0);
  });

  test('fdatasync and fadvise want a file', () => {
    const { read, write } = pipe();
    expect(fd.fdatasync(write)).toBe(-errno.EINVAL);
    expect(fd.fdatasync(CLOSED)).toBe(-errno.EBADF);
    expect(fd.fadvise(read, 0, 0, fd.POSIX_FADV_WILLNEED)).toBe(-errno.ESPIPE);
    const file = filled(1);
    expect(fd.fadvise(file, 0, 0, 99)).toBe(-errno.EINVAL);
    expect(fd.fadvise(file, 0, -1, fd.POSIX_FADV_NORMAL)).toBe(-errno.EINVAL);
    for (const advice of [fd.POSIX_FADV_SEQUENTIAL, fd.POSIX_FADV_RANDOM, fd.POSIX_FADV_NOREUSE])
      expect(fd.fadvise(file, 0, 0, advice)).toBe(0);
  });
});

test('FIONREAD counts what can be read at once', () => {
  const { read, write } = pipe();
  expect(fd.fionread(read)).toBe(0);
  fd.write(write, Buffer.alloc(8192));
  expect([fd.fionread(read), fd.fionread(write)]).toEqual([8192, 8192]);
  const file = filled(100);
  fd.lseek(file, 30, fd.SEEK_SET);
  expect(fd.fionread(file)).toBe(70);
  // what is left does not fit the kernel's int, or is less than nothing: it must not look like another errno
  fd.ftruncate(file, 10);
  expect(fd.fionread(file)).toBe(-errno.EOVERFLOW);
  expect(fd.fionread(open('/'))).toBe(-errno.ENOTTY);
  expect(fd.fionread(keep(epollCreate1(0)))).toBe(-errno.EINVAL);
});

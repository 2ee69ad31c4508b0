/** Reading and writing: the second part of the family fd. */
import { statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Offset } from '../../src/native.ts';
import * as fd from '../../src/sys/fd.ts';
import { MAP_SHARED, PAGE_SIZE, PROT_READ, PROT_WRITE } from '../../src/sys/mmap.ts';
import { errno } from '../support/errno.ts';
import { filled, keep, map, open, pageCache, pipe } from '../support/raw.ts';
import { pattern, sparseFile, tempDir, tempFile } from '../support/temp.ts';

const GIB = 2 ** 30;
const CLOSED = 19_999;

describe('read and write', () => {
  test('move the position, give short counts, and 0 at the end', () => {
    const file = filled(10);
    const buf = Buffer.alloc(16);
    expect(fd.read(file, buf, 4)).toBe(4);
    expect(fd.read(file, buf, 16)).toBe(6);
    expect(fd.read(file, buf)).toBe(0);
    expect(fd.write(file, Buffer.from('end'))).toBe(3);
    expect(fd.lseek(file, 0, fd.SEEK_END)).toBe(13);
  });

  test('touch the window [at, at + count) and nothing beside it', () => {
    const file = filled(Buffer.from('abcdefgh'));
    const memory = new Uint8Array(16).fill(0xee);
    const view = memory.subarray(4, 12);
    expect(fd.read(file, view, 3, 2)).toBe(3);
    expect(fd.pread(file, view, 2, 6, 5)).toBe(2);
    expect(Buffer.from(memory).toString('latin1')).toBe(`${'\xee'.repeat(6)}abcgh${'\xee'.repeat(5)}`);
    expect(fd.pwrite(file, Buffer.from('0123456789'), 3, 1, 4)).toBe(3);
    expect(fd.write(file, Buffer.from('xyz'), 1, 2)).toBe(1);
    const all = Buffer.alloc(8);
    fd.pread(file, all, undefined, 0);
    expect(all.toString()).toBe('a45zefgh');
  });

  test.each([
    [9, 0, /count: 9 bytes needed, but buf has 8/],
    [8, 1, /at: bytes 1 to 9 needed, but buf has 8/],
    [0, 9, /at: bytes 9 to 9 needed/],
    [-1, 0, /count must be an integer/],
    [0.5, 0, /count must be an integer/],
    [Number.NaN, 0, /count must be an integer .* NaN/],
    [2 ** 53, 0, /count/],
    [1, -0, /at must be an integer .* -0/],
  ])('refuse count %d at %d of 8 bytes', (count, at, message) => {
    const file = filled(8);
    const buf = new Uint8Array(8).fill(1);
    for (const call of [fd.read, fd.write]) expect(() => call(file, buf, count, at)).toThrow(message);
    for (const call of [fd.pread, fd.pwrite]) expect(() => call(file, buf, count, 0, at)).toThrow(message);
    expect([...buf]).toEqual(Array(8).fill(1));
  });

  test('refuse memory that could move: resizable, shared, detached', () => {
    const file = filled(8);
    const gone = new Uint8Array(8);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    const bad = [
      new Uint8Array(Reflect.construct(ArrayBuffer, [8, { maxByteLength: 16 }])),
      new Uint8Array(new SharedArrayBuffer(8)),
      gone,
    ];
    for (const view of bad) expect(() => fd.read(file, view)).toThrow(TypeError);
  });

  test('a pipe: EAGAIN when empty or full, 0 without writer, EPIPE without reader', () => {
    const { read, write } = pipe();
    const buf = Buffer.alloc(65_536 + 1);
    expect(fd.read(read, buf)).toBe(-errno.EAGAIN);
    expect(fd.write(write, buf)).toBe(fd.fcntl(write, fd.F_GETPIPE_SZ, 0));
    expect(fd.write(write, buf)).toBe(-errno.EAGAIN);
    expect(fd.read(read, buf, 5)).toBe(5);
    fd.close(write);
    while (fd.read(read, buf) > 0);
    expect(fd.read(read, buf)).toBe(0);
    const other = pipe();
    fd.close(other.read);
    expect(fd.write(other.write, buf)).toBe(-errno.EPIPE);
    expect(fd.writev(other.write, [buf])).toBe(-errno.EPIPE);
  });

  test('answer EBADF the wrong way round, EISDIR for a directory, ENOSPC for a full disk', () => {
    const { read, write } = pipe();
    const buf = Buffer.alloc(4);
    expect(fd.write(read, buf)).toBe(-errno.EBADF);
    expect(fd.read(write, buf)).toBe(-errno.EBADF);
    expect(fd.read(CLOSED, buf)).toBe(-errno.EBADF);
    expect(fd.read(-1, buf)).toBe(-errno.EBADF);
    expect(fd.read(open(tempDir()), buf)).toBe(-errno.EISDIR);
    expect(fd.write(open('/dev/full', fd.O_WRONLY), buf)).toBe(-errno.ENOSPC);
  });

  test('take an address in a mapping; past a truncated end it is EFAULT, not SIGBUS', () => {
    const file = filled(2 * PAGE_SIZE);
    const address = map(2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file);
    const { read, write } = pipe();
    expect(fd.write(write, address + 10, 90)).toBe(90);
    expect(fd.ftruncate(file, PAGE_SIZE)).toBe(0);
    expect(fd.write(write, address + PAGE_SIZE, 10)).toBe(-errno.EFAULT);
    expect(fd.read(read, address + PAGE_SIZE, 10)).toBe(-errno.EFAULT);
    expect(fd.read(read, address, 10)).toBe(10);
    expect(() => fd.read(read, address, 2 * PAGE_SIZE + 1)).toThrow(/buf has 8192/);
    expect(() => fd.read(read, 4096)).toThrow(/an address inside a mapping/);
  });

  test('O_DIRECT wants everything aligned', (ctx) => {
    const direct = fd.openat(fd.AT_FDCWD, tempFile(PAGE_SIZE), fd.O_RDONLY | fd.O_DIRECT, 0);
    if (direct === -errno.EINVAL) ctx.skip('this file system has no O_DIRECT');
    keep(direct);
    const address = map(PAGE_SIZE);
    expect(fd.pread(direct, address, PAGE_SIZE, 0)).toBe(PAGE_SIZE);
    const unaligned = fd.pread(direct, address, 100, 1);
    if (unaligned >= 0) ctx.skip('this file system takes unaligned O_DIRECT reads');
    expect(unaligned).toBe(-errno.EINVAL);
  });
});

test('a call moves at most 2,147,479,552 bytes', () => {
  const huge = keep(fd.memfdCreate('huge', 0));
  expect(fd.ftruncate(huge, 3 * GIB)).toBe(0);
  const address = map(3 * GIB, PROT_READ, MAP_SHARED, huge);
  expect(fd.write(open('/dev/null', fd.O_WRONLY), address)).toBe(0x7ffff000);
});

describe('offsets', () => {
  const calls: [string, (file: number, offset: Offset) => number][] = [
    ['pread', (file, offset) => fd.pread(file, Buffer.alloc(1), 1, offset)],
    ['pwrite', (file, offset) => fd.pwrite(file, Buffer.from('x'), 1, offset)],
    ['preadv2', (file, offset) => fd.preadv2(file, [Buffer.alloc(1)], offset, 0)],
    ['lseek', (file, offset) => fd.lseek(file, offset, fd.SEEK_SET)],
    ['ftruncate', fd.ftruncate],
    ['fallocate', (file, offset) => fd.fallocate(file, 0, offset, 1)],
  ];

  test.each(calls)('%s: what is no exact integer throws, what is no position is EINVAL', (name, call) => {
    const file = filled(1);
    for (const bad of [
      Number.NaN,
      0.5,
      -0,
      2 ** 53,
      Number.POSITIVE_INFINITY,
      2n ** 63n,
      2n ** 64n - 1n,
      -(2n ** 63n) - 1n,
    ])
      expect(() => call(file, bad)).toThrow(RangeError);
    expect(() => call(file, '0' as never)).toThrow(TypeError);
    expect(call(file, name === 'preadv2' ? -2 : -1)).toBe(-errno.EINVAL);
    const beyond = call(file, 2n ** 63n - 1n);
    expect([-errno.EINVAL, -errno.EFBIG, -errno.EOVERFLOW]).toContain(beyond);
  });

  test.each([2 ** 31 - 1, 2 ** 31, 2 ** 32, 5 * GIB, 5n * BigInt(GIB)])('%s in a sparse file of 6 GiB', (offset) => {
    const file = open(sparseFile(6 * GIB), fd.O_RDWR);
    expect(fd.pwrite(file, Buffer.from('far'), 3, offset)).toBe(3);
    const buf = Buffer.alloc(5);
    expect(fd.pread(file, buf, 5, BigInt(offset) - 1n)).toBe(5);
    expect(buf.toString('latin1')).toBe('\0far\0');
    expect(fd.lseek(file, offset, fd.SEEK_SET)).toBe(Number(offset));
    expect(fd.read(file, buf, 3)).toBe(3);
    expect(fd.lseek(file, 0, fd.SEEK_CUR)).toBe(Number(offset) + 3);
  });

  test('pread and pwrite leave the position alone, pipes have none, and O_APPEND knows only the end', () => {
    const file = filled(8);
    expect(fd.pread(file, Buffer.alloc(4), 4, 2)).toBe(4);
    expect(fd.lseek(file, 0, fd.SEEK_CUR)).toBe(0);
    const { read, write } = pipe();
    expect(fd.pread(read, Buffer.alloc(1), 1, 0)).toBe(-errno.ESPIPE);
    expect(fd.pwrite(write, Buffer.alloc(1), 1, 0)).toBe(-errno.ESPIPE);
    expect(fd.preadv2(read, [Buffer.alloc(1)], 0, 0)).toBe(-errno.ESPIPE);
    expect(fd.lseek(read, 0, fd.SEEK_SET)).toBe(-errno.ESPIPE);
    const path = tempFile(Buffer.from('abc'));
    expect(fd.pwrite(open(path, fd.O_WRONLY | fd.O_APPEND), Buffer.from('d'), 1, 0)).toBe(1);
    expect(statSync(path).size).toBe(4);
    expect(fd.pwrite(file, Buffer.from('x'), 1, 2n ** 62n)).toBe(-errno.EFBIG);
  });
});

describe('readv, writev, preadv2, pwritev2', () => {
  test('fill and drain buffers one after another, with a short count inside one', () => {
    const file = filled(0);
    const parts = [Buffer.from('ab'), new Uint8Array(0), new DataView(Uint8Array.of(99, 100, 101).buffer)];
    expect(fd.writev(file, parts)).toBe(5);
    expect(fd.pwritev2(file, [Buffer.from('fg')], 5, 0)).toBe(2);
    const into = [Buffer.alloc(3), Buffer.alloc(8, '.')];
    expect(fd.preadv2(file, into, 1, 0)).toBe(6);
    expect(Buffer.concat(into).toString()).toBe('bcdefg.....');
    fd.lseek(file, 0, fd.SEEK_SET);
    expect(fd.readv(file, into)).toBe(7);
    expect(fd.readv(file, into)).toBe(0);
    expect(fd.readv(file, [])).toBe(0);
  });

  test('take 1,024 buffers, and no more, no holes, nothing else', () => {
    const file = filled(2048);
    const one = Buffer.alloc(2);
    expect(fd.readv(file, Array(1024).fill(one))).toBe(2048);
    expect(() => fd.readv(file, Array(1025).fill(one))).toThrow(/at most 1024 buffers/);
    expect(() => fd.readv(file, new Array(2))).toThrow(TypeError);
    expect(() => fd.readv(file, one as never)).toThrow(/an array of buffers/);
  });

  test('offset -1 uses the position; RWF_APPEND ignores the offset; an unknown flag is EOPNOTSUPP', () => {
    const file = filled(8);
    fd.lseek(file, 3, fd.SEEK_SET);
    expect(fd.preadv2(file, [Buffer.alloc(2)], -1, 0)).toBe(2);
    expect(fd.lseek(file, 0, fd.SEEK_CUR)).toBe(5);
    expect(fd.pwritev2(file, [Buffer.from('tail')], 0, fd.RWF_APPEND)).toBe(4);
    expect(fd.lseek(file, 0, fd.SEEK_END)).toBe(12);
    expect(fd.pwritev2(file, [Buffer.from('s')], 0, fd.RWF_DSYNC)).toBe(1);
    expect(fd.preadv2(file, [Buffer.alloc(1)], 0, 1 << 20)).toBe(-errno.EOPNOTSUPP);
  });

  test('RWF_NOWAIT: EAGAIN from a cold cache, the bytes from a warm one', (ctx) => {
    const file = filled(16 * PAGE_SIZE);
    const buf = Buffer.alloc(PAGE_SIZE);
    fd.fdatasync(file);
    fd.fadvise(file, 0, 0, fd.POSIX_FADV_DONTNEED);
    const cold = fd.preadv2(file, [buf], 0, fd.RWF_NOWAIT);
    if (cold === -errno.EOPNOTSUPP) ctx.skip('this file system has no RWF_NOWAIT');
    if (cold > 0) ctx.skip('this file system keeps its pages in memory (tmpfs): no cold cache to be had');
    expect(cold).toBe(-errno.EAGAIN);
    expect(fd.pread(file, buf, PAGE_SIZE, 0)).toBe(PAGE_SIZE);
    expect(fd.preadv2(file, [buf], 0, fd.RWF_NOWAIT)).toBe(PAGE_SIZE);
    expect(buf.equals(pattern(16 * PAGE_SIZE).subarray(0, PAGE_SIZE))).toBe(true);
    expect(fd.preadv2(pipe(0).read, [buf], -1, fd.RWF_NOWAIT)).toBe(-errno.EAGAIN);
    // of what is half there: that half
    fd.fadvise(file, 0, 0, fd.POSIX_FADV_RANDOM);
    fd.fadvise(file, 0, 0, fd.POSIX_FADV_DONTNEED);
    expect(fd.pread(file, buf, PAGE_SIZE, 0)).toBe(PAGE_SIZE);
    const half = fd.preadv2(file, [Buffer.alloc(16 * PAGE_SIZE)], 0, fd.RWF_NOWAIT);
    expect(half).toBeGreaterThanOrEqual(PAGE_SIZE);
    expect(half).toBeLessThan(16 * PAGE_SIZE);
  });

  test('RWF_DONTCACHE leaves the cache as it found it', (ctx) => {
    const file = filled(16 * PAGE_SIZE);
    const buf = Buffer.alloc(16 * PAGE_SIZE);
    fd.fdatasync(file);
    fd.fadvise(file, 0, 0, fd.POSIX_FADV_DONTNEED);
    const r = fd.preadv2(file, [buf], 0, fd.RWF_DONTCACHE);
    if (r === -errno.EOPNOTSUPP) ctx.skip('RWF_DONTCACHE needs Linux 6.14 and a file system that knows it');
    expect(r).toBe(16 * PAGE_SIZE);
    expect(buf.equals(pattern(16 * PAGE_SIZE))).toBe(true);
    expect(pageCache(file)?.cached).toBe(0);
    expect(fd.pread(file, buf, undefined, 0)).toBe(16 * PAGE_SIZE);
    expect(pageCache(file)?.cached).toBe(16);
  });
});

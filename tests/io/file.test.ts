import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { File } from '../../src/io/file.ts';
import {
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NONBLOCK,
  O_RDWR,
  O_WRONLY,
  POSIX_FADV_SEQUENTIAL,
} from '../../src/sys/fd.ts';
import { PAGE_SIZE } from '../../src/sys/mmap.ts';
import { pattern, sparseFile, tempDir, tempFile, tempPath } from '../support/temp.ts';

describe('open', () => {
  test('is for reading unless it says otherwise', () => {
    const path = tempFile(10);
    using file = File.open(path);
    expect(file.path).toBe(path);
    expect(file.pread(Buffer.alloc(20), 4)).toBe(6);
    expect(() => file.pwrite(Buffer.alloc(1), 0)).toThrow(/^EBADF: bad file descriptor, pwrite64 '\/.*'$/);
  });

  test('creates with the permissions that the umask leaves', () => {
    const path = tempPath();
    const umask = process.umask(0o027);
    using file = File.open(path, O_RDWR | O_CREAT | O_EXCL);
    process.umask(umask);
    expect(file.stat().mode & 0o777).toBe(0o640);
    expect(() => File.open(path, O_RDWR | O_CREAT | O_EXCL)).toThrow(expect.objectContaining({ code: 'EEXIST', path }));
  });

  test('names the path in its errors', () => {
    expect(() => File.open('/nope')).toThrow("ENOENT: no such file or directory, openat '/nope'");
    expect(() => File.open(tempFile(1), O_DIRECTORY)).toThrow(/^ENOTDIR: not a directory, openat/);
    expect(() => File.open('a\0b')).toThrow(/without NUL/);
  });

  test('of a FIFO does not wait with O_NONBLOCK', () => {
    const path = tempPath();
    execFileSync('mkfifo', [path]);
    using fifo = File.open(path, O_NONBLOCK);
    expect(fifo.isRegular()).toBe(false);
    expect(() => File.open(path, O_WRONLY | O_NONBLOCK).close()).not.toThrow();
  });
});

test('stat tells what node:fs tells', () => {
  const path = tempFile(12_345);
  using file = File.open(path);
  const stat = file.stat();
  const nodes = statSync(path, { bigint: true });
  expect(stat).toEqual({
    dev: nodes.dev,
    ino: nodes.ino,
    mode: Number(nodes.mode),
    nlink: 1,
    size: 12_345,
    blksize: Number(nodes.blksize),
    blocks: Number(nodes.blocks),
    mtimeNs: nodes.mtimeNs,
    ctimeNs: nodes.ctimeNs,
  });
  expect([file.size(), file.isRegular()]).toEqual([12_345, true]);
  using directory = File.open(tempDir());
  expect(directory.isRegular()).toBe(false);
});

describe('pread and pwrite', () => {
  test('go to the offset, and leave the position alone', () => {
    using file = File.open(tempFile(100), O_RDWR);
    expect(file.pwrite(Buffer.from('.xyz.'), 50, 3, 1)).toBe(3);
    const out = Buffer.alloc(5, '_');
    expect(file.pread(out, 50, 3, 1)).toBe(3);
    expect(out.toString()).toBe('_xyz_');
    expect(file.read(out)).toBe(5);
    expect(out.equals(pattern(100).subarray(0, 5))).toBe(true);
  });

  test('answer 0 at the end and beyond it', () => {
    using file = File.open(tempFile(100));
    expect(file.pread(Buffer.alloc(10), 95)).toBe(5);
    expect(file.pread(Buffer.alloc(10), 100)).toBe(0);
    expect(file.pread(Buffer.alloc(10), 2 ** 40)).toBe(0);
  });

  test('reach beyond 4 GiB, by number and by bigint', () => {
    const at = 5 * 2 ** 30;
    using file = File.open(sparseFile(at), O_RDWR);
    expect(file.pwrite(Buffer.from('far'), at - 3)).toBe(3);
    const out = Buffer.alloc(4);
    expect(file.pread(out, BigInt(at) - 3n)).toBe(3);
    expect(out.toString('latin1', 0, 3)).toBe('far');
    const { size, blocks } = file.stat();
    expect(size).toBe(at);
    expect(blocks * 512).toBeLessThan(2 ** 20);
  });

  test('append wherever the offset is, with O_APPEND', () => {
    const path = tempFile(Buffer.from('abc'));
    using file = File.open(path, O_WRONLY | O_APPEND);
    file.pwrite(Buffer.from('d'), 0);
    expect(readFileSync(path, 'utf8')).toBe('abcd');
  });

  test.each([-1, 1.5, Number.NaN, -0, 2 ** 53])('refuse the offset %d', (offset) => {
    using file = File.open(tempFile(1));
    const attempt = () => file.pread(Buffer.alloc(1), offset);
    // -1 is the kernel's to refuse: offsets are signed there
    if (offset === -1) expect(attempt).toThrow('EINVAL: invalid argument, pread64');
    else expect(attempt).toThrow(RangeError);
  });
});

test('truncate cuts, and extends with zeros', () => {
  const path = tempFile(Buffer.from('abcdef'));
  using file = File.open(path, O_RDWR);
  file.truncate(3);
  file.truncate(5);
  expect(readFileSync(path, 'latin1')).toBe('abc\0\0');
  using unwritable = File.open(path);
  expect(() => unwritable.truncate(0)).toThrow(/^EINVAL: invalid argument, ftruncate/);
});

test('fadvise and datasync are taken', () => {
  using file = File.open(tempFile(PAGE_SIZE), O_RDWR);
  file.fadvise(0, 0, POSIX_FADV_SEQUENTIAL);
  file.datasync();
  expect(() => file.fadvise(0, 0, 999)).toThrow(/^EINVAL/);
});

test('dropCache makes the kernel forget the pages', (ctx) => {
  using file = File.open(tempFile(16 * PAGE_SIZE), O_RDWR);
  const before = file.cached();
  if (before === undefined) return ctx.skip('cachestat(2) does not tell: it came with Linux 6.5');
  expect(before.cached).toBe(16);
  file.dropCache();
  const after = file.cached();
  if (execFileSync('stat', ['-f', '-c', '%T', file.path ?? ''], { encoding: 'utf8' }).trim() === 'tmpfs')
    return ctx.skip('the temporary directory is a tmpfs, whose pages have no disk to go to');
  expect(after).toMatchObject({ cached: 0, dirty: 0, writeback: 0 });
});

test('a duplicate is the same open file under its own owner', () => {
  const path = tempFile(10);
  const file = File.open(path);
  using copy = file.dup();
  file.close();
  expect(copy).toBeInstanceOf(File);
  expect([copy.path, copy.size()]).toEqual([path, 10]);
});

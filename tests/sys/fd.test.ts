import { execFileSync } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readlinkSync, statSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/native.ts';
import { epollCreate1 } from '../../src/sys/epoll.ts';
import * as fd from '../../src/sys/fd.ts';
import { encodePerfEvent, PERF_ATTR_EXCLUDE_KERNEL, PERF_TYPE_SOFTWARE, perfEventOpen } from '../../src/sys/perf.ts';
import { prlimit, RLIMIT_NOFILE } from '../../src/sys/process.ts';
import { encodeRlimit, readRlimit, readStat, STAT_SIZE } from '../../src/sys/structs.ts';
import { errno } from '../support/errno.ts';
import { CAP_SYS_RESOURCE, capable, filled, isRoot, keep, map, open, pipe } from '../support/raw.ts';
import { tempDir, tempFile, tempPath } from '../support/temp.ts';

const { sys, runtime } = native;
const CLOSED = 19_999;

/** A directory with a file, links that stay and links that lead out. */
function tree(): { dir: number; path: string } {
  const path = tempPath();
  mkdirSync(`${path}/sub`, { recursive: true });
  closeSync(openSync(`${path}/file`, 'w'));
  symlinkSync('file', `${path}/link`);
  symlinkSync('..', `${path}/out`);
  symlinkSync('/file', `${path}/absolute`);
  symlinkSync('circle', `${path}/circle`);
  return { dir: open(path, fd.O_RDONLY | fd.O_DIRECTORY), path };
}

describe('openat', () => {
  test('opens by path and by directory, with the mode less the umask', () => {
    const { dir, path } = tree();
    const mask = process.umask(0o027);
    keep(fd.openat(dir, 'new', fd.O_RDWR | fd.O_CREAT | fd.O_EXCL, 0o666));
    process.umask(mask);
    expect(statSync(`${path}/new`).mode & 0o777).toBe(0o640);
    open(`${path}/new`);
  });

  test.each([
    ['what is not there', 'nowhere', fd.O_RDONLY, errno.ENOENT],
    ['an empty path', '', fd.O_RDONLY, errno.ENOENT],
    ['O_CREAT and O_EXCL of what is there', 'file', fd.O_CREAT | fd.O_EXCL, errno.EEXIST],
    ['a directory for writing', 'sub', fd.O_WRONLY, errno.EISDIR],
    ['a file as a directory', 'file/x', fd.O_RDONLY, errno.ENOTDIR],
    ['O_DIRECTORY of a file', 'file', fd.O_DIRECTORY, errno.ENOTDIR],
    ['O_NOFOLLOW of a link', 'link', fd.O_NOFOLLOW, errno.ELOOP],
    ['links in a circle', 'circle', fd.O_RDONLY, errno.ELOOP],
    ['a name of 256 bytes', 'x'.repeat(256), fd.O_RDONLY, errno.ENAMETOOLONG],
  ])('refuses %s', (_what, path, flags, code) => {
    expect(fd.openat(tree().dir, path, flags, 0)).toBe(-code);
  });

  test('wants a directory as dirfd', () => {
    expect(fd.openat(CLOSED, 'x', 0, 0)).toBe(-errno.EBADF);
    expect(fd.openat(filled(1), 'x', 0, 0)).toBe(-errno.ENOTDIR);
  });

  test('O_NONBLOCK of a FIFO: reading opens, writing finds nobody', () => {
    const path = tempPath();
    execFileSync('mkfifo', [path]);
    expect(fd.openat(fd.AT_FDCWD, path, fd.O_WRONLY | fd.O_NONBLOCK, 0)).toBe(-errno.ENXIO);
    open(path, fd.O_RDONLY | fd.O_NONBLOCK);
    open(path, fd.O_WRONLY | fd.O_NONBLOCK);
  });

  test('O_PATH names a place and reads nothing; O_TMPFILE has no name', (ctx) => {
    const place = open(tempFile(5), fd.O_PATH);
    expect(fd.read(place, Buffer.alloc(5))).toBe(-errno.EBADF);
    const file = fd.openat(fd.AT_FDCWD, tempDir(), fd.O_RDWR | fd.O_TMPFILE, 0o600);
    if (file === -errno.EOPNOTSUPP) ctx.skip('this file system has no O_TMPFILE');
    const stat = new BigInt64Array(STAT_SIZE / 8);
    expect(fd.fstat(keep(file), stat)).toBe(0);
    expect(readStat(stat).nlink).toBe(0);
  });

  test('refuses paths that C would cut short', () => {
    expect(() => fd.openat(fd.AT_FDCWD, 'a\0b', 0, 0)).toThrow(/openat: path must be a path without NUL/);
    expect(() => fd.openat(fd.AT_FDCWD, 'x/'.repeat(fd.PATH_MAX / 2), 0, 0)).toThrow(RangeError);
  });

  test.skipIf(isRoot)('answers EACCES (root may open anything)', () => {
    expect(fd.openat(fd.AT_FDCWD, '/etc/passwd', fd.O_RDWR, 0)).toBe(-errno.EACCES);
  });
});

test('EMFILE at RLIMIT_NOFILE, from each kind of creator', () => {
  const file = filled(1);
  const before = new BigUint64Array(2);
  prlimit(0, RLIMIT_NOFILE, null, before);
  try {
    prlimit(0, RLIMIT_NOFILE, encodeRlimit({ soft: 3n, hard: readRlimit(before).hard }), null);
    expect(fd.openat(fd.AT_FDCWD, '/', 0, 0)).toBe(-errno.EMFILE);
    expect(fd.fcntl(file, fd.F_DUPFD_CLOEXEC, 0)).toBe(-errno.EMFILE);
    expect(fd.memfdCreate('x', 0)).toBe(-errno.EMFILE);
    expect(fd.fcntl(file, fd.F_DUPFD_CLOEXEC, 3)).toBe(-errno.EINVAL);
    expect(fd.fcntl(file, fd.F_SETFD, 0), 'CLOEXEC cannot be taken off').toBe(-errno.EINVAL);
    expect(fd.dup3(file, CLOSED, 0)).toBe(-errno.EBADF);
  } finally {
    prlimit(0, RLIMIT_NOFILE, before, null);
  }
});

describe.skipIf(fd.openat2(CLOSED, '', 0, 0, 0) === -errno.ENOSYS)('openat2 (Linux 5.6)', () => {
  test.each([
    ['..', fd.RESOLVE_BENEATH, errno.EXDEV],
    ['sub/../../x', fd.RESOLVE_BENEATH, errno.EXDEV],
    ['/etc/passwd', fd.RESOLVE_BENEATH, errno.EXDEV],
    ['out/x', fd.RESOLVE_BENEATH, errno.EXDEV],
    ['absolute', fd.RESOLVE_BENEATH, errno.EXDEV],
    ['link', fd.RESOLVE_NO_SYMLINKS, errno.ELOOP],
    ['/proc/self/fd/0', fd.RESOLVE_NO_MAGICLINKS, errno.ELOOP],
    ['/proc/self/status', fd.RESOLVE_NO_XDEV, errno.EXDEV],
    ['file', fd.RESOLVE_IN_ROOT | fd.RESOLVE_BENEATH, errno.EINVAL],
    ['file', 1 << 20, errno.EINVAL],
  ])('%s under %i is refused', (path, resolve, code) => {
    expect(fd.openat2(tree().dir, path, fd.O_RDONLY, 0, resolve)).toBe(-code);
  });

  test.each([
    ['sub/../link', fd.RESOLVE_BENEATH],
    ['absolute', fd.RESOLVE_IN_ROOT],
    ['../../../file', fd.RESOLVE_IN_ROOT],
  ])('%s under %i opens the file within', (path, resolve) => {
    const { dir, path: root } = tree();
    const file = keep(fd.openat2(dir, path, fd.O_RDONLY, 0, resolve));
    expect(readlinkSync(`/proc/self/fd/${file}`)).toBe(`${root}/file`);
  });

  test('ignores nothing: unknown flags and a mode without O_CREAT are EINVAL', () => {
    const { dir } = tree();
    expect(fd.openat2(dir, 'file', 2 ** 30, 0, 0)).toBe(-errno.EINVAL);
    expect(fd.openat2(dir, 'file', 0, 0o600, 0)).toBe(-errno.EINVAL);
  });

  test('RESOLVE_CACHED does not look at the disk', (ctx) => {
    const { dir } = tree();
    const cold = fd.openat2(dir, 'never-asked-for', fd.O_RDONLY, 0, fd.RESOLVE_CACHED);
    if (cold === -errno.EINVAL) ctx.skip('RESOLVE_CACHED needs Linux 5.12');
    expect(cold).toBe(-errno.EAGAIN);
    keep(fd.openat2(dir, 'file', fd.O_RDONLY, 0, fd.RESOLVE_CACHED));
  });
});

describe('close', () => {
  test('once; then the number is not ours any more', () => {
    const file = fd.memfdCreate('once', 0);
    expect([runtime.owns(file), fd.close(file), runtime.owns(file)]).toEqual([1, 0, 0]);
    expect(() => fd.close(file)).toThrow(expect.objectContaining({ code: 'ERR_FOREIGN_FD' }));
    expect(fd.read(file, Buffer.alloc(1))).toBe(-errno.EBADF);
  });

  test('refuses whatever is open and not ours', () => {
    const theirs = openSync(import.meta.filename, 'r');
    for (const number of readdirSync('/proc/self/fd').map(Number))
      expect(() => fd.close(number)).toThrow(expect.objectContaining({ code: 'ERR_FOREIGN_FD' }));
    expect(fstatSync(theirs).isFile()).toBe(true);
    closeSync(theirs);
  });

  test('takes it after adopt, and refuses it again after disown', () => {
    const first = openSync(import.meta.filename, 'r');
    expect([runtime.adopt(first), runtime.disown(first), runtime.disown(first)]).toEqual([first, 1, 0]);
    expect(() => fd.close(first)).toThrow(/adopt/);
    runtime.adopt(first);
    expect(fd.close(first)).toBe(0);
    expect(runtime.adopt(CLOSED)).toBe(-errno.EBADF);
  });

  test('EBUSY while the runtime watches it, which would go on with the number', () => {
    const { read } = pipe();
    const id = runtime.watchOpen(read, () => {});
    expect(id).toBeGreaterThanOrEqual(0);
    expect([fd.close(read), runtime.owns(read)]).toEqual([-errno.EBUSY, 1]);
    expect(fd.dup3(filled(1), read, 0)).toBe(-errno.EBUSY);
    runtime.watchClose(id);
    expect(fd.close(read)).toBe(0);
  });

  test("Node's own event loop is out of reach of every call", () => {
    const loop = readdirSync('/proc/self/fd')
      .map(Number)
      .find((n) => runtime.guards(n) === 1);
    expect(loop).toBeDefined();
    const foreign = expect.objectContaining({ code: 'ERR_FOREIGN_FD' });
    expect(() => fd.read(loop ?? -1, Buffer.alloc(8))).toThrow(foreign);
    expect(() => fd.dup3(filled(1), loop ?? -1, 0)).toThrow(foreign);
    expect(() => fd.fcntl(loop ?? -1, fd.F_DUPFD, 0)).toThrow(foreign);
  });
});

test('a child inherits no descriptor of ours', () => {
  const file = filled(1);
  const { dir } = tree();
  pipe();
  keep(epollCreate1(0));
  keep(fd.memfdCreate('x', 0));
  keep(fd.openat2(dir, 'file', 0, 0, 0));
  keep(fd.fcntl(file, fd.F_DUPFD, 0));
  keep(fd.dup3(file, keep(fd.fcntl(file, fd.F_DUPFD_CLOEXEC, 100)), 0));
  const counter = perfEventOpen(
    encodePerfEvent({ type: PERF_TYPE_SOFTWARE, config: 1, flags: PERF_ATTR_EXCLUDE_KERNEL }),
    0,
    -1,
    -1,
    0,
  );
  if (counter >= 0) keep(counter);
  const ours = readdirSync('/proc/self/fd').filter((n) => runtime.owns(Number(n)) === 1);
  expect(ours.length).toBeGreaterThanOrEqual(10);
  const theirs = execFileSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' });
  expect(theirs).toMatch(/ 0 -> /);
  for (const number of ours) expect(theirs).not.toContain(readlinkSync(`/proc/self/fd/${number}`));
});

describe('dup3', () => {
  test('a second number, with the same position; what the number was is closed', () => {
    const file = filled(Buffer.from('abcdef'));
    const other = keep(fd.memfdCreate('x', 0));
    expect(fd.dup3(file, other, 0)).toBe(other);
    expect(fd.lseek(file, 3, fd.SEEK_SET)).toBe(3);
    const buf = Buffer.alloc(3);
    expect(fd.read(other, buf)).toBe(3);
    expect(buf.toString()).toBe('def');
  });

  test('does not close what is not ours', () => {
    const theirs = openSync(import.meta.filename, 'r');
    for (const number of [0, 1, 2, theirs])
      expect(() => fd.dup3(filled(1), number, 0)).toThrow(expect.objectContaining({ code: 'ERR_FOREIGN_FD' }));
    expect(fstatSync(theirs).isFile()).toBe(true);
    closeSync(theirs);
  });

  test('refuses itself, numbers out of range and unknown flags', () => {
    const file = filled(1);
    expect(fd.dup3(file, file, 0)).toBe(-errno.EINVAL);
    expect(fd.dup3(file, CLOSED, 1)).toBe(-errno.EINVAL);
    expect(fd.dup3(file, -1, 0)).toBe(-errno.EBADF);
    expect(fd.dup3(file, 2 ** 30, 0)).toBe(-errno.EBADF);
    expect(fd.dup3(CLOSED, CLOSED - 1, 0)).toBe(-errno.EBADF);
  });
});

describe('fcntl', () => {
  test('status flags, and the lowest number from a minimum', () => {
    const { read } = pipe(0);
    expect(fd.fcntl(read, fd.F_GETFL, 0) & fd.O_NONBLOCK).toBe(0);
    expect(fd.fcntl(read, fd.F_SETFL, fd.O_NONBLOCK)).toBe(0);
    expect(fd.fcntl(read, fd.F_GETFL, 0) & fd.O_NONBLOCK).toBe(fd.O_NONBLOCK);
    expect(keep(fd.fcntl(read, fd.F_DUPFD, 500))).toBeGreaterThanOrEqual(500);
    expect(fd.fcntl(read, fd.F_DUPFD, -1)).toBe(-errno.EINVAL);
    expect(fd.fcntl(CLOSED, fd.F_GETFL, 0)).toBe(-errno.EBADF);
  });

  test('commands that take a pointer are refused', () => {
    const F_SETLK = 6;
    expect(fd.fcntl(filled(1), F_SETLK, 0)).toBe(-errno.EINVAL);
  });

  test('a pipe is sized in powers of two pages, and not below what it holds', () => {
    const { read, write } = pipe();
    expect(fd.fcntl(read, fd.F_GETPIPE_SZ, 0)).toBe(65_536);
    expect(fd.fcntl(read, fd.F_SETPIPE_SZ, 100_000)).toBe(131_072);
    expect(fd.write(write, Buffer.alloc(3 * 4096))).toBe(3 * 4096);
    expect(fd.fcntl(write, fd.F_SETPIPE_SZ, 4096)).toBe(-errno.EBUSY);
    expect(fd.fcntl(write, fd.F_SETPIPE_SZ, 4 * 4096)).toBe(4 * 4096);
    expect(fd.fcntl(filled(1), fd.F_GETPIPE_SZ, 0)).toBe(-errno.EBADF);
  });

  test.skipIf(capable(CAP_SYS_RESOURCE))('EPERM beyond pipe-max-size (CAP_SYS_RESOURCE may)', () => {
    expect(fd.fcntl(pipe().read, fd.F_SETPIPE_SZ, 2 ** 30)).toBe(-errno.EPERM);
  });
});

describe('memfd_create and seals', () => {
  const sealed = (seals: number) => {
    const file = keep(fd.memfdCreate('sealed', fd.MFD_ALLOW_SEALING));
    expect(fd.write(file, Buffer.alloc(8192))).toBe(8192);
    expect(fd.fcntl(file, fd.F_ADD_SEALS, seals)).toBe(0);
    expect(fd.fcntl(file, fd.F_GET_SEALS, 0)).toBe(seals);
    return file;
  };

  test('SHRINK, GROW and WRITE each forbid their own', () => {
    const eperm = -errno.EPERM;
    const results = [fd.F_SEAL_SHRINK, fd.F_SEAL_GROW, fd.F_SEAL_WRITE].map((seal) => {
      const file = sealed(seal);
      return [fd.ftruncate(file, 4096), fd.ftruncate(file, 16_384), fd.pwrite(file, Buffer.alloc(1), 1, 0)];
    });
    expect(results).toEqual([
      [eperm, 0, 1],
      [0, eperm, 1],
      [0, 0, eperm],
    ]);
  });

  test('WRITE is EBUSY under a writable mapping; FUTURE_WRITE lets that one go on', (ctx) => {
    const file = keep(fd.memfdCreate('mapped', fd.MFD_ALLOW_SEALING));
    fd.ftruncate(file, 4096);
    const address = map(4096, 3, native.constants.MAP_SHARED, file);
    expect(fd.fcntl(file, fd.F_ADD_SEALS, fd.F_SEAL_WRITE)).toBe(-errno.EBUSY);
    const future = fd.fcntl(file, fd.F_ADD_SEALS, fd.F_SEAL_FUTURE_WRITE);
    if (future === -errno.EINVAL) ctx.skip('F_SEAL_FUTURE_WRITE needs Linux 5.1');
    expect(future).toBe(0);
    expect(sys.processVmWritev(address, 1, Buffer.from('x'))).toBe(1);
    expect(fd.pwrite(file, Buffer.alloc(1), 1, 0)).toBe(-errno.EPERM);
    expect(sys.mmap(4096, 3, native.constants.MAP_SHARED ?? 0, file, 0)).toBe(-errno.EPERM);
  });

  test('no seals after SEAL, without ALLOW_SEALING, or on a file', () => {
    expect(fd.fcntl(sealed(fd.F_SEAL_SEAL), fd.F_ADD_SEALS, fd.F_SEAL_GROW)).toBe(-errno.EPERM);
    expect(fd.fcntl(keep(fd.memfdCreate('x', 0)), fd.F_ADD_SEALS, fd.F_SEAL_GROW)).toBe(-errno.EPERM);
    expect(fd.fcntl(filled(1), fd.F_GET_SEALS, 0)).toBe(-errno.EINVAL);
  });

  test('refuses an unknown flag and a name of 250 bytes', () => {
    expect(fd.memfdCreate('x', 1 << 20)).toBe(-errno.EINVAL);
    expect(fd.memfdCreate('x'.repeat(250), 0)).toBe(-errno.EINVAL);
    keep(fd.memfdCreate('x'.repeat(249), 0));
  });
});

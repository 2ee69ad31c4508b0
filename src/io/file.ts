/**
 * A file: reads and writes at explicit offsets, never at the descriptor's own position, which all its duplicates share.
 * See `docs/io/file.md`.
 */
import type { Flag, Memory, Offset } from '../native.ts';
import {
  AT_FDCWD,
  fadvise,
  fdatasync,
  fstat,
  ftruncate,
  O_RDONLY,
  openat,
  POSIX_FADV_DONTNEED,
  pread,
  pwrite,
  S_IFMT,
  S_IFREG,
} from '../sys/fd.ts';
import { cachestat } from '../sys/mmap.ts';
import { CACHESTAT_SIZE, type Cachestat, readCachestat, readStat, STAT_SIZE, type Stat } from '../sys/structs.ts';
import { check, ENOSYS, EPERM, retryOnEintr, SystemError } from './errors.ts';
import { Fd } from './fd.ts';

export type { Cachestat, Stat };

// filled and read within one call, so that one is enough for a thread
const record = new Uint8Array(Math.max(STAT_SIZE, CACHESTAT_SIZE));

/** What fstat(2) says of an open file. */
export function statOf(fd: number): Stat {
  check(fstat(fd, record), 'fstat', { fd });
  return readStat(record);
}

export class File extends Fd {
  /** As it was opened, if it was opened by path: for messages. */
  declare readonly path?: string;

  /**
   * Opens `path`, relative to the working directory. `flags` and `mode` as in open(2); O_CLOEXEC is always added.
   * `ENOENT`, `EACCES`, `EMFILE`. **Blocks** on a FIFO whose other end is not open, unless `flags` has O_NONBLOCK.
   */
  static open(path: string, flags: Flag<'open'> = O_RDONLY, mode = 0o666): File {
    const raw = retryOnEintr(() => openat(AT_FDCWD, path, flags, mode));
    return File.own(check(raw, 'openat', { path })).#named(path);
  }

  #named(path: string | undefined): this {
    if (path !== undefined) (this as { path?: string }).path = path;
    return this;
  }

  override dup(): this {
    return super.dup().#named(this.path);
  }

  #check(result: number, syscall: string): number {
    if (result >= 0) return result;
    const { fd, path } = this;
    throw new SystemError(-result, syscall, path === undefined ? { fd } : { fd, path });
  }

  /** fstat(2): sizes in bytes, times in nanoseconds since 1970. */
  stat(): Stat {
    return statOf(this.fd);
  }

  /** Bytes. */
  size(): number {
    return this.stat().size;
  }

  /** Whether this is a regular file: not a directory, a FIFO, a device. */
  isRegular(): boolean {
    return (this.stat().mode & S_IFMT) === S_IFREG;
  }

  /** Reads up to `count` bytes of the file from `offset` on, into `buf` from byte `start` on. 0 at the end. pread(2). */
  pread(buf: Memory, offset: Offset, count?: number, start?: number): number {
    const { fd } = this;
    return this.#check(
      retryOnEintr(() => pread(fd, buf, count, offset, start)),
      'pread64',
    );
  }

  /**
   * Writes up to `count` bytes of `buf` from byte `start` on, into the file from `offset` on; how many is the answer.
   * On a file opened with O_APPEND they go to its end, wherever `offset` is. `ENOSPC`, `EFBIG`. pwrite(2).
   */
  pwrite(buf: Memory, offset: Offset, count?: number, start?: number): number {
    const { fd } = this;
    return this.#check(
      retryOnEintr(() => pwrite(fd, buf, count, offset, start)),
      'pwrite64',
    );
  }

  /** Cuts or extends (with a hole) to `length` bytes. ftruncate(2). */
  truncate(length: Offset): void {
    const { fd } = this;
    this.#check(
      retryOnEintr(() => ftruncate(fd, length)),
      'ftruncate',
    );
  }

  /** Tells the kernel how the range will be read; `length` 0 is up to the end. posix_fadvise(2). */
  fadvise(offset: Offset, length: Offset, advice: Flag<'fadvise'>): void {
    this.#check(fadvise(this.fd, offset, length, advice), 'fadvise64');
  }

  /** **Blocks** until what was written is on the disk. fdatasync(2). */
  datasync(): void {
    const { fd } = this;
    this.#check(
      retryOnEintr(() => fdatasync(fd)),
      'fdatasync',
    );
  }

  /**
   * Asks the kernel to forget the file's pages, so that the next read comes from the disk. **Blocks**: dirty pages are
   * written first, since they would stay. A request: pages that are mapped or in use stay, and so does all of tmpfs.
   */
  dropCache(): void {
    this.datasync();
    this.fadvise(0, 0, POSIX_FADV_DONTNEED);
  }

  /**
   * How many of its pages are in the page cache, dirty, and so on; `undefined` where the kernel does not tell: before Linux
   * 6.5, and of a file that this user neither owns nor may write. cachestat(2).
   */
  cached(): Cachestat | undefined {
    const result = cachestat(this.fd, 0, 0, record, 0);
    if (result === -ENOSYS || result === -EPERM) return undefined;
    this.#check(result, 'cachestat');
    return readCachestat(record);
  }
}

/**
 * A file: reads and writes at explicit offsets, never at the descriptor's own position, which all its duplicates share.
 * See `docs/io/file.md`.
 */
import { constant, type Flag, layout, type Memory, native, type Offset, offsetOf } from '../native.ts';
import { check, retryOnEintr, SystemError } from './errors.ts';
import { Fd } from './fd.ts';

const { sys } = native;

const AT_FDCWD = constant('AT_FDCWD');
const O_RDONLY = constant<'open'>('O_RDONLY');
const POSIX_FADV_DONTNEED = constant<'fadvise'>('POSIX_FADV_DONTNEED');
const S_IFMT = constant('S_IFMT');
const S_IFREG = constant('S_IFREG');

const statLayout = layout('stat');
const at = (field: string): number => offsetOf(statLayout, field);
// filled and read within one call, so one is enough for a thread
const statbuf = new DataView(new ArrayBuffer(statLayout.size));
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** What fstat(2) says. */
export interface Stat {
  readonly dev: bigint;
  readonly ino: bigint;
  /** Type and permissions; `mode & S_IFMT` is the type. */
  readonly mode: number;
  readonly isFile: boolean;
  /** Bytes. */
  readonly size: number;
  /** Bytes that the file takes on its disk: less than {@link size} when it is sparse. */
  readonly allocated: number;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
  readonly ctime: bigint;
}

function u64(offset: number): bigint {
  return statbuf.getBigUint64(offset, LITTLE_ENDIAN);
}

function nanoseconds(offset: number): bigint {
  return statbuf.getBigInt64(offset, LITTLE_ENDIAN) * 1_000_000_000n + statbuf.getBigInt64(offset + 8, LITTLE_ENDIAN);
}

/** Bytes in the file that `fd` stands for. fstat(2). */
export function fileSize(fd: number): number {
  check(sys.fstat(fd, statbuf), 'fstat', { fd });
  return Number(statbuf.getBigInt64(at('st_size'), LITTLE_ENDIAN));
}

export class File extends Fd {
  /** As it was opened, if it was opened by path: for messages. */
  declare readonly path?: string;

  /**
   * Opens `path`, relative to the working directory. `flags` and `mode` as in open(2); O_CLOEXEC is always added.
   * `ENOENT`, `EACCES`, `EMFILE`. **Blocks** on a FIFO whose other end is not open, unless `flags` has O_NONBLOCK.
   */
  static open(path: string, flags: Flag<'open'> = O_RDONLY, mode = 0o666): File {
    const raw = retryOnEintr(() => sys.openat(AT_FDCWD, path, flags, mode));
    const file = File.own(check(raw, 'openat', { path }));
    (file as { path?: string }).path = path;
    return file;
  }

  #check(result: number, syscall: string): number {
    if (result >= 0) return result;
    const { fd, path } = this;
    throw new SystemError(-result, syscall, path === undefined ? { fd } : { fd, path });
  }

  #fstat(): void {
    this.#check(sys.fstat(this.fd, statbuf), 'fstat');
  }

  /** Bytes. */
  size(): number {
    return fileSize(this.fd);
  }

  /** fstat(2). */
  stat(): Stat {
    this.#fstat();
    const mode = statbuf.getUint32(at('st_mode'), LITTLE_ENDIAN);
    return {
      dev: u64(at('st_dev')),
      ino: u64(at('st_ino')),
      mode,
      isFile: (mode & S_IFMT) === S_IFREG,
      size: Number(statbuf.getBigInt64(at('st_size'), LITTLE_ENDIAN)),
      allocated: Number(u64(at('st_blocks'))) * 512,
      mtime: nanoseconds(at('st_mtim')),
      ctime: nanoseconds(at('st_ctim')),
    };
  }

  /** Reads up to `count` bytes of the file from `offset` on, into `buf` from byte `start` on. 0 at the end. pread(2). */
  pread(buf: Memory, offset: Offset, count?: number, start?: number): number {
    const { fd } = this;
    return this.#check(
      retryOnEintr(() => sys.pread(fd, buf, count, offset, start)),
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
      retryOnEintr(() => sys.pwrite(fd, buf, count, offset, start)),
      'pwrite64',
    );
  }

  /** Cuts or extends (with a hole) to `length` bytes. ftruncate(2). */
  truncate(length: Offset): void {
    const { fd } = this;
    this.#check(
      retryOnEintr(() => sys.ftruncate(fd, length)),
      'ftruncate',
    );
  }

  /** Tells the kernel how the range will be read; `length` 0 is up to the end. posix_fadvise(2). */
  fadvise(offset: Offset, length: Offset, advice: Flag<'fadvise'>): void {
    this.#check(sys.fadvise(this.fd, offset, length, advice), 'fadvise64');
  }

  /** **Blocks** until what was written is on the disk. fdatasync(2). */
  datasync(): void {
    const { fd } = this;
    this.#check(
      retryOnEintr(() => sys.fdatasync(fd)),
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
}

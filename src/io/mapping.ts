/**
 * Memory that a file (or nothing) is mapped into. By default its bytes are copied in and out by the kernel, which turns
 * every way of losing the file under the mapping into an error; {@link Mapping.view} is the opt-in for the memory itself.
 * See `docs/io/mapping.md`.
 */
import { constants } from 'node:os';
import { type Address, type Flag, native, type View } from '../native.ts';
import {
  MAP_ANONYMOUS,
  MAP_NORESERVE,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
  MS_SYNC,
  madvise,
  mincore,
  mlock,
  msync,
  PAGE_SIZE,
  PROT_READ,
  PROT_WRITE,
  processVmReadv,
  processVmWritev,
} from '../sys/mmap.ts';
import { budget, map, mapHint, refuseRange } from './budget.ts';
import { check, EINVAL, EPERM, SystemError } from './errors.ts';
import type { Fd } from './fd.ts';
import { statOf } from './file.ts';
import { unwatchLeak, watchLeak } from './leaks.ts';

export { PAGE_SIZE };

const { runtime } = native;
const { EACCES, EFAULT } = constants.errno;

export interface FileMappingOptions {
  /** First byte; a multiple of {@link PAGE_SIZE}. 0 if left out. */
  offset?: number;
  /** Bytes; up to the end of the file if left out. */
  length?: number;
  /** Writes reach the file, which must be open for reading and writing. */
  write?: boolean;
  /** Reads the pages in at once (MAP_POPULATE), instead of at the first access to each. */
  populate?: boolean;
}

/** A range of memory, made by {@link Mapping.file} or {@link Mapping.anonymous}, that its owner closes. */
export class Mapping {
  #address: Address;
  readonly length: number;
  /** Whether {@link write} is allowed. */
  readonly writable: boolean;
  #mode: 'view' | 'copy' = 'view';
  #view: ArrayBuffer | undefined;
  readonly #private: boolean;

  private constructor(address: Address, length: number, writable: boolean, anonymous: boolean) {
    this.#address = address;
    this.length = length;
    this.writable = writable;
    this.#private = anonymous;
    budget.bytes += length;
    budget.count++;
    if (anonymous) runtime.account(length);
    watchLeak(this, 'Mapping', `${length} bytes`);
  }

  /**
   * Maps a range of a file: readable, or with `write` shared with it. `EACCES`, `ENODEV`, `ENOMEM`; `ERR_OUT_OF_RANGE` for
   * an unaligned offset and an empty file. The file may be closed afterwards. mmap(2).
   */
  static file(file: Fd | number, options: FileMappingOptions = {}): Mapping {
    const fd = typeof file === 'number' ? file : file.fd;
    const { offset = 0, write = false, populate = false } = options;
    const length = options.length ?? statOf(fd).size - offset;
    // Private for reading: the same pages of the page cache, but view() can make them writable without reaching the file.
    // Without reserve, since those writes are rare.
    const prot = write ? PROT_READ | PROT_WRITE : PROT_READ;
    const flags = (write ? MAP_SHARED : MAP_PRIVATE | MAP_NORESERVE) | (populate ? MAP_POPULATE : 0);
    return new Mapping(map(length, prot, flags, fd, offset), length, write, false);
  }

  /** Zeroed private memory, page-aligned: what vmsplice(2) and O_DIRECT want. `ENOMEM`. mmap(2). */
  static anonymous(length: number): Mapping {
    return new Mapping(map(length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), length, true, true);
  }

  /** How many bytes this thread may have mapped at once: 1 TiB unless set. Beyond it `ERR_MAPPING_LIMIT`. */
  static get byteLimit(): number {
    return budget.byteLimit;
  }

  static set byteLimit(bytes: number) {
    if (!(bytes >= 0)) refuseRange('byteLimit', bytes, 'a number of bytes of at least 0');
    budget.byteLimit = bytes;
  }

  /** How much of this thread's memory is in mappings that are not closed. */
  static get mapped(): Readonly<{ bytes: number; count: number }> {
    return { bytes: budget.bytes, count: budget.count };
  }

  /**
   * Where it is, for a raw call that is made right now. `ERR_MAPPING_CLOSED`; `ERR_MAPPING_TRUNCATED` if an access through
   * {@link view} has run past the end of the file, and read zeros there.
   */
  get address(): Address {
    if (this.#address === 0) {
      const text = `this Mapping of ${this.length} bytes is closed`;
      throw new SystemError(EINVAL, 'address', { code: 'ERR_MAPPING_CLOSED', text });
    }
    // what the kernel itself finds while it copies is answered there, as EFAULT
    if (this.truncated) this.#refuseTruncated('view');
    return this.#address;
  }

  /** What {@link view} answers: the memory itself, or (where this runtime forbids that) a copy. */
  get mode(): 'view' | 'copy' {
    return this.#mode;
  }

  get closed(): boolean {
    return this.#address === 0;
  }

  /** Whether an access through {@link view} found that the file had been cut short. It stays so. */
  get truncated(): boolean {
    return this.#view !== undefined && this.#address !== 0 && runtime.truncated(this.#address) === 1;
  }

  #refuseTruncated(syscall: string): never {
    const text = 'the file ends before its mapping does: it was truncated, or could not be read';
    const hint = 'what was read from it may be zeros; map it again';
    throw new SystemError(EFAULT, syscall, { code: 'ERR_MAPPING_TRUNCATED', text, hint });
  }

  /** How many bytes from `offset` on are asked for, after checking that they lie in the mapping. */
  #range(offset: number, buffer: View, count: number | undefined, at: number): number {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > this.length)
      refuseRange('offset', offset, `an integer of 0 to ${this.length}, the mapping's length`);
    if (!Number.isSafeInteger(at) || at < 0 || at > buffer.byteLength)
      refuseRange('at', at, `an integer of 0 to ${buffer.byteLength}, the buffer's length`);
    const room = Math.min(this.length - offset, buffer.byteLength - at);
    if (count === undefined) return room;
    if (!Number.isSafeInteger(count) || count < 0 || count > room)
      refuseRange('count', count, `an integer of 0 to ${room}: what is left of the mapping and of the buffer`);
    return count;
  }

  #copy(result: number, syscall: string): number {
    if (result === -EFAULT) this.#refuseTruncated(syscall);
    if (result === -EPERM) check(result, syscall, { hint: 'a seccomp filter forbids it: pread() the file instead' });
    return check(result, syscall);
  }

  /**
   * Copies up to `count` bytes from `offset` on into `into`, from its byte `at` on: how many. Short, or
   * `ERR_MAPPING_TRUNCATED` if there are none, where the file ends before the mapping; in the page in which it ends, the
   * rest reads as zeros. process_vm_readv(2).
   */
  read(offset: number, into: View, count?: number, at = 0): number {
    const { address } = this;
    const bytes = this.#range(offset, into, count, at);
    if (bytes === 0) return 0;
    return this.#copy(processVmReadv(address + offset, bytes, into, at), 'process_vm_readv');
  }

  /**
   * Copies `count` bytes of `from`, from its byte `at` on, to `offset`: how many. As {@link read} for a file that was cut
   * short. `EACCES` unless {@link writable}. process_vm_writev(2).
   */
  write(offset: number, from: View, count?: number, at = 0): number {
    const { address } = this;
    const bytes = this.#range(offset, from, count, at);
    if (!this.writable) check(-EACCES, 'process_vm_writev', { hint: 'map the file with write: true' });
    if (bytes === 0) return 0;
    return this.#copy(processVmWritev(address + offset, bytes, from, at), 'process_vm_writev');
  }

  /**
   * The memory itself, without a copy. **Unsafe**: what the file's other users do shows at once, and past the end of a
   * file that is cut short it reads zeros, which only the next call on this object reports (`ERR_MAPPING_TRUNCATED`).
   * Writes stay in this process unless {@link writable}. Detached by {@link close}; do not close while other native code
   * (`fs.read`, `zlib`) is still working on it.
   *
   * Where the runtime forbids foreign memory (Electron), {@link mode} becomes `copy`: the bytes as of the first call.
   */
  view(): ArrayBuffer {
    const { address } = this;
    if (this.#view !== undefined && this.#mode === 'copy') return this.#view;
    let view = runtime.view(address, this.length);
    if (typeof view === 'number') throw new SystemError(-view, 'mprotect', { hint: mapHint(-view) });
    if (view === null) {
      this.#mode = 'copy';
      view = new ArrayBuffer(this.length);
      if (this.read(0, new Uint8Array(view)) < this.length) this.#refuseTruncated('process_vm_readv');
    }
    this.#view = view;
    return view;
  }

  /**
   * **Blocks** until what was written is in the file and on its disk. In {@link mode} `copy` this is also what carries the
   * bytes written to {@link view} into the mapping. msync(2), MS_SYNC.
   */
  sync(): void {
    const { address } = this;
    if (this.#mode === 'copy' && this.writable && this.#view !== undefined) this.write(0, new Uint8Array(this.#view));
    check(msync(address, this.length, MS_SYNC), 'msync');
  }

  /** Tells the kernel how the memory will be used. `EINVAL` for advice that could do harm. madvise(2). */
  advise(advice: Flag<'madvise'>): void {
    check(madvise(this.address, this.length, advice), 'madvise');
  }

  /**
   * How many of its pages are in memory. The kernel tells this only of files that the user owns or may write; of others
   * it says that all are (since Linux 5.2). mincore(2).
   */
  resident(): number {
    const pages = new Uint8Array(Math.ceil(this.length / PAGE_SIZE));
    check(mincore(this.address, this.length, pages), 'mincore');
    return pages.reduce((sum, page) => sum + (page & 1), 0);
  }

  /** Reads all its pages in and keeps them, until {@link close}. `ENOMEM` beyond RLIMIT_MEMLOCK. mlock(2). */
  lock(): void {
    const hint = 'RLIMIT_MEMLOCK (ulimit -l) is too low, or the file ends before its mapping does';
    const result = mlock(this.address, this.length);
    if (result < 0) check(result, 'mlock', { hint: -result === EINVAL ? undefined : hint });
  }

  /**
   * Detaches the view, and gives the memory back; a second close() does nothing. If the view was transferred away its
   * address range stays reserved, filled with zeros, because somebody may still read it. munmap(2).
   */
  close(): void {
    if (this.#address === 0) return;
    check(runtime.unmap(this.#address), 'munmap');
    this.#address = 0;
    budget.bytes -= this.length;
    budget.count--;
    if (this.#private) runtime.account(-this.length);
    unwatchLeak(this);
    // a copy ends like the memory would
    if (this.#mode === 'copy' && this.#view !== undefined) structuredClone(this.#view, { transfer: [this.#view] });
    this.#view = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

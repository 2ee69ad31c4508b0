/**
 * A path is one way to get the bytes of a file into a socket. This is the contract that all of them keep; the bench, the
 * verifier and the server drive them through it, so that they run the same code.
 */
import type { SystemError } from '../io/errors.ts';

export type PathName = 'null' | 'read-write' | 'mmap-write' | 'sendfile' | 'splice' | 'vmsplice';

/** The bytes `offset` to `offset + length` of an open file. The descriptor stays the caller's; its position is not used. */
export interface FileRange {
  readonly fd: number;
  /** Bytes; a safe integer. */
  readonly offset: number;
  /** Bytes; a safe integer. Never exceeded, however much the file grows meanwhile. */
  readonly length: number;
}

export interface PathOptions {
  /** The most that one {@link Transfer.step} takes from the file, in bytes: 1 to 0x7ffff000. Default 65,536. */
  readonly chunk?: number;
  /**
   * `splice` and `vmsplice`: capacity asked of the pipe, in bytes. Default: room for a chunk, if that is more than the
   * kernel's own default of 16 pages. A pipe that comes out smaller (`fs.pipe-max-size`) costs more calls, nothing else.
   */
  readonly pipeCapacity?: number;
  /** `mmap-write`: how much of the file is mapped at a time, in bytes, rounded up to pages. Default 64 MiB. */
  readonly window?: number;
  /** `mmap-write`: map with MAP_POPULATE: one long call in place of a fault for each 64 KiB. Default false. */
  readonly populate?: boolean;
}

/** Where bytes rest between the file and the socket. Whoever verifies a path must be able to look there, and to write. */
export type Intermediate =
  | { readonly kind: 'memory'; readonly address: number; readonly length: number }
  | { readonly kind: 'mapping'; readonly address: number; readonly length: number; readonly offset: number }
  | { readonly kind: 'pipe'; readonly readEnd: number; readonly writeEnd: number };

export interface Transfer {
  /**
   * One turn: takes at most a chunk from the file if nothing is left over, then offers what there is to the socket once.
   *
   * - `> 0`: bytes that went into the socket in this turn. Call again.
   * - `0`: the whole range was delivered.
   * - `-EAGAIN`: the socket is O_NONBLOCK and full. Call again when it is writable.
   * - `-EINTR`: a signal arrived first. Call again. Nothing is retried in here: in a lab a call that was made twice must
   *   be seen twice.
   * - `-ENODATA`: the file ended before the range did; `error.code` is `ERR_SOURCE_SHRANK`. Close the connection: its
   *   peer was promised more.
   * - another `-errno`: `error` says what failed. The counts are exact then, too.
   *
   * On a blocking socket a turn blocks the calling thread until the peer makes room. A page-cache miss always blocks:
   * O_NONBLOCK has no meaning for regular files.
   */
  step(): number;
  /** Bytes taken from the file. */
  readonly taken: number;
  /** Bytes that the socket accepted. What came out of the file in order, without a gap: a prefix of the range. */
  readonly delivered: number;
  /** `taken - delivered`: still in a buffer or pipe. Lost when the transfer is closed, so restart at `delivered`. */
  readonly left: number;
  /** System calls made so far, by this transfer's own count, setting up and closing included. */
  readonly calls: number;
  /** What the latest step that failed ran into; never for `-EAGAIN` and `-EINTR`. */
  readonly error?: SystemError | undefined;
  readonly buffers: readonly Intermediate[];
  /** Gives back pipe and memory, and what is left in them. The file and the socket stay open: they are the caller's. */
  close(): void;
  [Symbol.dispose](): void;
}

export interface Path {
  readonly name: PathName;
  /**
   * Prepares a transfer; moves nothing yet. Throws TypeError or RangeError for a bad argument, SystemError if the kernel
   * grants no pipe or memory; nothing is left open then.
   */
  start(file: FileRange, socket: number, options?: PathOptions): Transfer;
}

/** What {@link Transfer.step} answers, negated, when the file ended before the range did. */
export const SOURCE_SHRANK = 'ERR_SOURCE_SHRANK';
export const DEFAULT_CHUNK = 65_536;

/** What every transfer keeps: the range, the account of its bytes and calls, and how it fails. */
import { constants as os } from 'node:os';
import { EAGAIN, EBADF, EINTR, ENOMEM, SystemError } from '../io/errors.ts';
import { MAX_RW_COUNT } from '../sys/sendfile.ts';
import { explain } from './hints.ts';
import {
  DEFAULT_CHUNK,
  type FileRange,
  type Intermediate,
  type PathOptions,
  SOURCE_SHRANK,
  type Transfer,
} from './path.ts';

const { EIO, ENODATA } = os.errno;

export abstract class Ledger implements Transfer {
  taken = 0;
  delivered = 0;
  calls = 0;
  error: SystemError | undefined = undefined;
  protected readonly fd: number;
  protected readonly socket: number;
  protected readonly offset: number;
  protected readonly length: number;
  protected readonly chunk: number;
  protected closed = false;

  constructor(file: FileRange, socket: number, options: PathOptions) {
    this.fd = integer('file.fd', file.fd, 0, 0x7fffffff);
    this.socket = integer('socket', socket, 0, 0x7fffffff);
    this.offset = integer('file.offset', file.offset, 0, Number.MAX_SAFE_INTEGER);
    this.length = integer('file.length', file.length, 0, Number.MAX_SAFE_INTEGER - this.offset);
    this.chunk = integer('chunk', options.chunk ?? DEFAULT_CHUNK, 1, MAX_RW_COUNT);
  }

  abstract step(): number;
  /** Gives back what this path owns; called once. */
  protected abstract release(): void;
  abstract get buffers(): readonly Intermediate[];

  get left(): number {
    return this.taken - this.delivered;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Answers `result`, which is negative, and keeps an account of it unless it is one of the two that are expected. */
  protected failed(result: number, syscall: string): number {
    if (result === -EAGAIN || result === -EINTR) return result;
    const hint = explain(this, -result, syscall, this.fd, this.socket);
    this.error = new SystemError(-result, syscall, { hint });
    return result;
  }

  /** As {@link failed}, for what an owned thing threw. */
  protected refused(error: unknown): number {
    if (!(error instanceof SystemError)) throw error;
    // mmap(2) says EAGAIN for too much locked memory; a step may say it of the socket only
    this.error =
      error.errno === EAGAIN ? new SystemError(ENOMEM, error.syscall, { hint: 'see RLIMIT_MEMLOCK' }) : error;
    return -this.error.errno;
  }

  /** The file has ended; the range has not. */
  protected shrank(syscall: string, size = this.offset + this.taken): number {
    const end = this.offset + this.length;
    this.error = new SystemError(ENODATA, syscall, {
      code: SOURCE_SHRANK,
      text: `the file ends at ${size}, before the range that ends at ${end}`,
      hint: 'close the connection: its peer was promised more',
    });
    return -ENODATA;
  }

  /** A call that must make progress or fail did neither: going on might never end. */
  protected stuck(syscall: string): number {
    this.error = new SystemError(EIO, syscall, { text: `0 bytes were moved with ${this.left} left to move` });
    return -EIO;
  }

  protected afterClose(): number {
    this.error = new SystemError(EBADF, 'step', {
      code: 'EBADF_CLOSED',
      text: 'this transfer is closed',
      hint: 'start another one for what was not delivered',
    });
    return -EBADF;
  }
}

export function integer(name: string, value: number, low: number, high: number): number {
  if (typeof value !== 'number') {
    throw Object.assign(new TypeError(`${name} must be an integer, got ${typeof value}`), {
      code: 'ERR_INVALID_ARG_TYPE',
    });
  }
  if (!Number.isInteger(value) || value < low || value > high || Object.is(value, -0)) {
    throw Object.assign(new RangeError(`${name} must be an integer of ${low} to ${high}, got ${value}`), {
      code: 'ERR_OUT_OF_RANGE',
    });
  }
  return value;
}

/**
 * A pipe with both its ends. What was spliced in and not yet out is the {@link Pipe.residue}: a pipe that holds any must
 * not be used for something else. See `docs/io/pipe.md`.
 */
import { constants } from 'node:os';
import { F_GETPIPE_SZ, F_SETPIPE_SZ, fcntl, fionread, O_NONBLOCK } from '../sys/fd.ts';
import { pipe2 } from '../sys/pipe.ts';
import { check, EPERM } from './errors.ts';
import { Fd } from './fd.ts';

const { EBUSY } = constants.errno;

export interface PipeOptions {
  /** Bytes; rounded up by the kernel to a power of two pages. 65,536 if left out. */
  capacity?: number;
  /** Full and empty answer "would block" instead of waiting. On if left out: a wait would stop Node's loop. */
  nonblock?: boolean;
}

function capacityHint(errno: number): string | undefined {
  if (errno === EPERM)
    return 'above /proc/sys/fs/pipe-max-size only CAP_SYS_RESOURCE may go, or this user has too many pipe pages already';
  if (errno === EBUSY) return 'the pipe holds more than that now: read it empty first';
  return undefined;
}

export class Pipe {
  readonly readEnd: Fd;
  readonly writeEnd: Fd;

  private constructor(readEnd: Fd, writeEnd: Fd) {
    this.readEnd = readEnd;
    this.writeEnd = writeEnd;
  }

  /** pipe2(2), then fcntl(2) F_SETPIPE_SZ if a capacity is asked for. `EMFILE`, `EPERM`. */
  static open(options: PipeOptions = {}): Pipe {
    const ends = new Int32Array(2);
    check(pipe2(ends, (options.nonblock ?? true) ? O_NONBLOCK : 0), 'pipe2');
    const pipe = new Pipe(Fd.own(ends[0] as number), Fd.own(ends[1] as number));
    try {
      if (options.capacity !== undefined) pipe.setCapacity(options.capacity);
    } catch (error) {
      pipe.close();
      throw error;
    }
    return pipe;
  }

  /** How many bytes fit in, if whole pages are put in: data in smaller pieces fills it earlier. fcntl(2), F_GETPIPE_SZ. */
  get capacity(): number {
    const { fd } = this.#open;
    return check(fcntl(fd, F_GETPIPE_SZ, 0), 'fcntl', { fd });
  }

  /**
   * Asks for room for `bytes`; answers how many there are now, a power of two pages. `EPERM` beyond the user's limit,
   * `EBUSY` if more than that is in the pipe. fcntl(2), F_SETPIPE_SZ; since Linux 2.6.35.
   */
  setCapacity(bytes: number): number {
    const { fd } = this.#open;
    const result = fcntl(fd, F_SETPIPE_SZ, bytes);
    return result >= 0 ? result : check(result, 'fcntl', { fd, hint: capacityHint(-result) });
  }

  /** Bytes in the pipe: put in, not yet taken out. ioctl(2), FIONREAD. */
  residue(): number {
    const { fd } = this.#open;
    return check(fionread(fd), 'ioctl', { fd });
  }

  /** Either end answers for the pipe. */
  get #open(): Fd {
    return this.readEnd.closed ? this.writeEnd : this.readEnd;
  }

  get closed(): boolean {
    return this.readEnd.closed && this.writeEnd.closed;
  }

  /** Closes the ends that are still open. What was in the pipe is lost. */
  close(): void {
    try {
      this.writeEnd.close();
    } finally {
      this.readEnd.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** What `splice` and `vmsplice` share: a pipe of their own, and what is left in it. */
import { SystemError } from '../io/errors.ts';
import { Pipe } from '../io/pipe.ts';
import { SPLICE_F_MORE, SPLICE_F_MOVE, SPLICE_F_NONBLOCK, spliceAt } from '../sys/pipe.ts';
import { MAX_RW_COUNT } from '../sys/sendfile.ts';
import type { FileRange, Intermediate, PathOptions } from './path.ts';
import { integer, Ledger } from './transfer.ts';

// NONBLOCK is about the pipe only: whether the socket's end waits is for its own O_NONBLOCK to say
const LAST = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
const MORE = LAST | SPLICE_F_MORE;
const DEFAULT_CAPACITY = 65_536;

/**
 * The pipe belongs to one transfer and dies with it. What a broken connection leaves in a pipe would be sent to whoever
 * got the pipe next, so there is no pool: two calls to make one and two to close it are the price.
 */
export abstract class Piped extends Ledger {
  readonly #pipe: Pipe | undefined;
  protected readonly readEnd: number = -1;
  protected readonly writeEnd: number = -1;
  /** Bytes in the pipe; FIONREAD would say the same. */
  protected inPipe = 0;

  constructor(file: FileRange, socket: number, options: PathOptions) {
    super(file, socket, options);
    const wanted = Math.min(this.chunk, Math.max(this.length, 1));
    const capacity = integer(
      'pipeCapacity',
      options.pipeCapacity ?? Math.max(wanted, DEFAULT_CAPACITY),
      1,
      MAX_RW_COUNT,
    );
    if (this.length === 0) return;
    this.calls++;
    const pipe = Pipe.open();
    this.#pipe = pipe;
    this.readEnd = pipe.readEnd.fd;
    this.writeEnd = pipe.writeEnd.fd;
    if (capacity !== DEFAULT_CAPACITY) this.#resize(pipe, capacity);
  }

  #resize(pipe: Pipe, capacity: number): void {
    this.calls++;
    try {
      pipe.setCapacity(capacity);
    } catch (error) {
      // beyond this user's limits it stays as it is, and a chunk takes more turns
      if (!(error instanceof SystemError)) throw error;
    }
  }

  /** Offers the pipe's content to the socket once. */
  protected drain(): number {
    const flags = this.taken < this.length ? MORE : LAST;
    this.calls++;
    const n = spliceAt(this.readEnd, -1, this.socket, this.inPipe, flags);
    if (n <= 0) return n === 0 ? this.stuck('splice') : this.failed(n, 'splice');
    this.inPipe -= n;
    this.delivered += n;
    return n;
  }

  get buffers(): readonly Intermediate[] {
    return this.#pipe === undefined ? [] : [{ kind: 'pipe', readEnd: this.readEnd, writeEnd: this.writeEnd }];
  }

  protected release(): void {
    if (this.#pipe === undefined) return;
    this.calls += 2;
    this.#pipe.close();
  }
}

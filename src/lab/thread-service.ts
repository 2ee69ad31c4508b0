/**
 * A service with a thread for each connection, in C++: what servers were before select, and what the claims about blocking
 * I/O and the reactor's comparison stand against. See native/pump/threads.cc.
 */
import { check } from '../io/errors.ts';
import type { Listener } from '../io/listener.ts';
import { native } from '../native.ts';

const { pump } = native;

export interface ThreadServiceOptions {
  /** Answers every read with the same bytes; otherwise it throws them away. Default true. */
  readonly echo?: boolean;
  /** How many connections are served at a time; the next ones wait in the listener's queue. Default 0: any number. */
  readonly most?: number;
  /** Bytes of each thread's stack, 65,536 to 2^30. Default 0: libc's default, which is RLIMIT_STACK, mostly 8 MiB. */
  readonly stack?: number;
}

export interface ThreadServiceStats {
  readonly accepted: number;
  /** Threads that serve a connection now: one each. The thread that accepts is not among them. */
  readonly live: number;
  /** Connections that were closed because no thread could be started. */
  readonly refused: number;
  /** read(2)s that brought something. */
  readonly reads: number;
  readonly bytes: number;
}

export class ThreadService {
  #id: number;
  readonly #stats = new BigUint64Array(5);

  /**
   * Serves what `listener` accepts from now on, on a descriptor of its own. `EINVAL` (a stack size that cannot be), `EAGAIN`
   * (no thread could be started).
   */
  constructor(listener: Listener, options: ThreadServiceOptions = {}) {
    const { echo = true, most = 0, stack = 0 } = options;
    this.#id = check(pump.threadsStart(listener.fd, echo ? 1 : 0, most, stack), 'pthread_create', { fd: listener.fd });
  }

  stats(): ThreadServiceStats {
    check(pump.threadsStats(this.#id, this.#stats), 'threadsStats');
    const [accepted = 0, live = 0, refused = 0, reads = 0, bytes = 0] = Array.from(this.#stats, Number);
    return { accepted, live, refused, reads, bytes };
  }

  /** Closes its connections and **waits** until all its threads have ended; a second close() does nothing. */
  close(): void {
    if (this.#id === 0) return;
    pump.threadsStop(this.#id);
    this.#id = 0;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

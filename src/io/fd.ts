/**
 * A descriptor and its one owner. The number is only ever used while the object that owns it is open: a stale number
 * could be somebody else's file by now. See `docs/io/fd.md`.
 */
import { type Flag, type Memory, native } from '../native.ts';
import { close, F_DUPFD_CLOEXEC, F_GETFL, F_SETFL, fcntl, O_NONBLOCK, read, write } from '../sys/fd.ts';
import { check, checkReady, EBADF, EINTR, retryOnEintr, SystemError } from './errors.ts';
import { unwatchLeak, watchLeak } from './leaks.ts';

const { runtime } = native;

/** Which owner each descriptor of this thread has, so that a second one is refused. */
const owners = new Map<number, number>();
let generations = 0;

function refuse(fd: number, why: string, hint: string): never {
  throw new SystemError(EBADF, 'adopt', { code: 'ERR_FOREIGN_FD', text: `descriptor ${fd} ${why}`, fd, hint });
}

function refuseOwned(raw: number): void {
  const generation = owners.get(raw);
  if (generation !== undefined)
    refuse(raw, `has an owner already (generation ${generation})`, 'use that one, or dup() it, or release() it first');
}

/** What a subclass needs for its static `own` and `adoptRawFd` to answer the subclass. */
type Made<T> = new (raw: number) => T;

export class Fd {
  #fd: number;
  /** Tells this owner of its number from earlier and later ones: counts up in each thread, and never repeats. */
  readonly generation: number;
  #departures: Set<() => void> | undefined;

  /** Becomes the owner of a descriptor that iolab's calls made in this thread. Use {@link Fd.own}. */
  constructor(raw: number) {
    if (runtime.owns(raw) !== 1)
      refuse(raw, 'was not made by iolab in this thread', 'adoptRawFd(fd, { unsafe: true }) takes it over');
    refuseOwned(raw);
    this.#fd = raw;
    this.generation = ++generations;
    owners.set(raw, this.generation);
    watchLeak(this, new.target.name, `fd ${raw}`);
  }

  /**
   * Becomes the owner of a descriptor that a call of `sys` has just made in this thread.
   * `ERR_FOREIGN_FD` for any other, and for one that has an owner.
   */
  static own<T extends Fd>(this: Made<T>, raw: number): T {
    return new this(raw);
  }

  /**
   * Becomes the owner of a descriptor that somebody else opened, and that nobody else will close. Without
   * `unsafe: true` only descriptors made by iolab's calls in this thread are taken; Node's own (its epoll, eventfds and
   * pipes) never are, since the process dies when they are closed. `ERR_FOREIGN_FD`.
   *
   * To use a descriptor that something else goes on using, adopt a duplicate of it.
   */
  static adoptRawFd<T extends Fd>(this: Made<T>, raw: number, options: { unsafe?: boolean } = {}): T {
    if (runtime.guards(raw) === 1)
      refuse(raw, "belongs to Node's event loop", `if it is your own, File.open('/proc/self/fd/${raw}') opens it anew`);
    refuseOwned(raw);
    if (runtime.owns(raw) !== 1) {
      if (options.unsafe !== true) {
        const what =
          raw >= 0 && raw <= 2 ? 'is a standard stream of the process' : 'was not made by iolab in this thread';
        refuse(raw, what, 'if nobody else uses or closes it, pass { unsafe: true }');
      }
      // asked before it is taken: a number that is not open would close whatever gets it next
      check(fcntl(raw, F_GETFL, 0), 'fcntl', { fd: raw, hint: 'only an open descriptor can be adopted' });
      runtime.adopt(raw);
    }
    return new this(raw);
  }

  /** The number, for a call that is made right now. Throws `EBADF_CLOSED` after {@link close}, without a system call. */
  get fd(): number {
    if (this.#fd < 0) this.#refuseUse();
    return this.#fd;
  }

  #refuseUse(): never {
    const text = `this ${this.constructor.name} (generation ${this.generation}) is closed`;
    throw new SystemError(EBADF, 'fd', { code: 'EBADF_CLOSED', text });
  }

  get closed(): boolean {
    return this.#fd < 0;
  }

  /** Not the owner any more, whatever a departure throws; `letGo` does with the number what is to be done. */
  #leave(letGo: (raw: number) => void): void {
    const raw = this.fd;
    const departures = this.#departures;
    this.#fd = -1;
    this.#departures = undefined;
    try {
      if (departures) for (const depart of departures) depart();
    } finally {
      owners.delete(raw);
      unwatchLeak(this);
      letGo(raw);
    }
  }

  /**
   * Closes the descriptor, once: a second close() does nothing. Never retried: after close(2) the number is free whatever
   * it answered. Throws what the kernel reports of data written earlier (`EIO`, `ENOSPC`, `EDQUOT`); closed all the same.
   */
  close(): void {
    if (this.#fd < 0) return;
    this.#leave((raw) => {
      const result = close(raw);
      if (result !== -EINTR) check(result, 'close', { fd: raw });
    });
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Has `depart` called when this owner is about to let go of its number, which is still open at that moment: an epoll
   * set must drop a descriptor before close(2), or a duplicate keeps sending its events (hazard 4). Answers how to cancel.
   */
  onDeparture(depart: () => void): () => void {
    this.#departures ??= new Set();
    this.#departures.add(depart);
    return () => this.#departures?.delete(depart);
  }

  /** Gives up ownership without closing: answers the number, which from now on is the caller's to close (or to adopt). */
  release(): number {
    const raw = this.fd;
    this.#leave(runtime.disown);
    return raw;
  }

  /** A second descriptor of the same open file, with an owner of its own. `EMFILE`. fcntl(2), F_DUPFD_CLOEXEC. */
  dup(): this {
    const { fd } = this;
    const copy = check(fcntl(fd, F_DUPFD_CLOEXEC, 0), 'fcntl', { fd });
    return new (this.constructor as Made<this>)(copy);
  }

  /** Up to `count` bytes into `buf` from byte `at` on: how many, 0 at the end, `undefined` if it would block. read(2). */
  read(buf: Memory, count?: number, at?: number): number | undefined {
    const { fd } = this;
    const result = retryOnEintr(() => read(fd, buf, count, at));
    return result >= 0 ? result : checkReady(result, 'read', { fd });
  }

  /** Up to `count` bytes of `buf` from byte `at` on: how many, `undefined` if it would block. `EPIPE`. write(2). */
  write(buf: Memory, count?: number, at?: number): number | undefined {
    const { fd } = this;
    const result = retryOnEintr(() => write(fd, buf, count, at));
    return result >= 0 ? result : checkReady(result, 'write', { fd });
  }

  /** Whether calls answer "would block" instead of waiting. Shared by all duplicates of the open file. fcntl(2), F_SETFL. */
  get nonblocking(): boolean {
    return (this.flags & O_NONBLOCK) !== 0;
  }

  set nonblocking(on: boolean) {
    const { fd, flags } = this;
    check(fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK), 'fcntl', { fd });
  }

  /** The open file's access mode and status flags (`O_APPEND`, `O_NONBLOCK`, ...). fcntl(2), F_GETFL. */
  get flags(): Flag<'open'> {
    const { fd } = this;
    return check(fcntl(fd, F_GETFL, 0), 'fcntl', { fd });
  }
}

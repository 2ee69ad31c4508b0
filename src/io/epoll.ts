/**
 * An epoll set that you own. Events are read in place from a typed array; those of descriptors that were deleted, closed
 * or added anew since are dropped and counted. See `docs/io/epoll.md`.
 */
import { constants } from 'node:os';
import { native } from '../native.ts';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLL_DATA_WORD,
  EPOLL_EVENT_WORDS,
  EPOLLEXCLUSIVE,
  EPOLLONESHOT,
} from '../sys/epoll.ts';
import { type Milliseconds, waitInSlices } from './deadline.ts';
import { check, EBADF, EINTR, SystemError } from './errors.ts';
import { Fd } from './fd.ts';
import { refuseControl } from './hints.ts';
import { type Interest, maskOf } from './interest.ts';
import { type Pending, pending, type WaitOptions } from './pending.ts';
import { type Slot, Slots } from './slots.ts';

const { sys, runtime } = native;
const { ENOENT } = constants.errno;

/** uv_poll's name for "readable", which an epoll descriptor is when one of its own is ready. */
const UV_READABLE = 1;
/** Ghosts in two waits: the first may be the last one. */
const GHOSTS = 2;

export interface EpollOptions {
  /** Room for how many events in one wait. 1024 if left out. */
  maxEvents?: number;
}

export interface EpollEvent<T> {
  readonly fd: number;
  /** `EPOLL*` flags. */
  readonly events: number;
  readonly data: T;
}

export class Epoll<T = unknown> extends Fd {
  /**
   * The records of the last wait, {@link EPOLL_EVENT_WORDS} words each, for loops that count every nanosecond: it knows
   * nothing of deletions since. {@link mask} and {@link data} do.
   */
  readonly events: Uint32Array;
  /** epoll_wait(2), bound to {@link events}; and the same without stale events. */
  readonly #poll: (ms: number) => number;
  readonly #enter: (ms: number) => number;
  readonly #slots = new Slots<T>();
  #count = 0;
  #stale = 0;
  #ghosts = 0;
  #rebuilt = 0;
  #watch = 0;
  #waiting: Pending<number> | undefined;

  /** Becomes the owner of an epoll descriptor that watches nothing yet. Use {@link Epoll.open}. */
  constructor(raw: number, maxEvents = 1024) {
    super(raw);
    let bound: ReturnType<typeof runtime.bindEpollWait>;
    try {
      bound = runtime.bindEpollWait(raw, maxEvents);
    } catch (error) {
      this.close();
      throw error;
    }
    this.events = bound ? new Uint32Array(bound[0]) : new Uint32Array(maxEvents * EPOLL_EVENT_WORDS);
    const poll = bound?.[1] ?? ((ms: number) => sys.epollWait(raw, this.events, maxEvents, ms));
    this.#poll = poll;
    this.#enter = (ms) => {
      const n = poll(ms);
      return n > 0 ? this.#sift(n) : n;
    };
    this.onDeparture(() => this.#abandon());
  }

  /** A set that watches nothing yet. `EMFILE`; RangeError for `maxEvents` outside 1 to 1,048,576. epoll_create1(2). */
  static open<T = unknown>({ maxEvents = 1024 }: EpollOptions = {}): Epoll<T> {
    return new Epoll<T>(check(sys.epollCreate1(0), 'epoll_create1'), maxEvents);
  }

  /** How many descriptors are watched. */
  get size(): number {
    return this.#slots.size;
  }

  /** Events dropped so far, since what they spoke of was gone. */
  get stale(): number {
    return this.#stale;
  }

  /** How often the kernel's set was made anew, to get rid of a descriptor that was closed while a duplicate lived. */
  get rebuilt(): number {
    return this.#rebuilt;
  }

  /**
   * Watches `fd`; `data` comes back with its events. An {@link Fd} is taken out again before it is closed or released; a
   * number is yours to {@link delete} in time. `EEXIST`, `EPERM` (a regular file), `EINVAL`, `ELOOP`, `ENOSPC`.
   */
  add(fd: Fd | number, events: Interest, ...[data]: undefined extends T ? [data?: T] : [data: T]): void {
    const number = typeof fd === 'number' ? fd : fd.fd;
    const slot = this.#slots.take(number, maskOf(events), data as T);
    const result = this.#control(EPOLL_CTL_ADD, slot);
    if (result < 0) {
      this.#slots.drop(slot);
      refuseControl(result, number, this.fd, 'add');
    }
    this.#slots.enter(slot);
    if (typeof fd !== 'number') slot.cancel = fd.onDeparture(() => this.#remove(slot));
  }

  /**
   * Changes what is looked for, or arms a one-shot descriptor again; `data` stays what it was if left out. To or from
   * `exclusive`, which the kernel cannot change, it is deleted and added again. `ENOENT`.
   */
  modify(fd: Fd | number, events: Interest, ...data: [data?: T]): void {
    const number = typeof fd === 'number' ? fd : fd.fd;
    const epfd = this.fd;
    const slot = this.#slots.find(number);
    if (slot === undefined) refuseControl(-ENOENT, number, epfd, 'modify');
    const mask = maskOf(events);
    const exclusive = ((slot.events | mask) & EPOLLEXCLUSIVE) !== 0;
    if (exclusive && slot.held) {
      const deleted = this.#control(EPOLL_CTL_DEL, slot);
      if (deleted < 0) refuseControl(deleted, number, epfd, 'modify');
      slot.held = false;
    }
    const before = slot.events;
    slot.events = mask;
    const result = this.#control(slot.held ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, slot);
    if (result < 0) {
      slot.events = before;
      if (!slot.held) this.#slots.drop(slot);
      refuseControl(result, number, epfd, 'modify');
    }
    slot.held = true;
    slot.armed = true;
    if (data.length > 0) slot.data = data[0] as T;
  }

  /** Watches `fd` no longer. Events of it that were already fetched are dropped. `ENOENT` if it was not watched. */
  delete(fd: Fd | number): void {
    const number = typeof fd === 'number' ? fd : fd.fd;
    const epfd = this.fd;
    const slot = this.#slots.find(number);
    if (slot === undefined) refuseControl(-ENOENT, number, epfd, 'delete');
    this.#remove(slot);
  }

  /** Whether `fd` is watched. */
  has(fd: Fd | number): boolean {
    return this.#slots.find(typeof fd === 'number' ? fd : fd.fd) !== undefined;
  }

  /**
   * Waits until something is ready, for at most `timeout` ms (fractions are rounded up; -1 or nothing: for ever), and
   * answers how many events there are, 0 when the time is up. Allocates nothing.
   *
   * A wait **blocks its thread**: on the main thread only a timeout of 0 is allowed (`ERR_BLOCKS_MAIN_THREAD`). In a Worker
   * it is made of slices of 25 ms, so that terminate() works, and goes on after a signal. epoll_wait(2).
   */
  wait(timeout?: Milliseconds): number {
    const { fd } = this;
    let n: number;
    if (timeout === 0) {
      // the price of a call that has nothing to tell is the price of asking: straight to the kernel
      n = this.#poll(timeout);
      if (n === 0) {
        this.#count = 0;
        return 0;
      }
      if (n > 0) n = this.#sift(n);
      else if (n === -EINTR) n = waitInSlices(0, this.#enter, 'epoll_wait', '');
    } else {
      n = waitInSlices(timeout, this.#enter, 'epoll_wait', 'waitAsync()');
    }
    this.#count = Math.max(n, 0);
    return n < 0 ? check(n, 'epoll_wait', { fd }) : n;
  }

  /** What event `i` of the last wait tells: `EPOLL*` flags, or 0 if its descriptor was deleted or closed since. */
  mask(i: number): number {
    return this.#event(i) === undefined ? 0 : (this.events[i * EPOLL_EVENT_WORDS] as number);
  }

  /** The data of event `i` of the last wait, or `undefined` if its descriptor was deleted or closed since. */
  data(i: number): T | undefined {
    return this.#event(i)?.data;
  }

  /** The descriptor of event `i` of the last wait, or -1 if it was deleted or closed since. */
  fdOf(i: number): number {
    return this.#event(i)?.fd ?? -1;
  }

  #event(i: number): Slot<T> | undefined {
    if (!(i >= 0 && i < this.#count))
      throw Object.assign(new RangeError(`i must be one of the ${this.#count} events of the last wait, got ${i}`), {
        code: 'ERR_OUT_OF_RANGE',
      });
    const at = i * EPOLL_EVENT_WORDS + EPOLL_DATA_WORD;
    return this.#slots.at(this.events[at] as number, this.events[at + 1] as number);
  }

  /**
   * {@link wait} without blocking: Node's loop watches the epoll descriptor itself. Keeps the process alive as long as it
   * waits. One at a time, since all waits share {@link events}: `ERR_WAITING`. Rejects with `EBADF_CLOSED` on close().
   */
  async waitAsync(options: WaitOptions = {}): Promise<number> {
    if (this.#waiting)
      throw Object.assign(new Error('this Epoll is being waited for already'), { code: 'ERR_WAITING' });
    options.signal?.throwIfAborted();
    const n = this.wait(0);
    if (n > 0) return n;
    const waiting = pending(options, 0, () => {
      this.#waiting = undefined;
      if (this.#watch > 0) runtime.watchStop(this.#watch);
    });
    this.#waiting = waiting;
    try {
      this.#startWatch();
    } catch (error) {
      waiting.reject(error);
    }
    return waiting.promise;
  }

  /** Event after event, until the set is closed. What is deleted or closed meanwhile is passed over. */
  async *[Symbol.asyncIterator](): AsyncGenerator<EpollEvent<T>, void, undefined> {
    yield* this.iterate();
  }

  /** The same with a signal: the iteration throws its reason. */
  async *iterate({ signal }: { signal?: AbortSignal } = {}): AsyncGenerator<EpollEvent<T>, void, undefined> {
    while (!this.closed) {
      let n: number;
      try {
        n = await this.waitAsync({ signal });
      } catch (error) {
        if (this.closed) return;
        throw error;
      }
      for (let i = 0; i < n && i < this.#count; i++) {
        const slot = this.#event(i);
        if (slot) yield { fd: slot.fd, events: this.mask(i), data: slot.data };
      }
    }
  }

  /** A copy of the descriptor would share the kernel's set, but not the memory of what the events mean. */
  override dup(): never {
    throw Object.assign(new Error('an Epoll cannot be duplicated: open another one'), { code: 'ERR_NO_DUP' });
  }

  #control(op: number, slot: Slot<T>, epfd = this.fd): number {
    return sys.epollCtl2(epfd, op, slot.fd, slot.events, slot.index, slot.generation);
  }

  /** Never throws: if the kernel keeps it, its events are ghosts, and those are dealt with. */
  #remove(slot: Slot<T>): void {
    if (!this.closed && slot.held) this.#control(EPOLL_CTL_DEL, slot);
    this.#slots.drop(slot);
  }

  /** Moves the events that still mean something to the front; answers how many. */
  #sift(n: number): number {
    const { events } = this;
    let live = 0;
    for (let i = 0; i < n; i++) {
      const from = i * EPOLL_EVENT_WORDS;
      const slot = this.#slots.at(
        events[from + EPOLL_DATA_WORD] as number,
        events[from + EPOLL_DATA_WORD + 1] as number,
      );
      if (slot === undefined) continue;
      if ((slot.events & EPOLLONESHOT) !== 0) slot.armed = false;
      if (live !== i) events.copyWithin(live * EPOLL_EVENT_WORDS, from, from + EPOLL_EVENT_WORDS);
      live++;
    }
    if (live !== n) {
      this.#stale += n - live;
      if (++this.#ghosts >= GHOSTS) this.#rebuild();
    }
    return live;
  }

  /**
   * A descriptor that was closed while a duplicate of it lives (in a child, or sent to another process) stays in the
   * kernel's set, can no longer be named, and would wake every wait. So the set is made anew, under the same number.
   */
  #rebuild(): void {
    const { fd } = this;
    const hint = 'a stale descriptor keeps waking this Epoll, which could not be made anew';
    const fresh = check(sys.epollCreate1(0), 'epoll_create1', { fd, hint });
    const lost: Slot<T>[] = [];
    try {
      for (const slot of this.#slots) {
        // one-shot and disarmed: there is no way to add it like that, so modify() will
        const result = slot.armed ? this.#control(EPOLL_CTL_ADD, slot, fresh) : 0;
        if (result === -EBADF) lost.push(slot);
        else check(result, 'epoll_ctl', { fd: slot.fd, hint });
      }
      this.#stopWatch();
      check(sys.dup3(fresh, fd, 0), 'dup3', { fd, hint });
    } finally {
      sys.close(fresh);
      if (this.#waiting && this.#watch === 0) this.#startWatch();
    }
    for (const slot of lost) this.#slots.drop(slot);
    for (const slot of this.#slots) slot.held = slot.armed;
    this.#ghosts = 0;
    this.#rebuilt++;
  }

  #startWatch(): void {
    const { fd } = this;
    if (this.#watch <= 0) this.#watch = check(runtime.watchOpen(fd, this.#onReady), 'uv_poll_init', { fd });
    check(runtime.watchStart(this.#watch, UV_READABLE), 'uv_poll_start', { fd });
  }

  #stopWatch(): void {
    if (this.#watch > 0) runtime.watchClose(this.#watch);
    this.#watch = 0;
  }

  readonly #onReady = (events: number): void => {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    try {
      const n = this.wait(check(events, 'uv_poll', { fd: this.fd }) && 0);
      if (n > 0) waiting.resolve(n);
    } catch (error) {
      waiting.reject(error);
    }
  };

  /** Before the number goes: libuv must not be left watching it, nor a descriptor's owner tell us of its closing. */
  #abandon(): void {
    this.#stopWatch();
    this.#count = 0;
    for (const slot of this.#slots) this.#slots.drop(slot);
    this.#waiting?.reject(
      new SystemError(EBADF, 'epoll_wait', {
        code: 'EBADF_CLOSED',
        text: 'this Epoll was closed while it was waited for',
      }),
    );
  }
}

/**
 * Waiting for one descriptor without blocking Node's loop. All waits of a thread share one epoll set, which Node's loop
 * watches; it exists only as long as somebody waits. See `docs/io/wait.md`.
 */
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP } from '../sys/epoll.ts';
import { Epoll } from './epoll.ts';
import { EBADF, SystemError } from './errors.ts';
import type { Fd } from './fd.ts';
import { type Interest, maskOf } from './interest.ts';
import { type Pending, pending, type WaitOptions } from './pending.ts';

/** Told without being asked for. */
const ALWAYS = EPOLLERR | EPOLLHUP;
const WAITABLE = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | ALWAYS;

interface Waiter {
  readonly mask: number;
  readonly pending: Pending<number>;
  crowd: Crowd | undefined;
}

/** Everybody who waits for one descriptor: a set takes it only once, with all their wishes or-ed. */
interface Crowd {
  readonly fd: number;
  readonly waiters: Set<Waiter>;
  /** Stops listening for the descriptor's owner letting go of it. */
  cancel: (() => void) | undefined;
}

let set: Epoll<Crowd> | undefined;
const crowds = new Map<number, Crowd>();

/**
 * Resolves with the `EPOLL*` flags that are ready, as soon as one of `events` is (or EPOLLERR, EPOLLHUP), or with 0 after
 * `timeout` ms. Several waits for one descriptor at a time are fine. Keeps the process alive as long as it waits.
 *
 * Rejects with the signal's reason; with `EBADF_CLOSED` if the {@link Fd} is closed meanwhile (the closing of a bare
 * number goes unnoticed); with `EPERM` for a regular file, which is always ready.
 */
export async function ready(fd: Fd | number, events: Interest, options: WaitOptions = {}): Promise<number> {
  const number = typeof fd === 'number' ? fd : fd.fd;
  const mask = maskOf(events);
  if ((mask & ~WAITABLE) !== 0)
    throw Object.assign(new RangeError('events must be in, out, pri or rdhup: a wait ends with its first event'), {
      code: 'ERR_OUT_OF_RANGE',
    });
  const waiter: Waiter = { mask, pending: pending(options, 0, () => leave(waiter)), crowd: undefined };
  try {
    join(waiter, fd, number);
  } catch (error) {
    waiter.pending.reject(error);
  }
  return waiter.pending.promise;
}

function open(): Epoll<Crowd> {
  if (set === undefined) {
    set = Epoll.open<Crowd>({ maxEvents: 256 });
    void pump(set);
  }
  return set;
}

function join(waiter: Waiter, fd: Fd | number, number: number): void {
  const epoll = open();
  let crowd = crowds.get(number);
  if (crowd !== undefined) {
    try {
      epoll.modify(number, wishes(crowd) | waiter.mask);
    } catch (error) {
      if (!(error instanceof SystemError && error.code === 'ENOENT')) throw error;
      // a bare number, closed while it was waited for and opened anew
      disperse(crowd);
      crowd = undefined;
    }
  }
  if (crowd === undefined) {
    crowd = { fd: number, waiters: new Set(), cancel: undefined };
    try {
      epoll.add(number, waiter.mask, crowd);
    } catch (error) {
      idle();
      throw error;
    }
    crowds.set(number, crowd);
  }
  const joined = crowd;
  if (typeof fd !== 'number') joined.cancel ??= fd.onDeparture(() => disperse(joined));
  joined.waiters.add(waiter);
  waiter.crowd = joined;
}

function wishes(crowd: Crowd): number {
  let mask = 0;
  for (const waiter of crowd.waiters) mask |= waiter.mask;
  return mask >>> 0;
}

/** However a wait ended: with a crowd's last one, nothing of it stays behind. */
function leave(waiter: Waiter): void {
  const { crowd } = waiter;
  if (crowd === undefined) return;
  crowd.waiters.delete(waiter);
  const watched = set?.has(crowd.fd) === true;
  if (crowd.waiters.size > 0) {
    try {
      if (watched) set?.modify(crowd.fd, wishes(crowd));
    } catch (error) {
      for (const other of crowd.waiters) other.pending.reject(error);
    }
    return;
  }
  if (watched) set?.delete(crowd.fd);
  crowd.cancel?.();
  if (crowds.get(crowd.fd) === crowd) crowds.delete(crowd.fd);
  idle();
}

/** The descriptor's owner lets go of it. */
function disperse(crowd: Crowd): void {
  const text = 'the descriptor was closed while it was waited for';
  for (const waiter of crowd.waiters)
    waiter.pending.reject(new SystemError(EBADF, 'epoll_wait', { code: 'EBADF_CLOSED', text, fd: crowd.fd }));
}

let closing = false;

/** Closes the set when nobody waits; a turn later, since who was told "ready" often waits again at once. */
function idle(): void {
  if (closing || crowds.size > 0) return;
  closing = true;
  setImmediate(() => {
    closing = false;
    if (crowds.size > 0) return;
    set?.close();
    set = undefined;
  });
}

async function pump(epoll: Epoll<Crowd>): Promise<void> {
  try {
    for await (const { events, data: crowd } of epoll)
      for (const waiter of crowd.waiters) {
        const got = (events & (waiter.mask | ALWAYS)) >>> 0;
        if (got !== 0) waiter.pending.resolve(got);
      }
  } catch (error) {
    // the set itself is broken: without this, everybody would wait for ever
    for (const crowd of crowds.values()) for (const waiter of crowd.waiters) waiter.pending.reject(error);
    if (set === epoll) set = undefined;
    epoll.close();
  }
}

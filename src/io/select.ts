/**
 * select(2) and poll(2) with sets that are arrays. For trying out and comparing; {@link Epoll} is the one that scales, and
 * {@link ready} the one for a single descriptor. See `docs/io/wait.md`.
 */
import { native } from '../native.ts';
import { POLLFD_WORDS, pollRevents, setPollFd } from '../sys/poll.ts';
import { bitmap, FD_SETSIZE, isSet, setBit } from '../sys/select.ts';
import { type Milliseconds, waitInSlices } from './deadline.ts';
import { check } from './errors.ts';
import type { Fd } from './fd.ts';

const { sys } = native;

const numberOf = (fd: Fd | number): number => (typeof fd === 'number' ? fd : fd.fd);

function wrong(message: string): RangeError {
  return Object.assign(new RangeError(message), { code: 'ERR_OUT_OF_RANGE' });
}

export interface SelectSets<F extends Fd | number = Fd | number> {
  read?: readonly F[];
  write?: readonly F[];
  except?: readonly F[];
}

export interface SelectOptions {
  /** Milliseconds (fractions allowed); nothing or -1 waits for ever. */
  timeout?: Milliseconds;
  /** Allows descriptors that libc's `fd_set` has no room for. The kernel has no such limit. */
  beyondFdSetSize?: boolean;
}

const SETS = ['read', 'write', 'except'] as const;

/**
 * Those of the descriptors that are ready, as they were given; empty arrays when the time is up. **Blocks its thread**, so
 * that on the main thread only a timeout of 0 is allowed: `ERR_BLOCKS_MAIN_THREAD`. `EBADF` if one of them is not open.
 *
 * RangeError for a descriptor of FD_SETSIZE (1024) or more, as a program written with libc could not hold it.
 */
export function select<F extends Fd | number>(
  sets: SelectSets<F>,
  { timeout, beyondFdSetSize = false }: SelectOptions = {},
): Record<(typeof SETS)[number], F[]> {
  let highest = -1;
  for (const name of SETS)
    for (const each of sets[name] ?? []) {
      const fd = numberOf(each);
      if (!Number.isInteger(fd) || fd < 0) throw wrong(`${name} must hold open descriptors, got ${fd}`);
      if (fd >= FD_SETSIZE && !beyondFdSetSize)
        throw wrong(
          `${name} must hold descriptors below FD_SETSIZE (${FD_SETSIZE}), got ${fd}: use poll() or Epoll, or pass ` +
            '{ beyondFdSetSize: true }, since the limit is libc’s and not the kernel’s',
        );
      if (fd > highest) highest = fd;
    }
  const nfds = highest + 1;
  const asked = SETS.map((name) => {
    const set = bitmap(nfds);
    for (const each of sets[name] ?? []) setBit(set, numberOf(each));
    return set;
  });
  const answers = asked.map((set) => set.slice());
  const [read = null, write = null, except = null] = answers;
  // the kernel answers in the sets that it was asked with, and empties them when the time is up
  const once = (ms: number): number => {
    for (const [i, set] of asked.entries()) answers[i]?.set(set);
    return sys.select(nfds, read, write, except, ms);
  };
  const count = check(waitInSlices(timeout, once, 'select', 'ready() or Epoll'), 'select', {
    hint: 'one of the descriptors is not open: poll() tells which one',
  });
  const result = { read: [] as F[], write: [] as F[], except: [] as F[] };
  // interrupted at the end of its time, the sets are still as they were asked
  if (count === 0) return result;
  for (const [i, name] of SETS.entries()) {
    const set = answers[i] as Uint8Array;
    result[name] = (sets[name] ?? []).filter((each) => isSet(set, numberOf(each)));
  }
  return result;
}

export interface PollEntry<F extends Fd | number = Fd | number> {
  readonly fd: F;
  /** `POLL*` flags. */
  readonly events: number;
}

export interface PollResult<F extends Fd | number = Fd | number> extends PollEntry<F> {
  /** What of it is ready; POLLERR, POLLHUP and POLLNVAL (not open) without being asked for. */
  readonly revents: number;
}

/**
 * Those of the entries that have something to tell; none when `timeout` (ms; nothing or -1: for ever) is up. **Blocks its
 * thread**, so that on the main thread only a timeout of 0 is allowed: `ERR_BLOCKS_MAIN_THREAD`.
 */
export function poll<F extends Fd | number>(
  entries: readonly PollEntry<F>[],
  { timeout }: { timeout?: Milliseconds } = {},
): PollResult<F>[] {
  const fds = new Int32Array(entries.length * POLLFD_WORDS);
  for (const [i, { fd, events }] of entries.entries()) {
    const number = numberOf(fd);
    if (!Number.isInteger(number) || number < 0) throw wrong(`entries[${i}].fd must be a descriptor, got ${number}`);
    setPollFd(fds, i, number, events);
  }
  const once = (ms: number): number => sys.poll(fds, entries.length, ms);
  const count = check(waitInSlices(timeout, once, 'poll', 'ready() or Epoll'), 'poll');
  if (count === 0) return [];
  return entries.flatMap(({ fd, events }, i) => {
    const revents = pollRevents(fds, i);
    return revents === 0 ? [] : [{ fd, events, revents }];
  });
}

const one = new Int32Array(POLLFD_WORDS);

/** poll(2) of one descriptor, for at most `ms`: the raw answer. **Blocks its thread.** */
export function pollOne(fd: number, events: number, ms: number): number {
  setPollFd(one, 0, fd, events);
  return sys.poll(one, 1, ms);
}

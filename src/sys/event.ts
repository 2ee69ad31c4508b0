/**
 * eventfd(2), timerfd_create(2), signalfd(2): counters, clocks and signals that can be read and waited for.
 * Raw calls: numbers in, `>= 0` or `-errno` out, nothing retried. See `docs/sys/event.md`.
 */
import { constant, layout, native, offsetOf } from '../native.ts';

const { sys } = native;

export const EFD_CLOEXEC = constant<'eventfd'>('EFD_CLOEXEC');
export const EFD_NONBLOCK = constant<'eventfd'>('EFD_NONBLOCK');
/** Each read takes 1 from the counter and answers 1, instead of taking it all. Linux 2.6.30. */
export const EFD_SEMAPHORE = constant<'eventfd'>('EFD_SEMAPHORE');
export const TFD_CLOEXEC = constant<'timerfd'>('TFD_CLOEXEC');
export const TFD_NONBLOCK = constant<'timerfd'>('TFD_NONBLOCK');
/** timerfd_settime: the first expiry is a time of the clock, not a span from now. */
export const TFD_TIMER_ABSTIME = constant<'timerfd'>('TFD_TIMER_ABSTIME');
export const SFD_CLOEXEC = constant<'signalfd'>('SFD_CLOEXEC');
export const SFD_NONBLOCK = constant<'signalfd'>('SFD_NONBLOCK');

const siginfo = layout('signalfd_siginfo');
/** Bytes of `struct signalfd_siginfo`; a read must have room for at least one. */
export const SIGNALFD_SIGINFO_SIZE = siginfo.size;
/** Byte offset of the signal's number (32 bits) in it; then those of the sender's process and user id. */
export const SIGNALFD_SIGNO = offsetOf(siginfo, 'ssi_signo');
export const SIGNALFD_PID = offsetOf(siginfo, 'ssi_pid');
export const SIGNALFD_UID = offsetOf(siginfo, 'ssi_uid');

const itimerspec = layout('itimerspec');
/** `struct itimerspec` in 64-bit words. */
export const ITIMERSPEC_WORDS = itimerspec.size / 8;
const VALUE = offsetOf(itimerspec, 'value_sec') / 8;
const VALUE_NSEC = offsetOf(itimerspec, 'value_nsec') / 8;
const INTERVAL = offsetOf(itimerspec, 'interval_sec') / 8;
const INTERVAL_NSEC = offsetOf(itimerspec, 'interval_nsec') / 8;
const SECOND = 1_000_000_000n;

/** When a timer expires and how often after that, in nanoseconds; 0n: never, or once. */
export interface TimerSpec {
  readonly value: bigint;
  readonly interval: bigint;
}

/** `struct itimerspec` for {@link timerfdSettime}. `value` 0n disarms the timer, `interval` 0n lets it expire once. */
export function encodeTimerSpec(spec: TimerSpec, into = new BigInt64Array(ITIMERSPEC_WORDS)): BigInt64Array {
  for (const field of ['value', 'interval'] as const)
    if (spec[field] < 0n)
      throw new RangeError(`encodeTimerSpec: ${field} must be 0n nanoseconds or more, got ${spec[field]}n`);
  into[VALUE] = spec.value / SECOND;
  into[VALUE_NSEC] = spec.value % SECOND;
  into[INTERVAL] = spec.interval / SECOND;
  into[INTERVAL_NSEC] = spec.interval % SECOND;
  return into;
}

/** What {@link timerfdGettime} wrote: the time left until the next expiry, and the interval. */
export function decodeTimerSpec(from: BigInt64Array): TimerSpec {
  const at = (word: number) => from[word] ?? 0n;
  return {
    value: at(VALUE) * SECOND + at(VALUE_NSEC),
    interval: at(INTERVAL) * SECOND + at(INTERVAL_NSEC),
  };
}

/** A set of signals as the kernel has it: bit n - 1 is signal n. For signalfd, ppoll, pselect6 and epoll_pwait2. */
export function signalMask(...signals: number[]): bigint {
  let mask = 0n;
  for (const signal of signals) {
    if (!(Number.isInteger(signal) && signal >= 1 && signal <= 64))
      throw new RangeError(`signalMask: signal must be 1 to 64, got ${signal}`);
    mask |= 1n << BigInt(signal - 1);
  }
  return mask;
}

/**
 * `int eventfd(unsigned int initval, int flags)` - a counter of 64 bits that can be waited for; `EFD_CLOEXEC` is always
 * added. write(2) of 8 bytes adds to it, read(2) of 8 bytes takes it and sets it to 0 (with EFD_SEMAPHORE takes 1).
 *
 * `-EINVAL` for unknown flags, `-EMFILE`. Then: a read at 0 blocks or answers `-EAGAIN`; a write that would pass
 * 2^64 - 2 blocks or answers `-EAGAIN`; fewer than 8 bytes, or 2^64 - 1, are `-EINVAL`.
 * Since Linux 2.6.27 (as eventfd2). eventfd(2).
 */
export const eventfd = sys.eventfd;

/**
 * `int timerfd_create(int clockid, int flags)` - a timer that can be waited for, disarmed; `TFD_CLOEXEC` is always
 * added. read(2) of 8 bytes answers how often it has expired since the last read; before that it blocks or answers
 * `-EAGAIN`.
 *
 * `-EINVAL` for a clock other than CLOCK_REALTIME, MONOTONIC, BOOTTIME (Linux 3.15) or their ALARM kind, or unknown
 * flags; `-EMFILE`. Since Linux 2.6.25. timerfd_create(2).
 */
export const timerfdCreate = sys.timerfdCreate;

/**
 * `int timerfd_settime(int fd, int flags, const struct itimerspec *new_value, struct itimerspec *old_value)` - arms or
 * disarms the timer. `newValue` comes from {@link encodeTimerSpec}; `oldValue`, if not `null`, takes what was set.
 *
 * `-EINVAL` (`fd` is no timer, unknown flags, nanoseconds beyond 999,999,999, negative time), `-EBADF`,
 * `-ECANCELED` (with TFD_TIMER_CANCEL_ON_SET). Since Linux 2.6.25. timerfd_create(2).
 */
export const timerfdSettime = sys.timerfdSettime;

/**
 * `int timerfd_gettime(int fd, struct itimerspec *curr_value)` - the time until the next expiry (a span, also for an
 * absolute timer; 0: disarmed) and the interval. `-EINVAL` (`fd` is no timer), `-EBADF`. Since Linux 2.6.25.
 * timerfd_create(2).
 */
export const timerfdGettime = sys.timerfdGettime;

/**
 * `int signalfd(int fd, const sigset_t *mask, int flags)` - a descriptor from which signals are read as records of
 * {@link SIGNALFD_SIGINFO_SIZE} bytes. `fd` -1 makes one, another changes the mask of that one; `SFD_CLOEXEC` is always
 * added. `mask` comes from {@link signalMask}; SIGKILL and SIGSTOP in it are ignored.
 *
 * Only signals that are *blocked* arrive here, and only those of the reading thread or of the whole process: Node
 * blocks none. `-EINVAL` (`fd` is no signalfd, unknown flags), `-EBADF`, `-EMFILE`. Since Linux 2.6.27 (as signalfd4).
 * signalfd(2).
 */
export const signalfd = sys.signalfd;

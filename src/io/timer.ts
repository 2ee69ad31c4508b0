/** A timer that is a descriptor: it stands in an epoll set beside the sockets. See `docs/io/timer.md`. */
import { constant, type Flag } from '../native.ts';
import {
  decodeTimerSpec,
  encodeTimerSpec,
  ITIMERSPEC_WORDS,
  TFD_NONBLOCK,
  TFD_TIMER_ABSTIME,
  timerfdCreate,
  timerfdGettime,
  timerfdSettime,
} from '../sys/event.ts';
import { Counter } from './counter.ts';
import { check } from './errors.ts';

// filled and read within one call, so one is enough for a thread
const spec = new BigInt64Array(ITIMERSPEC_WORDS);
const CLOCKS = {
  monotonic: constant<'clock'>('CLOCK_MONOTONIC'),
  realtime: constant<'clock'>('CLOCK_REALTIME'),
  boottime: constant<'clock'>('CLOCK_BOOTTIME'),
} as const satisfies Record<string, Flag<'clock'>>;

/** Milliseconds (fractions allowed), or nanoseconds as a bigint. */
export type Duration = number | bigint;

/** In nanoseconds. A number is rounded up, so that a timer is never early. */
function nanoseconds(duration: Duration, name: string): bigint {
  const good =
    typeof duration === 'bigint'
      ? duration > 0n && duration < 2n ** 63n
      : typeof duration === 'number' && duration > 0 && duration <= 9e15;
  if (!good)
    throw Object.assign(
      new RangeError(
        `${name} must be more than 0: milliseconds up to 9e15, or nanoseconds as a bigint, got ${String(duration)}`,
      ),
      { code: 'ERR_OUT_OF_RANGE' },
    );
  if (typeof duration === 'bigint') return duration;
  const whole = Math.floor(duration);
  return BigInt(whole) * 1_000_000n + BigInt(Math.ceil((duration - whole) * 1e6));
}

/**
 * {@link take} answers how often it has expired since it was last asked, and the async iterator each time it has: more
 * than 1n when the loop's body took longer than the interval.
 */
export class Timer extends Counter {
  /**
   * A disarmed timer. `monotonic` (if left out) does not jump when the time of day is set; `realtime` is the time of day;
   * `boottime` goes on while the machine sleeps (Linux 3.15). `EMFILE`. timerfd_create(2).
   */
  static open({ clock = 'monotonic' }: { clock?: keyof typeof CLOCKS } = {}): Timer {
    const id = CLOCKS[clock];
    if (id === undefined)
      throw Object.assign(new RangeError(`clock must be one of ${Object.keys(CLOCKS).join(', ')}, got ${clock}`), {
        code: 'ERR_OUT_OF_RANGE',
      });
    return Timer.own(check(timerfdCreate(id, TFD_NONBLOCK), 'timerfd_create'));
  }

  /** Expires once, `after` from now. Replaces what was set before. timerfd_settime(2). */
  once(after: Duration): void {
    this.#set(nanoseconds(after, 'after'), 0n, 0);
  }

  /** Expires once, when its clock shows `when` nanoseconds. A time that has passed expires at once. */
  at(when: bigint): void {
    this.#set(nanoseconds(when, 'when'), 0n, TFD_TIMER_ABSTIME);
  }

  /** Expires each `interval`, for the first time after `first` (if left out, after `interval`). */
  every(interval: Duration, first: Duration = interval): void {
    this.#set(nanoseconds(first, 'first'), nanoseconds(interval, 'interval'), 0);
  }

  /** Expires no more; what has not been taken is forgotten. */
  disarm(): void {
    this.#set(0n, 0n, 0);
  }

  #set(value: bigint, interval: bigint, flags: Flag<'timerfd'>): void {
    const { fd } = this;
    check(timerfdSettime(fd, flags, encodeTimerSpec({ value, interval }, spec), null), 'timerfd_settime', { fd });
  }

  /** Nanoseconds to the next expiry, 0n if it is disarmed, and between expiries, 0n if there is one only. timerfd_gettime(2). */
  remaining(): { value: bigint; interval: bigint } {
    const { fd } = this;
    check(timerfdGettime(fd, spec), 'timerfd_gettime', { fd });
    return decodeTimerSpec(spec);
  }
}

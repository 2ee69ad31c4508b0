/** A counter of the kernel's that can be waited for: the usual way to wake a loop from elsewhere. See `docs/io/eventfd.md`. */
import { native } from '../native.ts';
import { EFD_NONBLOCK, EFD_SEMAPHORE, eventfd } from '../sys/event.ts';
import { Counter } from './counter.ts';
import { check, checkReady, retryOnEintr } from './errors.ts';

const { sys } = native;

/** Where the counter is full; 2^64 - 1 is no value of it. */
const LARGEST = 2n ** 64n - 2n;
const word = new BigUint64Array(1);

export interface EventFdOptions {
  /** What the counter begins with: 0 to 2^32 - 1. */
  initial?: number;
  /** Each {@link EventFd.take} takes 1, instead of all. */
  semaphore?: boolean;
}

/** {@link take} answers the counter, which is 0 then; of a semaphore 1, and it is one less. */
export class EventFd extends Counter {
  /** `EMFILE`; RangeError for an `initial` that is not 0 to 2^32 - 1. eventfd(2). */
  static open({ initial = 0, semaphore = false }: EventFdOptions = {}): EventFd {
    return EventFd.own(check(eventfd(initial, EFD_NONBLOCK | (semaphore ? EFD_SEMAPHORE : 0)), 'eventfd'));
  }

  /**
   * Adds to the counter and wakes who waits for it. `false` if that would pass 2^64 - 2: then nothing was added.
   * RangeError for anything but an integer of 0 to 2^64 - 2. write(2).
   */
  add(n: number | bigint = 1n): boolean {
    const whole = typeof n === 'bigint' || (Number.isSafeInteger(n) && !Object.is(n, -0));
    if (!whole || n < 0 || n > LARGEST)
      throw Object.assign(
        new RangeError(
          `n must be a safe integer or a bigint of 0 to 2^64 - 2, got ${Object.is(n, -0) ? '-0' : String(n)}`,
        ),
        { code: 'ERR_OUT_OF_RANGE' },
      );
    const { fd } = this;
    word[0] = BigInt(n);
    const result = retryOnEintr(() => sys.write(fd, word));
    return checkReady(result, 'write', { fd }) !== undefined;
  }
}

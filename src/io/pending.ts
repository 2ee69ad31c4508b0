/** A promise of a wait, which an event, an abort, a time-out or a close may end: whichever is first cleans up all others. */
import { type Milliseconds, milliseconds } from './deadline.ts';

export interface WaitOptions {
  /** Ends the wait: it rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds, after which the wait resolves with nothing ready. For ever if left out. */
  timeout?: Milliseconds;
}

export interface Pending<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

// setTimeout() takes 1 ms for anything longer; 24 days and no end are the same to a wait
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * `late` is the value after the time-out; `forget` takes the wait out of wherever it was entered, however it ends.
 * Throws the signal's reason if it is aborted already, and a RangeError for a time-out that is none.
 */
export function pending<T>({ signal, timeout }: WaitOptions, late: T, forget: () => void): Pending<T> {
  signal?.throwIfAborted();
  const ms = milliseconds(timeout);
  let settle: (value: T | PromiseLike<T>) => void;
  let fail: (reason: unknown) => void;
  const promise = new Promise<T>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  let open = true;
  let timer: NodeJS.Timeout | undefined;
  const end = (): boolean => {
    if (!open) return false;
    open = false;
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    forget();
    return true;
  };
  const resolve = (value: T): void => {
    if (end()) settle(value);
  };
  const reject = (reason: unknown): void => {
    if (end()) fail(reason);
  };
  const abort = (): void => reject(signal?.reason);
  signal?.addEventListener('abort', abort);
  if (ms <= LONGEST_TIMER) timer = setTimeout(resolve, ms, late);
  return { promise, resolve, reject };
}

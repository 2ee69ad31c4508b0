/**
 * How a blocking wait is made bearable: it refuses the main thread, takes slices in a Worker, and keeps its time when a
 * signal interrupts it.
 */
import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';

/**
 * The longest that one wait stays in the kernel. Node's `worker.terminate()` and `process.exit()` take effect only between
 * two native calls, and nothing can wake a thread out of one: so none may be long (hazard 37).
 */
export const SLICE_MS = 25;

const { EINTR } = constants.errno;

/** Milliseconds (fractions allowed); -1, `undefined` and Infinity wait for ever. */
export type Milliseconds = number | undefined;

/** `timeout` as a number of 0 to Infinity, or a RangeError that names the argument. */
export function milliseconds(timeout: Milliseconds, name = 'timeout'): number {
  if (timeout === undefined || timeout === -1) return Number.POSITIVE_INFINITY;
  if (typeof timeout !== 'number')
    throw Object.assign(new TypeError(`${name} must be a number of milliseconds, not ${String(timeout)}`), {
      code: 'ERR_INVALID_ARG_TYPE',
    });
  if (timeout >= 0 && !Object.is(timeout, -0)) return timeout;
  throw Object.assign(
    new RangeError(
      `${name} must be a number of milliseconds >= 0, or -1 for ever, not ${Object.is(timeout, -0) ? '-0' : timeout}`,
    ),
    { code: 'ERR_OUT_OF_RANGE' },
  );
}

/** A wait that would stop the main thread, and with it every timer, socket and signal handler of the program. */
function refuse(syscall: string, instead: string): never {
  throw Object.assign(
    new Error(
      `${syscall} would block the main thread: wait with ${instead}, pass a timeout of 0, or make this call in a Worker`,
    ),
    { code: 'ERR_BLOCKS_MAIN_THREAD', syscall },
  );
}

/**
 * Calls `wait(ms)` until it answers something other than 0 (timed out) or `-EINTR`, for at most `timeout` ms in all.
 * Answers what it answered last: 0 when the time is over.
 *
 * `instead` names the asynchronous way, for the error on the main thread. Nothing is allocated, and a timeout of 0 does
 * not even look at the clock.
 */
export function waitInSlices(
  timeout: Milliseconds,
  wait: (ms: number) => number,
  syscall: string,
  instead: string,
): number {
  if (timeout === 0 && !Object.is(timeout, -0)) {
    for (;;) {
      const r = wait(0);
      if (r !== -EINTR) return r;
    }
  }
  const total = milliseconds(timeout);
  if (isMainThread) refuse(syscall, instead);
  const end = performance.now() + total;
  let left = total;
  for (;;) {
    // rounded up: poll and epoll_wait count whole milliseconds, and a fraction rounded down would be a busy loop
    const slice = left > SLICE_MS ? SLICE_MS : Math.ceil(left);
    const r = wait(slice);
    if (r !== 0 && r !== -EINTR) return r;
    left = end - performance.now();
    if (left > 0) continue;
    // interrupted at the very end: what came in that moment shall not be missed
    const last = r === 0 ? 0 : wait(0);
    return last === -EINTR ? 0 : last;
  }
}

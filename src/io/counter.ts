/** What an eventfd and a timerfd have in common: a read takes 8 bytes, a count, or there is nothing to take. */
import { native } from '../native.ts';
import { EPOLLIN } from '../sys/epoll.ts';
import { type Milliseconds, waitInSlices } from './deadline.ts';
import { check, checkReady, EAGAIN, retryOnEintr } from './errors.ts';
import { Fd } from './fd.ts';
import type { WaitOptions } from './pending.ts';
import { pollOne } from './select.ts';
import { ready } from './wait.ts';

const { sys } = native;

// filled and read within one call, so one is enough for a thread
const word = new BigUint64Array(1);

export abstract class Counter extends Fd {
  /** The count; `undefined` if there is nothing to take. read(2). */
  take(): bigint | undefined {
    const { fd } = this;
    const result = retryOnEintr(() => sys.read(fd, word));
    return checkReady(result, 'read', { fd }) === undefined ? undefined : word[0];
  }

  /**
   * {@link take}, waiting for at most `timeout` ms (nothing: for ever); `undefined` when the time is up. **Blocks its
   * thread**, so that on the main thread only a timeout of 0 is allowed: `ERR_BLOCKS_MAIN_THREAD`.
   */
  takeSync(timeout?: Milliseconds): bigint | undefined {
    const { fd } = this;
    // looked at again after each wait: several threads may be waiting, and one of them gets it
    const once = (ms: number): number => {
      const polled = ms === 0 ? 1 : pollOne(fd, EPOLLIN, ms);
      const result = polled > 0 ? sys.read(fd, word) : polled;
      return result === -EAGAIN ? 0 : result;
    };
    const result = waitInSlices(timeout, once, 'read', 'wait()');
    return check(result, 'read', { fd }) === 0 ? undefined : word[0];
  }

  /** {@link take} as soon as there is something; `undefined` after `timeout` ms. Never blocks Node's loop. */
  async wait({ signal, timeout }: WaitOptions = {}): Promise<bigint | undefined> {
    signal?.throwIfAborted();
    const end = timeout === undefined || timeout === -1 ? undefined : performance.now() + timeout;
    for (let left = timeout; ; ) {
      const count = this.take();
      if (count !== undefined) return count;
      if ((await ready(this, EPOLLIN, { signal, timeout: left })) === 0) return undefined;
      // somebody else took it first
      if (end !== undefined) left = Math.max(0, end - performance.now());
    }
  }

  /** Count after count, until the descriptor is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<bigint, void, undefined> {
    while (!this.closed) {
      let count: bigint | undefined;
      try {
        count = await this.wait();
      } catch (error) {
        if (this.closed) return;
        throw error;
      }
      if (count !== undefined) yield count;
    }
  }
}

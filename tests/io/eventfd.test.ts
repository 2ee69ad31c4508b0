import { describe, expect, test } from 'vitest';
import { EventFd } from '../../src/io/index.ts';

const LARGEST = 2n ** 64n - 2n;

test('counts up, and is taken as a whole', () => {
  const counter = EventFd.open({ initial: 3 });
  expect(counter.take()).toBe(3n);
  expect(counter.take()).toBeUndefined();
  expect([counter.add(), counter.add(5), counter.add(2n ** 53n)]).toEqual([true, true, true]);
  expect(counter.take()).toBe(6n + 2n ** 53n);
  counter.close();
});

test('a semaphore is taken one by one', () => {
  const semaphore = EventFd.open({ initial: 2, semaphore: true });
  expect([semaphore.take(), semaphore.take(), semaphore.take()]).toEqual([1n, 1n, undefined]);
  semaphore.close();
});

test('is full at 2^64 - 2', () => {
  const counter = EventFd.open();
  expect(counter.add(LARGEST)).toBe(true);
  expect([counter.add(0), counter.add(1)]).toEqual([true, false]);
  expect(counter.take()).toBe(LARGEST);
  counter.close();
});

describe('the boundaries', () => {
  test.each([-1, -0, 0.5, Number.NaN, 2 ** 53, 2n ** 64n - 1n, 2n ** 64n, -1n, '1', null])('add(%s)', (n) => {
    const counter = EventFd.open();
    expect(() => counter.add(n as number)).toThrow(RangeError);
    expect(counter.take()).toBeUndefined();
    counter.close();
  });
  test.each([2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2n ** 63n - 1n, LARGEST])('add(%s) is exact', (n) => {
    const counter = EventFd.open();
    counter.add(n);
    expect(counter.take()).toBe(BigInt(n));
    counter.close();
  });
  test.each([-1, 2 ** 32, 0.5, Number.NaN, -0])('initial %s', (initial) => {
    expect(() => EventFd.open({ initial })).toThrow(RangeError);
  });
});

describe('wait', () => {
  test('takes as soon as there is something', async () => {
    const counter = EventFd.open();
    expect(await counter.wait({ timeout: 2 })).toBeUndefined();
    const waiting = counter.wait();
    setImmediate(() => counter.add(7));
    expect(await waiting).toBe(7n);
    await expect(counter.wait({ signal: AbortSignal.timeout(2) })).rejects.toMatchObject({ name: 'TimeoutError' });
    counter.close();
  });

  test('of several, each is served in the end', async () => {
    const semaphore = EventFd.open({ semaphore: true });
    const waits = [semaphore.wait(), semaphore.wait(), semaphore.wait()];
    semaphore.add(2);
    await new Promise((resolve) => setTimeout(resolve, 5));
    semaphore.add(1);
    expect(await Promise.all(waits)).toEqual([1n, 1n, 1n]);
    semaphore.close();
  });

  test('ends with the descriptor, and so does the iteration', async () => {
    const counter = EventFd.open({ initial: 1 });
    const seen: bigint[] = [];
    for await (const n of counter) {
      seen.push(n);
      if (seen.length < 3) counter.add(seen.length);
      else setImmediate(() => counter.close());
    }
    expect(seen).toEqual([1n, 1n, 2n]);
  });

  test('never blocks the main thread', () => {
    const counter = EventFd.open();
    expect(counter.takeSync(0)).toBeUndefined();
    expect(() => counter.takeSync(10)).toThrow(expect.objectContaining({ code: 'ERR_BLOCKS_MAIN_THREAD' }));
    expect(() => counter.takeSync()).toThrow(/wait\(\)/);
    counter.add(4);
    expect(counter.takeSync(0)).toBe(4n);
    counter.close();
  });
});

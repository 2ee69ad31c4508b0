import { describe, expect, test } from 'vitest';
import { Epoll, Timer } from '../../src/io/index.ts';

test('expires once', async () => {
  const timer = Timer.open();
  expect(timer.take()).toBeUndefined();
  timer.once(2);
  expect(timer.remaining().value).toBeGreaterThan(0n);
  expect(await timer.wait()).toBe(1n);
  expect(timer.remaining()).toEqual({ value: 0n, interval: 0n });
  expect(await timer.wait({ timeout: 5 })).toBeUndefined();
  timer.close();
});

test('expires again and again, and counts what was not taken', async () => {
  const timer = Timer.open();
  timer.every(1, 0.5);
  expect(timer.remaining().interval).toBe(1_000_000n);
  let total = 0n;
  for await (const expirations of timer) {
    total += expirations;
    if (total >= 3n) break;
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(timer.take()).toBeGreaterThan(1n);
  timer.close();
});

test('is disarmed, and set anew', async () => {
  const timer = Timer.open();
  timer.once(60_000);
  timer.once(1);
  expect(await timer.wait()).toBe(1n);
  timer.every(1);
  timer.disarm();
  expect(await timer.wait({ timeout: 10 })).toBeUndefined();
  timer.close();
});

test('expires at a time of its clock, at once if that has passed', async () => {
  const timer = Timer.open({ clock: 'realtime' });
  timer.at(BigInt(Date.now()) * 1_000_000n + 3_000_000n);
  expect(await timer.wait()).toBe(1n);
  timer.at(1n);
  expect(await timer.wait()).toBe(1n);
  timer.close();
});

test('stands in an epoll set', async () => {
  const epoll = Epoll.open<string>();
  const timer = Timer.open();
  epoll.add(timer, { in: true }, 'tick');
  timer.once(1_500_000n);
  expect([await epoll.waitAsync(), epoll.data(0)]).toEqual([1, 'tick']);
  timer.close();
  epoll.close();
});

test('ends its waits when it is closed, and with a signal', async () => {
  const timer = Timer.open();
  await expect(timer.wait({ signal: AbortSignal.timeout(2) })).rejects.toMatchObject({ name: 'TimeoutError' });
  const waiting = timer.wait();
  timer.close();
  await expect(waiting).rejects.toMatchObject({ code: 'EBADF_CLOSED' });
});

describe('the boundaries', () => {
  test.each([0, -0, -1, Number.NaN, 1e16, 0n, -1n, 2n ** 63n, Number.POSITIVE_INFINITY, '5'])('once(%s)', (after) => {
    const timer = Timer.open();
    expect(() => timer.once(after as number)).toThrow(/after must be more than 0/);
    timer.close();
  });
  test.each([1e-6, 2 ** 31, 2 ** 32 + 0.5, 2n ** 62n])('once(%s) is taken', (after) => {
    const timer = Timer.open();
    timer.once(after);
    timer.close();
  });
  test('clocks', () => {
    for (const clock of ['monotonic', 'realtime', 'boottime'] as const) Timer.open({ clock }).close();
    expect(() => Timer.open({ clock: 'tai' as 'realtime' })).toThrow(/clock must be one of/);
  });
  test('never blocks the main thread', () => {
    const timer = Timer.open();
    expect(() => timer.takeSync(10)).toThrow(expect.objectContaining({ code: 'ERR_BLOCKS_MAIN_THREAD' }));
    timer.close();
  });
});

import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EventFd, Pipe, ready, SystemError, Timer } from '../../src/io/index.ts';
import { native } from '../../src/native.ts';
import { EPOLLIN, EPOLLOUT } from '../../src/sys/epoll.ts';
import { errno } from '../support/errno.ts';
import { nr } from '../support/numbers.ts';

const { runtime } = native;
const open = () => readdirSync('/proc/self/fd').length;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** {@link failEach} for what takes several turns of the loop. */
async function failEachAsync(
  plan: { nr: number; error: number },
  body: () => Promise<void>,
  check: (k: number) => Promise<void>,
): Promise<number> {
  for (let k = 1; ; k++) {
    runtime.gateArm?.(plan.nr, k, 0, plan.error, 0, 0);
    try {
      await body();
    } finally {
      runtime.gateDisarm?.();
    }
    await check(k);
    if (runtime.gateFired?.() === 0) return k - 1;
  }
}

// close is left out: the gate answers in the kernel's place, and the descriptor would really stay open
test.each([
  ['epoll_create1', nr.epoll_create1, 1],
  ['epoll_ctl', nr.epoll_ctl, 8],
  ['epoll_wait', nr.epoll_wait, 4],
  ['read', nr.read, 2],
])('whichever %s fails: who waits is told, and nothing is left behind', async (name, number, least) => {
  const before = open();
  const results: unknown[] = [];
  const reached = await failEachAsync(
    { nr: number, error: errno.ENOMEM },
    async () => {
      const pipe = Pipe.open();
      const counter = EventFd.open();
      const timer = Timer.open();
      timer.once(1);
      const waits = [
        ready(pipe.readEnd, EPOLLIN),
        ready(pipe.writeEnd, EPOLLOUT),
        ready(pipe.readEnd, EPOLLIN, { timeout: 3 }),
        counter.wait(),
        timer.wait(),
      ];
      const settled = Promise.allSettled(waits);
      const timeout = setTimeout(() => {
        pipe.writeEnd.write(Buffer.from('x'));
        counter.add();
      }, 5);
      for (const result of await settled) if (result.status === 'rejected') results.push(result.reason);
      clearTimeout(timeout);
      for (const each of [pipe, counter, timer]) each.close();
    },
    async (k) => {
      await turn();
      await turn();
      expect(open(), `call ${k}`).toBe(before);
      // and the next wait is as good as new
      const counter = EventFd.open({ initial: 1 });
      expect(await ready(counter, EPOLLIN)).toBe(EPOLLIN);
      counter.close();
      await turn();
    },
  );
  expect(reached).toBeGreaterThanOrEqual(least);
  expect(results.length).toBeGreaterThan(0);
  for (const error of results) {
    expect(error).toBeInstanceOf(SystemError);
    expect(error).toMatchObject({ code: 'ENOMEM', syscall: name });
  }
});

test('nobody waits for ever: every wait ends, whatever is made to fail', async () => {
  for (const error of [errno.EMFILE, errno.EBADF, errno.EINTR]) {
    const counters = Array.from({ length: 20 }, () => EventFd.open());
    for (let every = 2; every < 12; every++) {
      runtime.gateArm?.(nr.epoll_ctl, 0, every, error, 0, 0);
      const waits = Promise.allSettled(counters.map((counter) => ready(counter, EPOLLIN, { timeout: 50 })));
      for (const counter of counters) counter.add();
      expect((await waits).length).toBe(20);
      runtime.gateDisarm?.();
      for (const counter of counters) counter.take();
    }
    for (const counter of counters) counter.close();
  }
});

import { readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { Epoll, EventFd, Pipe, SystemError } from '../../src/io/index.ts';
import { native } from '../../src/native.ts';
import { EPOLLIN, EPOLLOUT } from '../../src/sys/epoll.ts';
import { addonEnv, script } from '../support/compiled.ts';
import { errno } from '../support/errno.ts';
import { failEach, withFaults } from '../support/gate.ts';
import { nr } from '../support/numbers.ts';

const { runtime, sys } = native;
const open = () => readdirSync('/proc/self/fd').length;

test.each([
  ['ENOMEM', errno.ENOMEM],
  ['ENOSPC', errno.ENOSPC],
  ['EMFILE', errno.EMFILE],
])('whichever call answers %s: nothing leaks, and the set knows what the kernel knows', (code, error) => {
  using pipe = Pipe.open();
  using other = EventFd.open({ initial: 1 });
  const before = open();
  let epoll: Epoll<string> | undefined;
  let seen: unknown;
  const reached = failEach(
    { error },
    () => {
      seen = epoll = undefined;
      try {
        epoll = Epoll.open<string>();
        epoll.add(pipe.readEnd, { in: true }, 'pipe');
        epoll.add(other, { in: true, exclusive: true }, 'other');
        epoll.modify(pipe.readEnd, { in: true, et: true });
        // DEL and ADD
        epoll.modify(other, { in: true });
        epoll.wait(0);
        epoll.delete(pipe.readEnd);
        epoll.add(pipe.writeEnd, { out: true }, 'write');
        epoll.wait(0);
      } catch (thrown) {
        seen = thrown;
      }
    },
    (k) => {
      if (seen !== undefined) {
        expect(seen).toBeInstanceOf(SystemError);
        expect(seen).toMatchObject({ code });
      }
      if (epoll !== undefined) {
        // what it says that it watches, the kernel has, and nothing else
        for (const [fd, mask] of [
          [pipe.readEnd, EPOLLIN],
          [pipe.writeEnd, EPOLLOUT],
          [other, EPOLLIN],
        ] as const) {
          const known = epoll.has(fd);
          const inKernel = sys.epollCtl2(epoll.fd, 3, fd.fd, mask, 0, 0) !== -errno.ENOENT;
          // a DEL that failed leaves a ghost, which wait() drops
          if (known) expect([k, inKernel]).toEqual([k, true]);
        }
        epoll.close();
      }
      expect(open(), `call ${k}`).toBe(before);
    },
  );
  expect(reached).toBe(10);
});

test('a DEL that fails leaves a ghost, which is dropped, and the set is made anew', () => {
  using epoll = Epoll.open<string>();
  using counter = EventFd.open({ initial: 1 });
  epoll.add(counter, { in: true }, 'x');
  withFaults({ nr: nr.epoll_ctl, nth: 1, error: errno.ENOMEM }, () => epoll.delete(counter));
  expect([epoll.wait(0), epoll.wait(0), epoll.wait(0)]).toEqual([0, 0, 0]);
  expect([epoll.stale, epoll.rebuilt]).toEqual([2, 1]);
});

test('a set that cannot be made anew says so, stays usable and tries again', () => {
  using epoll = Epoll.open<string>();
  using counter = EventFd.open({ initial: 1 });
  const before = open();
  epoll.add(counter, { in: true }, 'x');
  withFaults({ nr: nr.epoll_ctl, nth: 1, error: errno.ENOMEM }, () => epoll.delete(counter));
  for (const call of [nr.epoll_create1, nr.dup3]) {
    let rounds = 0;
    withFaults({ nr: call, nth: 1, error: errno.EMFILE }, () => {
      expect(() => {
        for (; rounds < 10; rounds++) epoll.wait(0);
      }).toThrow(/EMFILE/);
    });
    expect(open()).toBe(before);
  }
  for (let i = 0; i < 3; i++) expect(epoll.wait(0)).toBe(0);
  expect(epoll.rebuilt).toBe(1);
  epoll.add(counter, { in: true }, 'again');
  expect([epoll.wait(0), epoll.data(0)]).toEqual([1, 'again']);
});

test('without foreign memory it works in a buffer of its own', async () => {
  runtime.gateNoExternal?.(1);
  try {
    using epoll = Epoll.open<string>({ maxEvents: 2 });
    using counter = EventFd.open();
    epoll.add(counter, { in: true }, 'x');
    expect(epoll.wait(0)).toBe(0);
    counter.add();
    expect([await epoll.waitAsync(), epoll.mask(0), epoll.data(0)]).toEqual([1, EPOLLIN, 'x']);
  } finally {
    runtime.gateNoExternal?.(0);
  }
});

describe('EINTR', () => {
  test('is not seen by who does not wait', () => {
    using epoll = Epoll.open();
    using counter = EventFd.open({ initial: 1 });
    epoll.add(counter, { in: true });
    const { fired } = withFaults({ nr: nr.epoll_wait, every: 2, error: errno.EINTR }, () => {
      for (let i = 0; i < 100; i++) expect(epoll.wait(0)).toBe(1);
    });
    expect(fired).toBe(99);
  });

  // the gate answers at once, so that a wait that began its time anew would never end, and one that gave up would be early
  test.each([
    ['epoll', 'epoll.wait(120)', nr.epoll_wait, 0],
    ['poll', 'poll([{ fd: pipe.readEnd, events: 1 }], { timeout: 120 }).length', nr.poll, 0],
    ['select', 'select({ read: [pipe.readEnd] }, { timeout: 120 }).read.length', nr.select, 0],
    ['eventfd', 'counter.takeSync(120) ?? 0', nr.poll, 0],
    ['timer', 'timer.takeSync(120) ?? 0', nr.poll, 0],
  ])('%s keeps its time, in a Worker', async (_name, wait, number, expected) => {
    const file = script(`
      import { parentPort } from 'node:worker_threads';
      import { Epoll, EventFd, Pipe, poll, select, Timer } from '$io';
      import { native } from '$native';
      const epoll = Epoll.open(), pipe = Pipe.open(), counter = EventFd.open(), timer = Timer.open();
      const results = [];
      for (const every of [1, 2, 3, 0]) {
        native.runtime.gateArm(${number}, 0, every, ${errno.EINTR}, 0, 0);
        const start = performance.now();
        const result = ${wait};
        const took = performance.now() - start;
        native.runtime.gateDisarm();
        results.push({ result, took, seen: native.runtime.gateSeen(), fired: native.runtime.gateFired() });
      }
      for (const each of [epoll, pipe, counter, timer]) each.close();
      parentPort.postMessage(results);
    `);
    const worker = new Worker(file, { env: { ...process.env, ...addonEnv } });
    const exit = new Promise((resolve) => worker.once('exit', resolve));
    const results = await new Promise<{ result: number; took: number; seen: number; fired: number }[]>(
      (resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      },
    );
    await exit;
    for (const [i, { result, took, fired }] of results.entries()) {
      expect(result).toBe(expected);
      expect(took).toBeGreaterThanOrEqual(119);
      if (i < 3) expect(fired).toBeGreaterThan(0);
    }
    // undisturbed: four times 25 ms, and what is left
    expect(results[3]?.seen).toBeGreaterThanOrEqual(5);
    expect(results[3]?.seen).toBeLessThanOrEqual(8);
  });
});

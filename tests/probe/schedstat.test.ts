import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Counters, rusage } from '../../src/probe/index.ts';
import { schedstat } from '../../src/probe/schedstat.ts';
import { ppoll } from '../../src/sys/poll.ts';
import { because, causeOf } from './cause.ts';

const cause = causeOf(schedstat);
const none = new Int32Array(2);
const wait = (times: number) => {
  for (let i = 0; i < times; i++) ppoll(none, 0, 50_000n, null);
};

test.skipIf(cause)(`23 waits are 23 times that a CPU was given, as many as rusage's switches ${because(cause)}`, () => {
  const counters = Counters.open([rusage('thread'), schedstat]);
  const windows = Array.from({ length: 11 }, () => {
    counters.begin();
    wait(23);
    counters.end();
    const seen = counters.difference();
    const switches =
      (seen['rusage-thread.voluntarySwitches'] ?? Number.NaN) +
      (seen['rusage-thread.involuntarySwitches'] ?? Number.NaN);
    return { given: seen['schedstat-thread.timeslices'] ?? Number.NaN, switches };
  });
  counters.close();
  expect(Math.min(...windows.map(({ given }) => given))).toBe(23);
  expect(Math.min(...windows.map(({ given, switches }) => Math.abs(given - switches)))).toBe(0);
});

test.skipIf(cause)(`without a wait there are none, and time on a CPU is counted ${because(cause)}`, () => {
  const counters = Counters.open([schedstat]);
  const windows = Array.from({ length: 11 }, () => {
    counters.begin();
    counters.end();
    return counters.difference()['schedstat-thread.timeslices'];
  });
  expect(Math.min(...windows.map(Number))).toBe(0);
  counters.begin();
  // CPU time, of which clock ticks tell it
  const start = process.cpuUsage();
  for (let used = 0; used < 30_000; ) {
    const { user, system } = process.cpuUsage(start);
    used = user + system;
  }
  counters.end();
  expect(counters.difference()['schedstat-thread.cpuNs']).toBeGreaterThan(0);
  counters.close();
});

test.skipIf(cause === undefined)('where the kernel keeps none, that is the cause (skipped: it works here)', () => {
  if (!existsSync('/proc/thread-self/schedstat')) expect(cause).toMatch(/ENOENT/);
  else expect(cause).toMatch(/keeps no schedstat|it is there, but/);
});

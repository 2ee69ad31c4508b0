import { median } from 'simple-statistics';
import { describe, expect, test } from 'vitest';
import { countMetrics, timeMetrics } from '../../src/lab/metrics.ts';
import type { Counts } from '../../src/lab/passes/count.ts';
import { makePlan } from '../../src/lab/plan.ts';
import { medianWithInterval, seeded, shuffled } from '../../src/lab/statistics.ts';

/** Three transfers of 5 calls each, 2 user faults and 3 voluntary switches, as every instrument would count them. */
function counted(
  over: Record<string, number> = {},
  ownCalls: number | null = 5,
  missing: Record<string, string> = {},
): Counts {
  const counts: Record<string, number> = {
    'perf-sys-enter.syscalls': 5,
    'perf-sys-enter.ownThread': 5,
    'perf-user-faults.userFaults': 2,
    'perf-software.minorFaults': 7,
    'perf-software.majorFaults': 0,
    'perf-software.contextSwitches': 4,
    'rusage.minorFaults': 7,
    'rusage.majorFaults': 0,
    'rusage.voluntarySwitches': 3,
    'rusage.involuntarySwitches': 1,
    'proc-io.readCallBytes': 100,
    'proc-io.writeCallBytes': 100,
    'proc-io.diskReadBytes': 0,
    ...over,
  };
  for (const name of Object.keys(counts)) if (missing[name.split('.')[0] as string] !== undefined) delete counts[name];
  return { samples: Array.from({ length: 3 }, () => ({ counts, ownCalls })), missing };
}

describe('evidence of the counting pass', () => {
  test('instruments that agree are both named', () => {
    const metrics = countMetrics(counted());
    expect(metrics.syscalls).toEqual({ value: 5, unit: 'calls/transfer', instrument: 'perf-sys-enter, own-count' });
    expect(metrics.modeSwitches).toMatchObject({ value: 2 * 5 + 2 * 2 });
    expect(metrics.voluntarySwitches).toMatchObject({ value: 3, instrument: 'rusage, perf-software' });
    expect(metrics.minorFaults).toMatchObject({ value: 7, instrument: 'rusage, perf-software' });
    expect(metrics.diskBytes).toMatchObject({ value: 0 });
  });

  test('instruments that disagree leave nothing but their two answers', () => {
    const calls = countMetrics(counted({ 'perf-sys-enter.ownThread': 6 }));
    const disagreement = 'instruments disagree: perf-sys-enter counts 6, own-count 5 in a median transfer';
    expect(calls.syscalls).toEqual({ missing: disagreement });
    expect(calls.modeSwitches).toEqual({ missing: `needs the system calls: ${disagreement}` });
    expect(countMetrics(counted({ 'perf-software.minorFaults': 8 })).minorFaults).toHaveProperty('missing');
    expect(countMetrics(counted({ 'perf-software.contextSwitches': 5 })).voluntarySwitches).toHaveProperty('missing');
  });

  test('a stray event in one transfer is no disagreement', () => {
    const counts = counted();
    const [first, ...rest] = counts.samples;
    const stray = { counts: { ...first?.counts, 'perf-sys-enter.ownThread': 6 }, ownCalls: 5 };
    expect(countMetrics({ ...counts, samples: [stray, ...rest] }).syscalls).toMatchObject({ value: 5 });
  });

  test('without the kernel, a path is taken at its word and says so; Node and the pumps have none', () => {
    const missing = { 'perf-sys-enter': 'EACCES', 'perf-software': 'EACCES' };
    expect(countMetrics(counted({}, 5, missing)).syscalls).toEqual({
      value: 5,
      unit: 'calls/transfer',
      instrument: 'own-count',
    });
    const node = countMetrics(counted({}, null, missing));
    expect(node.syscalls).toEqual({ missing: 'perf-sys-enter: EACCES' });
    expect(node.modeSwitches).toHaveProperty('missing');
    expect(node.voluntarySwitches).toMatchObject({ value: 3, instrument: 'rusage' });
  });

  test('without perf, faults taken in the kernel cannot be told apart, and the formula says so', () => {
    const { modeSwitches } = countMetrics(counted({}, 5, { 'perf-user-faults': 'ENOSYS' }));
    expect(modeSwitches).toMatchObject({
      value: 2 * 5 + 2 * 7,
      instrument: expect.stringContaining('in the kernel included'),
    });
  });

  test('without accounting in the kernel, bytes are missing and not 0', () => {
    const metrics = countMetrics(counted({}, 5, { 'proc-io': 'ENOENT' }));
    expect(metrics.diskBytes).toEqual({ missing: 'proc-io: ENOENT' });
  });
});

test('time per GiB, with an interval around the median', () => {
  const slice = {
    round: 0,
    transfers: 1,
    bytes: 2 ** 29,
    seconds: 0.25,
    senderUser: 0.1,
    senderSys: 0.2,
    receiverUser: 0,
    receiverSys: 0.05,
  };
  const metrics = timeMetrics([slice, slice, slice], seeded(1));
  expect(metrics.throughput).toMatchObject({ value: 2 ** 31, unit: 'B/s', ci: [2 ** 31, 2 ** 31] });
  expect(metrics.senderCpuPerGiB).toMatchObject({ value: expect.closeTo(0.6), unit: 's/GiB' });
  expect(metrics.receiverCpuPerGiB).toMatchObject({ value: 0.1 });
});

describe('statistics', () => {
  test('the same seed gives the same order, another seed another', () => {
    const items = Array.from({ length: 20 }, (_, i) => i);
    expect(shuffled(items, seeded(1))).toEqual(shuffled(items, seeded(1)));
    expect(shuffled(items, seeded(1))).not.toEqual(shuffled(items, seeded(2)));
    expect(shuffled(items, seeded(1)).sort((a, b) => a - b)).toEqual(items);
  });

  test('a 95 % interval holds the truth about 95 times in 100', () => {
    const random = seeded(3);
    let held = 0;
    for (let i = 0; i < 200; i++) {
      const { ci } = medianWithInterval(Array.from({ length: 15 }, random), random);
      if (ci[0] <= 0.5 && 0.5 <= ci[1]) held++;
    }
    expect(held).toBeGreaterThan(180);
    expect(median([1, 2, 3])).toBe(2);
  });
});

describe('the plan', () => {
  test('every path brings its pump, and one arm of each group runs twice', () => {
    const { arms } = makePlan({ paths: ['splice', 'node-stream'], sizes: [1, 2], sinks: ['unix'] });
    expect(arms.map(({ path, size, control }) => `${path} ${size}${control ? ' again' : ''}`)).toEqual([
      'splice 1',
      'node-stream 1',
      'pump-splice 1',
      'splice 1 again',
      'splice 2',
      'node-stream 2',
      'pump-splice 2',
      'splice 2 again',
    ]);
  });

  test('pumps can be left out', () => {
    const { arms } = makePlan({ paths: ['splice'], sizes: [1], pumps: false });
    expect(arms.map(({ path }) => path)).toEqual(['splice', 'splice']);
  });
});

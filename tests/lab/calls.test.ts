import { afterAll, describe, expect, test } from 'vitest';
import { Epoll } from '../../src/io/epoll.ts';
import { allocatedBytes } from '../../src/lab/calls/allocation.ts';
import { callCases } from '../../src/lab/calls/cases.ts';
import { Fixture, MAX_EVENTS } from '../../src/lab/calls/fixture.ts';
import { HOT_CALLS, type NativeName, runCallsBench } from '../../src/lab/calls.ts';
import { CALL_ARMS, callsResults } from '../../src/model/calls.ts';
import { isMeasured } from '../../src/model/evidence.ts';
import { native } from '../../src/native.ts';
import { renderCalls } from '../../src/report/index.ts';

test('every hot call has a loop by the instruction, one through libc, and a case', () => {
  const fixture = new Fixture();
  const epoll = Epoll.open({ maxEvents: MAX_EVENTS });
  const named = callCases(fixture, epoll).map(({ name }) => name);
  epoll.close();
  fixture.close();
  expect(Object.keys(native.libc).sort()).toEqual([...HOT_CALLS].sort());
  expect(named.sort()).toEqual([...HOT_CALLS].sort());
});

describe('the allocation instrument', () => {
  test('sees what is allocated', () => {
    const kept: number[][] = [];
    const bytes = allocatedBytes(() => {
      kept.length = 0;
      for (let i = 0; i < 2300; i++) kept.push([i, i, i]);
    });
    // an array of three: header, elements and their header
    expect(bytes / 2300).toBeGreaterThan(32);
    expect(bytes / 2300).toBeLessThan(200);
  });

  test('sees nothing where nothing is', () => {
    let sum = 0;
    const work = () => {
      for (let i = 0; i < 1000; i++) sum = (sum + i) | 0;
    };
    work();
    expect(Math.abs(allocatedBytes(work))).toBeLessThan(1024);
  });
});

describe('a million calls allocate nothing', () => {
  const fixture = new Fixture();
  const epoll = Epoll.open({ maxEvents: MAX_EVENTS });
  const cases = callCases(fixture, epoll);
  afterAll(() => {
    epoll.close();
    fixture.close();
  });
  const arms = cases.flatMap((one) =>
    (['typescript', 'bound'] as const).flatMap((arm) => {
      const loop = one[arm];
      return loop === undefined ? [] : [[`${one.name} by ${arm}`, loop] as const];
    }),
  );
  test.each(arms)(
    '%s',
    (_, loop) => {
      loop(20_000);
      // the rest is what compiling the loop leaves behind, once
      let bytes = Number.POSITIVE_INFINITY;
      for (let tries = 3; tries > 0 && bytes >= 4096; tries--) bytes = allocatedBytes(() => loop(1_000_000), 1);
      expect(bytes).toBeLessThan(4096);
    },
    60_000,
  );
});

test('a run follows its schema, and every arm that is there has a figure', async () => {
  const rounds: number[] = [];
  const results = await runCallsBench({ rounds: 5, batch: 20, seed: 23 }, ({ round }) => rounds.push(round));
  callsResults.parse(JSON.parse(JSON.stringify(results)));
  expect(rounds).toEqual([1, 2, 3, 4, 5]);
  expect(results.calls.map(({ call }) => call).sort()).toEqual([...HOT_CALLS].sort());
  for (const { call, ns, overC, overLibc } of results.calls) {
    for (const arm of ['c', 'libc', 'typescript'] as const) expect(isMeasured(ns[arm]), `${call} ${arm}`).toBe(true);
    expect(overC.c).toMatchObject({ value: 1, ci: [1, 1] });
    expect(overLibc.libc).toMatchObject({ value: 1, ci: [1, 1] });
    expect(isMeasured(ns.bound)).toBe(call === 'epollWait');
    for (const arm of CALL_ARMS) expect(isMeasured(overC[arm])).toBe(isMeasured(ns[arm]));
    if (!isMeasured(ns.koffi)) expect(ns.koffi.missing).toMatch(/koffi/);
  }
  for (const line of renderCalls(results).split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
});

test('an interrupt ends it between two rounds', async () => {
  const controller = new AbortController();
  const results = await runCallsBench(
    { calls: ['gettid'], rounds: 1000, batch: 1, signal: controller.signal },
    ({ round }) => {
      if (round === 7) controller.abort();
    },
  );
  expect(results.rounds).toBe(7);
  expect(results.warnings.join()).toMatch(/after 7 of 1000 rounds/);
  await expect(runCallsBench({ calls: ['gettid'], signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
});

test.each([
  [{ rounds: 0 }, /rounds must be an integer of 5 to 100000, got 0/],
  [{ rounds: 5.5 }, /rounds/],
  [{ batch: Number.NaN }, /batch.*NaN/],
  [{ seed: -1 }, /seed/],
  [{ calls: ['mmap' as NativeName] }, /calls: "mmap" is none of/],
])('refuses %j', async (options, message) => {
  await expect(runCallsBench(options)).rejects.toThrow(message);
});

import { describe, expect, test } from 'vitest';
import { Mapping } from '../../src/io/mapping.ts';
import { PerfRing, type SampledEvent } from '../../src/probe/ring.ts';
import { sampling } from '../../src/probe/sampling.ts';
import { read } from '../../src/sys/fd.ts';
import { PAGE_SIZE } from '../../src/sys/mmap.ts';
import {
  PERF_ATTR_EXCLUDE_KERNEL,
  PERF_COUNT_SW_CPU_CLOCK,
  PERF_COUNT_SW_PAGE_FAULTS,
  PERF_TYPE_SOFTWARE,
} from '../../src/sys/perf.ts';
import { gettid } from '../../src/sys/process.ts';
import { fresh, open, touchable } from '../support/raw.ts';
import { because, causeOf } from './cause.ts';

// what needs no privilege up to perf_event_paranoid 2: the user's side of this thread
const FAULTS: SampledEvent = {
  type: PERF_TYPE_SOFTWARE,
  config: PERF_COUNT_SW_PAGE_FAULTS,
  flags: PERF_ATTR_EXCLUDE_KERNEL,
  samplePeriod: 1n,
};
const SELF = { tid: 0, cpu: -1 };

function refusal(event: SampledEvent): string | undefined {
  try {
    new PerfRing(event, SELF, 1).close();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
const cause = refusal(FAULTS);

function touch(memory: Uint8Array): void {
  for (let at = 0; at < memory.length; at += PAGE_SIZE) memory[at] = 1;
}

describe.skipIf(cause)(`records of this thread's faults ${because(cause)}`, () => {
  test('23 touched pages are at least 23 records, in order, each as the counter counted it', () => {
    using ring = new PerfRing(FAULTS, SELF);
    const memory = touchable(23);
    const from = process.hrtime.bigint();
    ring.start();
    touch(memory);
    ring.stop();
    const to = process.hrtime.bigint();
    const samples = ring.drain();
    expect(samples.length).toBeGreaterThanOrEqual(23);
    expect(BigInt(samples.length)).toBe(ring.count());
    for (const { pid, tid } of samples) expect([pid, tid]).toEqual([process.pid, gettid()]);
    const times = samples.map(({ time }) => time);
    expect([...times].sort((a, b) => Number(a - b))).toEqual(times);
    // the clock is hrtime's
    for (const time of times) expect(time > from && time < to).toBe(true);
  });

  test('stopped it records nothing, and a second look shows only what is new', () => {
    using ring = new PerfRing(FAULTS, SELF);
    touch(touchable(5));
    expect(ring.drain()).toEqual([]);
    ring.start();
    touch(touchable(5));
    ring.stop();
    expect(ring.drain().length).toBeGreaterThanOrEqual(5);
    expect(ring.drain()).toEqual([]);
  });

  test('goes on past its end: 40 rounds of 23 through a ring that holds 102', () => {
    using ring = new PerfRing(FAULTS, SELF, 1);
    let total = 0;
    for (let round = 0; round < 40; round++) {
      const memory = touchable(23);
      ring.start();
      touch(memory);
      ring.stop();
      const samples = ring.drain();
      total += samples.length;
      for (const { pid, ip } of samples) expect([pid, ip > 0n]).toEqual([process.pid, true]);
    }
    expect(total).toBeGreaterThanOrEqual(40 * 23);
    expect(BigInt(total)).toBe(ring.count());
  });

  test('overrun: throws, and goes on throwing, since what is lost stays lost', () => {
    using ring = new PerfRing(FAULTS, SELF, 1);
    const memory = touchable(1000);
    ring.start();
    touch(memory);
    ring.stop();
    expect(() => ring.drain()).toThrow(/^records were lost: \d+ of \d{4,} events were read; the ring of 4096 bytes/);
    expect(() => ring.drain()).toThrow(/records were lost/);
  });

  test('after close() neither the descriptor nor the memory is left', () => {
    const before = Mapping.mapped.count;
    const ring = new PerfRing(FAULTS, SELF);
    ring.close();
    expect(Mapping.mapped.count).toBe(before);
    // the leak guard looks at the rest
    expect(() => ring.start()).toThrow();
  });

  test('what the kernel refuses says what is missing', () => {
    expect(() => new PerfRing({ ...FAULTS, config: 999n }, SELF)).toThrow(/ENOENT.*perf_event_open/s);
    expect(() => new PerfRing(FAULTS, { tid: 2 ** 22 + 1, cpu: -1 })).toThrow(/ESRCH/);
    expect(() => new PerfRing(FAULTS, SELF, 3)).toThrow(/EINVAL.*mmap/s);
  });
});

const KERNEL = { ...FAULTS, flags: 0, callchain: true };
const noKernel = refusal(KERNEL);
test.skipIf(noKernel)(`a call chain leads from the fault to the call ${because(noKernel)}`, () => {
  using ring = new PerfRing(KERNEL, SELF);
  const zero = open('/dev/zero');
  const address = fresh(23);
  ring.start();
  for (let i = 0; i < 23; i++) read(zero, address + i * PAGE_SIZE, 1);
  ring.stop();
  const samples = ring.drain();
  expect(samples.length).toBeGreaterThanOrEqual(23);
  // kernel addresses first, then those of user mode; the markers between them are no addresses
  for (const { chain } of samples) for (const address of chain) expect(address).toBeLessThan(2n ** 64n - 4096n);
  expect(samples.filter(({ chain }) => chain.some((address) => address >> 63n === 1n)).length).toBeGreaterThanOrEqual(
    23,
  );
});

const noSampling = causeOf(sampling);
test.skipIf(noSampling)(`a clock is no event: nothing is missed where it did not tick ${because(noSampling)}`, () => {
  const clock = { type: PERF_TYPE_SOFTWARE, config: PERF_COUNT_SW_CPU_CLOCK, samplePeriod: 100_000n };
  using ring = new PerfRing(clock, SELF);
  ring.start();
  const end = process.hrtime.bigint() + 10_000_000n;
  while (process.hrtime.bigint() < end);
  ring.stop();
  expect(ring.drain().length).toBeGreaterThan(0);
});

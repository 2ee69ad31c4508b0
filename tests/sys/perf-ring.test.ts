/** The sampling half of the family: rings, breakpoints, and what their attributes say. perf.test.ts has the counting. */
import { describe, expect, test } from 'vitest';
import { native, offsetOf } from '../../src/native.ts';
import { read } from '../../src/sys/fd.ts';
import { MAP_SHARED, PAGE_SIZE, PROT_READ, PROT_WRITE } from '../../src/sys/mmap.ts';
import * as perf from '../../src/sys/perf.ts';
import { CLOCK_MONOTONIC, gettid } from '../../src/sys/process.ts';
import { errno } from '../support/errno.ts';
import { fresh, keep, map, touchable } from '../support/raw.ts';

const { runtime } = native;
const USER = perf.PERF_ATTR_DISABLED | perf.PERF_ATTR_EXCLUDE_KERNEL;
const FAULTS: perf.PerfEvent = {
  type: perf.PERF_TYPE_SOFTWARE,
  config: perf.PERF_COUNT_SW_PAGE_FAULTS,
  flags: USER,
  samplePeriod: 1n,
  sampleType: perf.PERF_SAMPLE_TID,
};
const openEvent = (event: perf.PerfEvent) => perf.perfEventOpen(perf.encodePerfEvent(event), 0, -1, -1, 0);

const first = openEvent(FAULTS);
const refused = first >= 0 ? '' : ` (perf_event_open answers ${first})`;
if (first >= 0) native.sys.close(first);

interface Ring {
  readonly page: BigUint64Array;
  readonly data: DataView;
}

function ringOf(fd: number, pages = 4): Ring {
  const address = map((pages + 1) * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
  const view = runtime.view(address) as ArrayBuffer;
  return { page: new BigUint64Array(view, 0, PAGE_SIZE / 8), data: new DataView(view, PAGE_SIZE, pages * PAGE_SIZE) };
}

const word = ({ page }: Ring, field: string) => Number(page[offsetOf(perf.PERF_MMAP_PAGE, field) / 8]);

/** Type and size of each record from the start to where the kernel is. */
function records(ring: Ring): [number, number][] {
  const all: [number, number][] = [];
  for (let at = 0; at < word(ring, 'data_head'); ) {
    const type = ring.data.getUint32(at + offsetOf(perf.PERF_HEADER, 'type'), true);
    const size = ring.data.getUint16(at + offsetOf(perf.PERF_HEADER, 'record_size'), true);
    all.push([type, size]);
    at += size;
  }
  return all;
}

function during(fds: readonly number[], body: () => void): void {
  for (const fd of fds) perf.perfIoctl(fd, perf.PERF_EVENT_IOC_ENABLE, 0);
  body();
  for (const fd of fds) perf.perfIoctl(fd, perf.PERF_EVENT_IOC_DISABLE, 0);
}

function touch(memory: Uint8Array): void {
  for (let at = 0; at < memory.length; at += PAGE_SIZE) memory[at] = 1;
}

function count(fd: number): number {
  const out = new BigUint64Array(1);
  return Number(perf.readPerfCount(out, read(fd, out)).value);
}

describe.skipIf(refused)(`a mapped ring${refused}`, () => {
  test('begins after its first page, and is as long as it was asked for', () => {
    const ring = ringOf(keep(openEvent(FAULTS)), 4);
    expect([word(ring, 'data_offset'), word(ring, 'data_size')]).toEqual([PAGE_SIZE, 4 * PAGE_SIZE]);
    expect([word(ring, 'data_head'), word(ring, 'data_tail')]).toEqual([0, 0]);
  });

  test('has a record for each event: a header, and the parts that were asked for', () => {
    const fd = keep(openEvent(FAULTS));
    const ring = ringOf(fd);
    during([fd], () => touch(touchable(23)));
    const all = records(ring);
    expect(all.length).toBeGreaterThanOrEqual(23);
    expect(all.length).toBe(count(fd));
    // the numbers of process and thread behind the header
    expect(new Set(all.map(String))).toEqual(new Set([`${perf.PERF_RECORD_SAMPLE},${perf.PERF_HEADER.size + 8}`]));
    expect([ring.data.getUint32(8, true), ring.data.getUint32(12, true)]).toEqual([process.pid, gettid()]);
  });

  test('parts come in the order of their bits', () => {
    const sampleType = perf.PERF_SAMPLE_IP | perf.PERF_SAMPLE_TID | perf.PERF_SAMPLE_TIME | perf.PERF_SAMPLE_CPU;
    const flags = USER | perf.PERF_ATTR_USE_CLOCKID;
    const fd = keep(openEvent({ ...FAULTS, sampleType, flags, clockid: CLOCK_MONOTONIC }));
    const ring = ringOf(fd);
    const from = process.hrtime.bigint();
    during([fd], () => touch(touchable(1)));
    const to = process.hrtime.bigint();
    expect(records(ring)[0]).toEqual([perf.PERF_RECORD_SAMPLE, perf.PERF_HEADER.size + 4 * 8]);
    expect(ring.data.getUint32(8 + 8 + 4, true)).toBe(gettid());
    const time = ring.data.getBigUint64(8 + 16, true);
    expect(time > from && time < to).toBe(true);
  });

  test('that is full takes no more, and the counter goes on', () => {
    const fd = keep(openEvent(FAULTS));
    const ring = ringOf(fd, 1);
    during([fd], () => touch(touchable(1000)));
    expect(word(ring, 'data_head')).toBeLessThanOrEqual(PAGE_SIZE);
    expect(count(fd)).toBeGreaterThanOrEqual(1000);
  });

  test('takes the records of another event, until that is undone', () => {
    const target = keep(openEvent(FAULTS));
    const other = keep(openEvent({ ...FAULTS, config: perf.PERF_COUNT_SW_PAGE_FAULTS_MIN }));
    const ring = ringOf(target);
    expect(perf.perfIoctl(other, perf.PERF_EVENT_IOC_SET_OUTPUT, target)).toBe(0);
    during([other], () => touch(touchable(23)));
    const shared = records(ring).length;
    expect(shared).toBeGreaterThanOrEqual(23);
    expect(shared).toBe(count(other));
    expect(perf.perfIoctl(other, perf.PERF_EVENT_IOC_SET_OUTPUT, -1)).toBe(0);
    during([other], () => touch(touchable(23)));
    expect(records(ring)).toHaveLength(shared);
    // what is no event, and a ring that is there already
    expect(perf.perfIoctl(other, perf.PERF_EVENT_IOC_SET_OUTPUT, 0)).toBe(-errno.EBADF);
    ringOf(other);
    expect(perf.perfIoctl(other, perf.PERF_EVENT_IOC_SET_OUTPUT, target)).toBe(-errno.EINVAL);
  });

  test.each<[string, Partial<perf.PerfEvent>]>([
    ['a clock that perf does not have', { flags: USER | perf.PERF_ATTR_USE_CLOCKID, clockid: 99 }],
    ['an unknown part of a sample', { sampleType: 2 ** 40 }],
    ['a breakpoint that neither reads nor writes', { type: perf.PERF_TYPE_BREAKPOINT, config: 0n, samplePeriod: 0n }],
  ])('is refused: %s', (_what, change) => {
    expect(openEvent({ ...FAULTS, ...change })).toBe(-errno.EINVAL);
  });
});

const watching = (address: number, type: number): perf.PerfEvent => ({
  type: perf.PERF_TYPE_BREAKPOINT,
  config: 0n,
  flags: USER,
  breakpoint: { type, address: BigInt(address), length: perf.HW_BREAKPOINT_LEN_1 },
});

const trial = refused ? -1 : openEvent(watching(process.pid, perf.HW_BREAKPOINT_RW));
const noRegister = trial >= 0 ? '' : ` (a breakpoint answers ${trial})`;
if (trial >= 0) native.sys.close(trial);

describe.skipIf(noRegister)(`a breakpoint on a byte of this thread${noRegister}`, () => {
  test('counts its 23 writes and 23 reads, and nothing of its neighbours', () => {
    const address = fresh(1);
    const memory = new Uint8Array(runtime.view(address) as ArrayBuffer);
    memory.fill(1);
    const any = keep(openEvent(watching(address + 100, perf.HW_BREAKPOINT_RW)));
    const writes = keep(openEvent(watching(address + 100, perf.HW_BREAKPOINT_W)));
    let sum = 0;
    during([any, writes], () => {
      for (let i = 0; i < 23; i++) memory[100] = i;
      for (let i = 0; i < 23; i++) sum += memory[100] as number;
      for (let i = 0; i < 23; i++) sum += memory[99] as number;
    });
    expect(sum).toBe(23 * 22 + 23);
    expect(count(writes)).toBe(23);
    expect(count(any)).toBe(46);
  });

  test('that only reads is refused where the processor has none (x86)', () => {
    const result = openEvent(watching(fresh(1), perf.HW_BREAKPOINT_R));
    if (result >= 0) keep(result);
    else expect(result).toBe(-errno.EINVAL);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/native.ts';
import { close, read } from '../../src/sys/fd.ts';
import { PAGE_SIZE, processVmWritev } from '../../src/sys/mmap.ts';
import * as perf from '../../src/sys/perf.ts';
import { poll } from '../../src/sys/poll.ts';
import { getrusage, RUSAGE_THREAD } from '../../src/sys/process.ts';
import { RUSAGE_SIZE, readRusage } from '../../src/sys/structs.ts';
import { errno } from '../support/errno.ts';
import { filled, fresh, isRoot, keep, least, open, pipe, touchable } from '../support/raw.ts';

const USER = perf.PERF_ATTR_DISABLED | perf.PERF_ATTR_EXCLUDE_KERNEL;

function counter(config: number, flags: number = perf.PERF_ATTR_DISABLED, readFormat = 0): number {
  const attr = perf.encodePerfEvent({ type: perf.PERF_TYPE_SOFTWARE, config, flags, readFormat });
  return perf.perfEventOpen(attr, 0, -1, -1, 0);
}

// tried for real, once: containers and perf_event_paranoid forbid it in several ways
const refused = (flags: number): string => {
  const fd = counter(perf.PERF_COUNT_SW_PAGE_FAULTS, flags);
  if (fd >= 0) close(fd);
  const paranoid = readFileSync('/proc/sys/kernel/perf_event_paranoid', 'utf8').trim();
  return fd >= 0 ? '' : ` (perf_event_open answers ${fd}, perf_event_paranoid is ${paranoid})`;
};
const noUser = refused(USER);
const noKernel = refused(perf.PERF_ATTR_DISABLED);

/** What `body` counts. It must not allocate (so no `expect`): a young heap faults, too. */
function counted(fd: number, body: () => unknown): number {
  const out = new BigUint64Array(1);
  perf.perfIoctl(fd, perf.PERF_EVENT_IOC_RESET, 0);
  perf.perfIoctl(fd, perf.PERF_EVENT_IOC_ENABLE, 0);
  body();
  perf.perfIoctl(fd, perf.PERF_EVENT_IOC_DISABLE, 0);
  return Number(perf.readPerfCount(out, read(fd, out)).value);
}

function touch(memory: Uint8Array): void {
  for (let at = 0; at < memory.length; at += PAGE_SIZE) memory[at] = 1;
}

describe.skipIf(noUser)(`user-mode page faults of this thread${noUser}`, () => {
  test('23 fresh pages touched are 23, all of them minor, and none of them when touched again', () => {
    const all = keep(counter(perf.PERF_COUNT_SW_PAGE_FAULTS, USER));
    const minor = keep(counter(perf.PERF_COUNT_SW_PAGE_FAULTS_MIN, USER));
    const major = keep(counter(perf.PERF_COUNT_SW_PAGE_FAULTS_MAJ, USER));
    const [first, second, third] = [all, minor, major].map((fd) =>
      least(9, () => {
        const memory = touchable(23);
        return counted(fd, () => touch(memory));
      }),
    );
    expect([first, second, third]).toEqual([23, 23, 0]);
    const warm = touchable(23);
    touch(warm);
    expect(least(9, () => counted(all, () => touch(warm)))).toBe(0);
  });

  test('rusage agrees', () => {
    const fd = keep(counter(perf.PERF_COUNT_SW_PAGE_FAULTS, USER));
    const [before, after] = [new Uint8Array(RUSAGE_SIZE), new Uint8Array(RUSAGE_SIZE)];
    const apart = least(9, () => {
      const memory = touchable(29);
      const faults = counted(fd, () => {
        getrusage(RUSAGE_THREAD, before);
        touch(memory);
        getrusage(RUSAGE_THREAD, after);
      });
      return Math.abs(readRusage(after).minflt - readRusage(before).minflt - faults);
    });
    expect(apart).toBe(0);
  });

  test('context switches happen in the kernel, and are none without its side', () => {
    const fd = keep(counter(perf.PERF_COUNT_SW_CONTEXT_SWITCHES, USER));
    const none = new Int32Array(2);
    expect(counted(fd, () => Array.from({ length: 23 }, () => poll(none, 0, 1)))).toBe(0);
  });

  test('a count stops, goes on and begins anew', () => {
    const fd = keep(counter(perf.PERF_COUNT_SW_PAGE_FAULTS, USER));
    const now = () => {
      const out = new BigUint64Array(1);
      expect(read(fd, out)).toBe(8);
      return Number(out[0]);
    };
    touch(touchable(5));
    expect(now()).toBe(0);
    expect(perf.perfIoctl(fd, perf.PERF_EVENT_IOC_ENABLE, 0)).toBe(0);
    touch(touchable(5));
    expect(perf.perfIoctl(fd, perf.PERF_EVENT_IOC_DISABLE, 0)).toBe(0);
    const stopped = now();
    expect(stopped).toBeGreaterThanOrEqual(5);
    touch(touchable(5));
    expect(now()).toBe(stopped);
    expect(perf.perfIoctl(fd, perf.PERF_EVENT_IOC_RESET, 0)).toBe(0);
    expect(now()).toBe(0);
  });

  test('tells for how long it was enabled and counting', () => {
    const format = perf.PERF_FORMAT_TOTAL_TIME_ENABLED | perf.PERF_FORMAT_TOTAL_TIME_RUNNING;
    const fd = keep(counter(perf.PERF_COUNT_SW_TASK_CLOCK, perf.PERF_ATTR_EXCLUDE_KERNEL, format));
    const out = new BigUint64Array(3);
    const { times } = perf.readPerfCount(out, read(fd, out));
    expect(times).toHaveLength(2);
    expect(times[1]).toBe(times[0]);
    expect(times[0]).toBeGreaterThan(0n);
    expect(read(fd, new BigUint64Array(2))).toBe(-errno.ENOSPC);
    expect(() => perf.readPerfCount(out, -errno.ENOSPC)).toThrow(/read answered -28/);
  });
});

describe.skipIf(noKernel)(`the kernel's side of this thread${noKernel}`, () => {
  test('faults inside a system call are the kernel side only', () => {
    const [both, user] = [
      keep(counter(perf.PERF_COUNT_SW_PAGE_FAULTS)),
      keep(counter(perf.PERF_COUNT_SW_PAGE_FAULTS, USER)),
    ];
    const zero = open('/dev/zero');
    const copied = (fd: number) =>
      least(9, () => {
        const address = fresh(23);
        return counted(fd, () => read(zero, address));
      });
    expect([copied(both), copied(user)]).toEqual([23, 0]);
  });

  test('pages that the kernel fetches without a fault are in rusage, and not here', () => {
    const fd = keep(counter(perf.PERF_COUNT_SW_PAGE_FAULTS));
    const from = new Uint8Array(23 * PAGE_SIZE);
    const [before, after] = [new Uint8Array(RUSAGE_SIZE), new Uint8Array(RUSAGE_SIZE)];
    let accounted = Number.POSITIVE_INFINITY;
    const faults = least(9, () => {
      const address = fresh(23);
      const n = counted(fd, () => {
        getrusage(RUSAGE_THREAD, before);
        processVmWritev(address, undefined, from);
        getrusage(RUSAGE_THREAD, after);
      });
      accounted = Math.min(accounted, readRusage(after).minflt - readRusage(before).minflt);
      return n;
    });
    expect([faults, accounted]).toEqual([0, 23]);
  });

  test('23 waits are 23 context switches, as many as rusage counts of both kinds', () => {
    const fd = keep(counter(perf.PERF_COUNT_SW_CONTEXT_SWITCHES));
    const [before, after] = [new Uint8Array(RUSAGE_SIZE), new Uint8Array(RUSAGE_SIZE)];
    const none = new Int32Array(2);
    const rounds = Array.from({ length: 5 }, () => {
      const switches = counted(fd, () => {
        getrusage(RUSAGE_THREAD, before);
        for (let i = 0; i < 23; i++) poll(none, 0, 1);
        getrusage(RUSAGE_THREAD, after);
      });
      const [a, b] = [readRusage(before), readRusage(after)];
      return { switches, rusage: b.nvcsw - a.nvcsw + b.nivcsw - a.nivcsw };
    });
    expect(Math.min(...rounds.map(({ switches }) => switches))).toBe(23);
    expect(Math.min(...rounds.map(({ switches, rusage }) => Math.abs(switches - rusage)))).toBe(0);
  });
});

describe('perf_event_open refuses', () => {
  const attr = (change: Partial<perf.PerfEvent> = {}) =>
    perf.encodePerfEvent({
      type: perf.PERF_TYPE_SOFTWARE,
      config: perf.PERF_COUNT_SW_PAGE_FAULTS,
      flags: USER,
      ...change,
    });
  const layout = native.layouts.perf_event_attr;
  const poked = (change: (data: DataView) => void) => {
    const bytes = attr();
    change(new DataView(bytes.buffer));
    return bytes;
  };
  const sigtrap = 1n << 37n;

  test.skipIf(noUser).each<[string, () => Uint8Array, [number, number, number, number], number]>([
    ['an event that nobody has', () => attr({ config: 999n }), [0, -1, -1, 0], errno.ENOENT],
    ['any thread on any CPU', attr, [-1, -1, -1, 0], errno.EINVAL],
    ['a thread that is not there', attr, [2 ** 22 + 1, -1, -1, 0], errno.ESRCH],
    ['a CPU that is not there', attr, [0, 9999, -1, 0], errno.EINVAL],
    ['a group that is closed', attr, [0, -1, 19_999, 0], errno.EBADF],
    ['a group that is no event', attr, [0, -1, 0, 0], errno.EBADF],
    ['unknown flags', attr, [0, -1, -1, 1024], errno.EINVAL],
    ['an unknown read format', () => attr({ readFormat: 2 ** 40 }), [0, -1, -1, 0], errno.EINVAL],
  ])('%s', (_what, make, [pid, cpu, group, flags], code) => {
    expect(perf.perfEventOpen(make(), pid, cpu, group, flags)).toBe(-code);
  });

  test('too little room, a size beyond it and a signal, before the kernel is asked', () => {
    expect(perf.perfEventOpen(attr().subarray(0, 63), 0, -1, -1, 0)).toBe(-errno.EINVAL);
    expect(
      perf.perfEventOpen(
        poked((data) => data.setUint32(layout?.attr_size ?? -1, 4096, true)),
        0,
        -1,
        -1,
        0,
      ),
    ).toBe(-errno.EINVAL);
    expect(
      perf.perfEventOpen(
        poked((data) => data.setBigUint64(layout?.flags ?? -1, sigtrap, true)),
        0,
        -1,
        -1,
        0,
      ),
    ).toBe(-errno.EINVAL);
    expect(() => perf.perfEventOpen(null as never, 0, -1, -1, 0)).toThrow(/perfEventOpen: attr must be/);
  });

  test.skipIf(isRoot || noUser || Number(readFileSync('/proc/sys/kernel/perf_event_paranoid', 'utf8')) < 2)(
    'the kernel side and whole CPUs without privilege, at perf_event_paranoid 2: EACCES',
    () => {
      expect(perf.perfEventOpen(attr({ flags: 0 }), 0, -1, -1, 0)).toBe(-errno.EACCES);
      expect(perf.perfEventOpen(attr(), -1, 0, -1, 0)).toBe(-errno.EACCES);
    },
  );

  test('ioctl: what is no event, and other requests', () => {
    const { read: end } = pipe();
    expect(perf.perfIoctl(end, perf.PERF_EVENT_IOC_ENABLE, 0)).toBe(-errno.ENOTTY);
    expect(perf.perfIoctl(19_999, perf.PERF_EVENT_IOC_ENABLE, 0)).toBe(-errno.EBADF);
    const PERF_EVENT_IOC_SET_FILTER = 0x40082406;
    expect(perf.perfIoctl(filled(1), PERF_EVENT_IOC_SET_FILTER, 0)).toBe(-errno.EINVAL);
  });
});

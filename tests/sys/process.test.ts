import { cpus } from 'node:os';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { AT_FDCWD, close, openat } from '../../src/sys/fd.ts';
import { PAGE_SIZE } from '../../src/sys/mmap.ts';
import { poll } from '../../src/sys/poll.ts';
import * as proc from '../../src/sys/process.ts';
import {
  encodeRlimit,
  RLIM_INFINITY,
  RLIMIT_SIZE,
  RUSAGE_SIZE,
  readRlimit,
  readRusage,
  readTimespec,
  TIMESPEC_SIZE,
} from '../../src/sys/structs.ts';
import { errno } from '../support/errno.ts';
import { CAP_SYS_RESOURCE, capable, isRoot, least, touchable } from '../support/raw.ts';

// pid_max is 2^22 at most
const NOBODY_HAS = 2 ** 22 + 1;
const INIT = 1;

function usage(who = proc.RUSAGE_THREAD) {
  const buf = new Uint8Array(RUSAGE_SIZE);
  expect(proc.getrusage(who, buf)).toBe(0);
  return readRusage(buf);
}

describe('getrusage', () => {
  test('23 waits are 23 voluntary switches of this thread', () => {
    const none = new Int32Array(2);
    const switches = least(9, () => {
      const before = usage().nvcsw;
      for (let i = 0; i < 23; i++) poll(none, 0, 1);
      return usage().nvcsw - before;
    });
    expect(switches).toBe(23);
  });

  test('23 fresh pages touched are 23 minor faults', () => {
    // filled in during the measurement, decoded after it: a young heap faults, too, when something is allocated
    const [before, after] = [new Uint8Array(RUSAGE_SIZE), new Uint8Array(RUSAGE_SIZE)];
    const faults = least(9, () => {
      const memory = touchable(23);
      proc.getrusage(proc.RUSAGE_THREAD, before);
      for (let page = 0; page < 23; page++) memory[page * PAGE_SIZE] = 1;
      proc.getrusage(proc.RUSAGE_THREAD, after);
      return readRusage(after).minflt - readRusage(before).minflt;
    });
    expect(faults).toBe(23);
  });

  test('the process counts what its threads did, a thread only its own', async () => {
    const spin = 'let x = 0; const end = performance.now() + 100; while (performance.now() < end) x++;';
    const [thread, process] = [usage(), usage(proc.RUSAGE_SELF)];
    await new Promise((resolve) => new Worker(spin, { eval: true }).on('exit', resolve));
    const cpu = (a: typeof thread, b: typeof thread) => b.utimeUs + b.stimeUs - a.utimeUs - a.stimeUs;
    expect(cpu(process, usage(proc.RUSAGE_SELF))).toBeGreaterThan(cpu(thread, usage()));
  });

  test('agrees with Node on the process, and knows no other who', () => {
    const { maxRSS, minorPageFault, userCPUTime } = process.resourceUsage();
    const self = usage(proc.RUSAGE_SELF);
    expect(self.maxrss).toBeGreaterThanOrEqual(maxRSS);
    expect(self.minflt).toBeGreaterThanOrEqual(minorPageFault);
    expect(self.utimeUs).toBeGreaterThanOrEqual(userCPUTime);
    expect(usage(proc.RUSAGE_CHILDREN)).toBeDefined();
    expect(proc.getrusage(99, new Uint8Array(RUSAGE_SIZE))).toBe(-errno.EINVAL);
    expect(() => proc.getrusage(0, new Uint8Array(RUSAGE_SIZE - 8))).toThrow(/usage: \d+ bytes needed/);
  });
});

describe('clock_gettime', () => {
  const now = (clock: number) => {
    const buf = new BigInt64Array(TIMESPEC_SIZE / 8);
    expect(proc.clockGettime(clock, buf)).toBe(0);
    return readTimespec(buf);
  };

  test('MONOTONIC lies between two readings of hrtime, REALTIME near Date.now', () => {
    const [before, here, after] = [process.hrtime.bigint(), now(proc.CLOCK_MONOTONIC), process.hrtime.bigint()];
    expect(here).toBeGreaterThanOrEqual(before);
    expect(here).toBeLessThanOrEqual(after);
    expect(now(proc.CLOCK_BOOTTIME)).toBeGreaterThanOrEqual(here);
    expect(now(proc.CLOCK_REALTIME) / 10n ** 9n).toBeGreaterThan(1_700_000_000n);
  });

  test.each([
    ['MONOTONIC_RAW', proc.CLOCK_MONOTONIC_RAW],
    ['PROCESS_CPUTIME_ID', proc.CLOCK_PROCESS_CPUTIME_ID],
    ['THREAD_CPUTIME_ID', proc.CLOCK_THREAD_CPUTIME_ID],
  ])('CLOCK_%s never goes back', (_name, clock) => {
    const first = now(clock);
    expect(now(clock)).toBeGreaterThanOrEqual(first);
  });

  test('a clock that is not there is EINVAL', () => {
    expect(proc.clockGettime(99, new BigInt64Array(2))).toBe(-errno.EINVAL);
  });
});

describe('affinity', () => {
  const mask = () => {
    const bits = new Uint8Array(128);
    const written = proc.schedGetaffinity(0, bits);
    expect(written % 8).toBe(0);
    return bits;
  };
  const count = (bits: Uint8Array) => bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);

  test('a thread can be held to one CPU, and let go', () => {
    const before = mask();
    expect(count(before)).toBeGreaterThan(0);
    expect(count(before)).toBeLessThanOrEqual(cpus().length);
    const first = before.findIndex((byte) => byte !== 0);
    const one = new Uint8Array(128);
    one[first] = (before[first] ?? 0) & -(before[first] ?? 0);
    try {
      expect(proc.schedSetaffinity(0, one)).toBe(0);
      expect(mask()).toEqual(one);
    } finally {
      expect(proc.schedSetaffinity(0, before)).toBe(0);
    }
    expect(mask()).toEqual(before);
  });

  test('refuses a mask without a CPU, of a wrong size, or for nobody', () => {
    expect(proc.schedSetaffinity(0, new Uint8Array(128))).toBe(-errno.EINVAL);
    expect(proc.schedGetaffinity(0, new Uint8Array(0))).toBe(-errno.EINVAL);
    expect(proc.schedGetaffinity(0, new Uint8Array(127))).toBe(-errno.EINVAL);
    expect(proc.schedGetaffinity(NOBODY_HAS, new Uint8Array(128))).toBe(-errno.ESRCH);
    expect(proc.schedSetaffinity(NOBODY_HAS, mask())).toBe(-errno.ESRCH);
  });

  test.skipIf(isRoot)("another user's process is EPERM (root may)", () => {
    expect(proc.schedSetaffinity(INIT, mask())).toBe(-errno.EPERM);
  });
});

describe('prlimit', () => {
  const limit = (resource: number) => {
    const old = new BigUint64Array(RLIMIT_SIZE / 8);
    expect(proc.prlimit(0, resource, null, old)).toBe(0);
    return readRlimit(old);
  };

  test('sets the soft limit and answers what it was; the kernel keeps to it', () => {
    const before = limit(proc.RLIMIT_NOFILE);
    const old = new BigUint64Array(RLIMIT_SIZE / 8);
    try {
      expect(proc.prlimit(0, proc.RLIMIT_NOFILE, encodeRlimit({ soft: 3n, hard: before.hard }), old)).toBe(0);
      expect(readRlimit(old)).toEqual(before);
      expect(openat(AT_FDCWD, '/', 0, 0)).toBe(-errno.EMFILE);
    } finally {
      expect(proc.prlimit(0, proc.RLIMIT_NOFILE, encodeRlimit(before), null)).toBe(0);
    }
    expect(limit(proc.RLIMIT_NOFILE)).toEqual(before);
    expect(close(openat(AT_FDCWD, '/', 0, 0))).toBe(0);
  });

  test('reads every limit that it exports, and sets two of them only', () => {
    for (const resource of [proc.RLIMIT_AS, proc.RLIMIT_CORE, proc.RLIMIT_NPROC]) {
      const now = limit(resource);
      expect(now.soft).toBeLessThanOrEqual(now.hard);
      expect(proc.prlimit(0, resource, encodeRlimit(now), null)).toBe(-errno.EINVAL);
    }
    const memlock = limit(proc.RLIMIT_MEMLOCK);
    expect(proc.prlimit(0, proc.RLIMIT_MEMLOCK, encodeRlimit(memlock), null)).toBe(0);
  });

  test('refuses soft above hard, an unknown resource, nobody', () => {
    const { hard } = limit(proc.RLIMIT_NOFILE);
    expect(proc.prlimit(0, proc.RLIMIT_NOFILE, encodeRlimit({ soft: hard + 1n, hard }), null)).toBe(-errno.EINVAL);
    expect(proc.prlimit(0, 99, null, null)).toBe(-errno.EINVAL);
    expect(proc.prlimit(NOBODY_HAS, proc.RLIMIT_NOFILE, null, null)).toBe(-errno.ESRCH);
    // above fs.nr_open, which binds root as well
    const endless = encodeRlimit({ soft: 3n, hard: RLIM_INFINITY });
    expect(proc.prlimit(0, proc.RLIMIT_NOFILE, endless, null)).toBe(-errno.EPERM);
    expect(() => encodeRlimit({ soft: -1n, hard })).toThrow(/soft limit must be/);
    expect(() => encodeRlimit({ soft: 0n, hard: 2n ** 64n })).toThrow(/hard limit must be/);
  });

  test.skipIf(capable(CAP_SYS_RESOURCE))('EPERM for raising the hard limit (CAP_SYS_RESOURCE may)', () => {
    const { soft, hard } = limit(proc.RLIMIT_NOFILE);
    const more = encodeRlimit({ soft, hard: hard + 1n });
    expect(proc.prlimit(0, proc.RLIMIT_NOFILE, more, null)).toBe(-errno.EPERM);
  });

  test.skipIf(isRoot)("another user's process is EPERM (root may)", () => {
    expect(proc.prlimit(INIT, proc.RLIMIT_NOFILE, null, new BigUint64Array(2))).toBe(-errno.EPERM);
  });
});

test('gettid and getppid', () => {
  expect(proc.gettid()).toBe(process.pid);
  expect(proc.getppid()).toBe(process.ppid);
});

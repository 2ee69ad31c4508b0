import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { constant, native } from '../../src/native.ts';
import {
  Counters,
  type Instrument,
  instrumentReports,
  perfSoftware,
  perfUserFaults,
  procIo,
  rusage,
  syscalls,
} from '../../src/probe/index.ts';
import { tracepointId } from '../../src/probe/tracefs.ts';

const { sys, runtime } = native;
const PAGE = constant('PAGE_SIZE');

/** Why a test of this instrument cannot run here; undefined if it can. */
function causeOf(instrument: Instrument): string | undefined {
  const capability = instrument.capability();
  return capability.works ? undefined : capability.cause;
}

/** ASan and TSan fault in memory of their own (shadow, quarantine), in any window that calls into the addon. */
const sanitized = /[at]san/.test(process.env.LD_PRELOAD ?? '');
const ownFaults = sanitized ? "the sanitizer's own memory faults, too" : undefined;

type Window = Readonly<Record<string, number>>;

/** What each of several windows around `work` counted. */
function windows(instruments: Instrument[], work: () => void, number = 11): Window[] {
  const counters = Counters.open(instruments);
  try {
    return Array.from({ length: number }, () => {
      counters.begin();
      work();
      counters.end();
      return counters.difference();
    });
  } finally {
    counters.close();
  }
}

/** Minima over windows: what the runtime does of itself now and then (a collection, a compilation) only ever adds. */
function count(instruments: Instrument[], work: () => void): Window {
  const [first = {}, ...others] = windows(instruments, work);
  const least = { ...first };
  for (const window of others)
    for (const [name, value] of Object.entries(window)) least[name] = Math.min(least[name] ?? value, value);
  return least;
}

/**
 * The windows with the fewest involuntary switches. Who is preempted on the way into a wait finds it over when it is
 * back: one voluntary switch fewer, and the only noise that takes away. The sum of both kinds never falls.
 */
function leastPreempted(seen: readonly Window[], name: string): Window[] {
  const preempted = (window: Window) => window[`${name}.involuntarySwitches`] ?? Number.NaN;
  const least = Math.min(...seen.map(preempted));
  return seen.filter((window) => preempted(window) === least);
}

function least(seen: readonly Window[], figure: (window: Window) => number | undefined): number {
  return Math.min(...seen.map((window) => figure(window) ?? Number.NaN));
}

function gettid23() {
  for (let i = 0; i < 23; i++) sys.gettid();
}

function sleep23() {
  const none = new Uint8Array(8);
  for (let i = 0; i < 23; i++) sys.poll(none, 0, 1);
}

function fault23() {
  const zero = sys.openat(constant('AT_FDCWD'), '/dev/zero', 0, 0);
  const prot = constant<'prot'>('PROT_READ') | constant<'prot'>('PROT_WRITE');
  const address = sys.mmap(23 * PAGE, prot, constant<'map'>('MAP_PRIVATE') | constant<'map'>('MAP_ANONYMOUS'), -1, 0);
  for (let i = 0; i < 23; i++) sys.read(zero, address + i * PAGE, 1);
  runtime.unmap(address);
  sys.close(zero);
}

test('every instrument works, or says why it does not', () => {
  const reports = instrumentReports();
  expect(reports.map((r) => r.name)).toContain('perf-sys-enter');
  for (const { name, capability, overheadNs } of reports) {
    if (capability.works) expect(overheadNs, name).toBeGreaterThan(0);
    else {
      expect(capability.cause, name).toMatch(/\w+ \w+/);
      expect(overheadNs).toBeNull();
    }
  }
});

test('an empty window counts nothing', () => {
  const seen = count([procIo('process'), rusage('process'), perfSoftware, syscalls], () => {});
  for (const [name, value] of Object.entries(seen))
    if (!name.endsWith('Us') && !(ownFaults && name.endsWith('Faults'))) expect(value, name).toBe(0);
});

describe('rusage', () => {
  test.skipIf(ownFaults).each(['thread', 'process'] as const)(
    `of the %s: 23 faults are 23 (skipped if: ${ownFaults ?? 'no sanitizer is loaded'})`,
    (scope) => {
      const { name } = rusage(scope);
      expect(count([rusage(scope)], fault23)[`${name}.minorFaults`]).toBe(23);
    },
  );

  test('23 waits are 23 voluntary switches', () => {
    const seen = leastPreempted(windows([rusage('thread')], sleep23), 'rusage-thread');
    expect(least(seen, (window) => window['rusage-thread.voluntarySwitches'])).toBe(23);
  });
});

describe('/proc/*/io', () => {
  const cause = causeOf(procIo('thread'));

  // one at a time: each reads a text whose length grows with the figures in it, which the other would count
  test.skipIf(cause).each(['process', 'thread'] as const)(
    `of the %s: 23 reads are 23 (skipped if: ${cause ?? 'it works here'})`,
    (scope) => {
      const zero = sys.openat(constant('AT_FDCWD'), '/dev/zero', 0, 0);
      const seven = new Uint8Array(7);
      const instrument = procIo(scope);
      const seen = count([instrument], () => {
        for (let i = 0; i < 23; i++) sys.read(zero, seven);
      });
      sys.close(zero);
      expect(seen[`${instrument.name}.readCallBytes`]).toBe(23 * 7);
      expect(seen[`${instrument.name}.readCalls`]).toBe(23);
      expect(seen[`${instrument.name}.writeCallBytes`]).toBe(0);
    },
  );
});

describe('perf software events', () => {
  const cause = causeOf(perfSoftware);

  const noFaults = ownFaults ?? cause;
  test.skipIf(noFaults)(`faults: 23, and getrusage says the same (skipped if: ${noFaults ?? 'it works here'})`, () => {
    const seen = count([rusage('process'), perfSoftware], fault23);
    expect(seen['perf-software.minorFaults']).toBe(23);
    expect(seen['rusage.minorFaults']).toBe(23);
    expect(seen['perf-software.majorFaults']).toBe(0);
  });

  test.skipIf(cause)(`switches: 23, and getrusage says the same (skipped if: ${cause ?? 'it works here'})`, () => {
    const seen = windows([rusage('process'), perfSoftware], sleep23);
    const switches = ({ 'rusage.voluntarySwitches': own = 0, 'rusage.involuntarySwitches': forced = 0 }: Window) =>
      own + forced;
    expect(least(seen, (window) => window['perf-software.contextSwitches'])).toBe(23);
    expect(least(seen, switches)).toBe(23);
  });

  const userCause = ownFaults ?? causeOf(perfUserFaults);
  test.skipIf(userCause)(
    `faults of the kernel are no user faults (skipped if: ${userCause ?? 'it works here'})`,
    () => {
      expect(count([perfUserFaults], fault23)['perf-user-faults.userFaults']).toBe(0);
    },
  );
});

describe('sys_enter', () => {
  const cause = causeOf(syscalls);

  test.skipIf(cause)(`23 calls are 23 (skipped if: ${cause ?? 'it works here'})`, () => {
    const seen = count([syscalls], gettid23);
    expect(seen['perf-sys-enter.ownThread']).toBe(23);
    expect(seen['perf-sys-enter.syscalls']).toBe(23);
  });

  test.skipIf(cause)(`agrees with /proc/self/io about reads (skipped if: ${cause ?? 'it works here'})`, () => {
    const zero = sys.openat(constant('AT_FDCWD'), '/dev/zero', 0, 0);
    const byte = new Uint8Array(1);
    const seen = count([procIo('process'), syscalls], () => {
      for (let i = 0; i < 23; i++) sys.read(zero, byte);
    });
    sys.close(zero);
    expect(seen['perf-sys-enter.ownThread']).toBe(23);
    expect(seen['proc-io.readCalls']).toBe(23);
  });

  const root = process.getuid?.() === 0;
  const unshare = spawnSync('unshare', ['--mount', 'true']);
  const noMount = root && unshare.status === 0 ? undefined : 'needs root and unshare(1)';
  test.skipIf(noMount)(
    `its number is found without a tracefs mounted, and nothing stays mounted (${noMount ?? 'root'})`,
    () => {
      const before = readFileSync('/proc/self/mounts', 'utf8');
      const empty = mkdtempSync(join(tmpdir(), 'iolab-no-tracefs-'));
      expect(tracepointId('raw_syscalls/sys_enter', [empty])).toBeGreaterThan(0);
      expect(() => tracepointId('raw_syscalls/no_such_thing', [empty])).toThrow(
        /no_such_thing cannot be read: ENOENT.*;/,
      );
      rmdirSync(empty);
      expect(readFileSync('/proc/self/mounts', 'utf8')).toBe(before);
    },
  );
});

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

/** Medians over windows: what the runtime does of itself now and then (a collection, a compilation) is no part of it. */
function count(instruments: Instrument[], work: () => void, windows = 11): Record<string, number> {
  const counters = Counters.open(instruments);
  try {
    const seen: Record<string, number[]> = {};
    for (let i = 0; i < windows; i++) {
      counters.begin();
      work();
      counters.end();
      for (const [name, value] of Object.entries(counters.difference())) {
        seen[name] ??= [];
        seen[name].push(value);
      }
    }
    const median = (values: number[]) => values.sort((a, b) => a - b)[(windows - 1) / 2] ?? Number.NaN;
    return Object.fromEntries(Object.entries(seen).map(([name, values]) => [name, median(values)]));
  } finally {
    counters.close();
  }
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
  for (const [name, value] of Object.entries(seen)) if (!name.endsWith('Us')) expect(value, name).toBe(0);
});

describe('rusage', () => {
  test.each(['thread', 'process'] as const)('of the %s: 23 faults are 23', (scope) => {
    const { name } = rusage(scope);
    expect(count([rusage(scope)], fault23)[`${name}.minorFaults`]).toBe(23);
  });

  test('23 waits are 23 voluntary switches', () => {
    expect(count([rusage('thread')], sleep23)['rusage-thread.voluntarySwitches']).toBe(23);
  });
});

describe('/proc/*/io', () => {
  const cause = causeOf(procIo('thread'));

  test.skipIf(cause)(`23 reads are 23 (skipped if: ${cause ?? 'it works here'})`, () => {
    const zero = sys.openat(constant('AT_FDCWD'), '/dev/zero', 0, 0);
    const seven = new Uint8Array(7);
    const seen = count([procIo('process'), procIo('thread')], () => {
      for (let i = 0; i < 23; i++) sys.read(zero, seven);
    });
    sys.close(zero);
    for (const name of ['proc-io', 'proc-thread-io']) {
      expect(seen[`${name}.readCallBytes`], name).toBe(23 * 7);
      expect(seen[`${name}.readCalls`], name).toBe(23);
      expect(seen[`${name}.writeCallBytes`], name).toBe(0);
    }
  });
});

describe('perf software events', () => {
  const cause = causeOf(perfSoftware);

  test.skipIf(cause)(`faults: 23, and getrusage says the same (skipped if: ${cause ?? 'it works here'})`, () => {
    const seen = count([rusage('process'), perfSoftware], fault23);
    expect(seen['perf-software.minorFaults']).toBe(23);
    expect(seen['rusage.minorFaults']).toBe(23);
    expect(seen['perf-software.majorFaults']).toBe(0);
  });

  test.skipIf(cause)(`switches: 23, and getrusage says the same (skipped if: ${cause ?? 'it works here'})`, () => {
    const seen = count([rusage('process'), perfSoftware], sleep23);
    expect(seen['perf-software.contextSwitches']).toBe(23);
    expect((seen['rusage.voluntarySwitches'] ?? 0) + (seen['rusage.involuntarySwitches'] ?? 0)).toBe(23);
  });

  const userCause = causeOf(perfUserFaults);
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

import { expect, test } from 'vitest';
import { Socket } from '../../src/io/socket.ts';
import { Counters, perfSoftware, perfUserFaults } from '../../src/probe/index.ts';
import {
  faultTracepoints,
  netTracepoints,
  schedTracepoints,
  syscalls,
  TracepointCounter,
} from '../../src/probe/tracepoints.ts';
import { read } from '../../src/sys/fd.ts';
import { PAGE_SIZE } from '../../src/sys/mmap.ts';
import { ppoll } from '../../src/sys/poll.ts';
import { gettid } from '../../src/sys/process.ts';
import { recv, send } from '../../src/sys/socket.ts';
import { fresh, least, open } from '../support/raw.ts';
import { because, causeOf } from './cause.ts';

const sanitized = /[at]san/.test(process.env.LD_PRELOAD ?? '') ? "the sanitizer's own memory faults, too" : undefined;

const ROUNDS = 11;

/** The fewest of several windows: the runtime's own doing only adds. */
function counted(instruments: Parameters<typeof Counters.open>[0], work: () => void): Record<string, number> {
  const counters = Counters.open(instruments);
  try {
    const fewest: Record<string, number> = {};
    for (let round = 0; round < ROUNDS; round++) {
      counters.begin();
      work();
      counters.end();
      for (const [name, value] of Object.entries(counters.difference()))
        fewest[name] = Math.min(fewest[name] ?? Number.POSITIVE_INFINITY, value);
    }
    return fewest;
  } finally {
    counters.close();
  }
}

const noFaults = sanitized ?? causeOf(faultTracepoints);
test.skipIf(noFaults)(
  `23 faults in the kernel and none in user mode, as software events say ${because(noFaults)}`,
  () => {
    const zero = open('/dev/zero');
    // made beforehand: what allocates in the window faults, too
    const memory = Array.from({ length: ROUNDS }, () => fresh(23));
    const seen = counted([perfSoftware, perfUserFaults, faultTracepoints], () => {
      const address = memory.pop() as number;
      for (let i = 0; i < 23; i++) read(zero, address + i * PAGE_SIZE, 1);
    });
    expect(seen['perf-fault-tracepoints.kernelFaults']).toBe(23);
    expect(seen['perf-software.minorFaults']).toBe(23);
    expect(seen['perf-fault-tracepoints.userFaults']).toBe(0);
    expect(seen['perf-user-faults.userFaults']).toBe(0);
  },
);

const noSched = causeOf(schedTracepoints);
test.skipIf(noSched)(`23 waits are 23 switches, as software events say ${because(noSched)}`, () => {
  const none = new Int32Array(2);
  const seen = counted([perfSoftware, schedTracepoints], () => {
    // so long that no time is over before its waiter sleeps, also on a busy machine
    for (let i = 0; i < 23; i++) ppoll(none, 0, 1_000_000n, null);
  });
  expect(seen['perf-sched-tracepoints.contextSwitches']).toBe(23);
  expect(seen['perf-software.contextSwitches']).toBe(23);
});

const noNet = causeOf(netTracepoints);
test.skipIf(noNet)(`23 messages through a UNIX socket are 23 copies and no transmit ${because(noNet)}`, () => {
  const [from, to] = Socket.pair();
  const message = new Uint8Array(100);
  const seen = counted([netTracepoints], () => {
    for (let i = 0; i < 23; i++) {
      send(from.fd, message, 100, 0);
      recv(to.fd, message, 100, 0);
    }
  });
  from.close();
  to.close();
  expect(seen['perf-net-tracepoints.datagramCopies']).toBe(23);
  expect(seen['perf-net-tracepoints.transmits']).toBe(0);
});

const noCalls = causeOf(syscalls);
test.skipIf(noCalls).each([
  ['the process', 'process'],
  ['this thread', 'thread'],
  ['a thread by its number', { tid: gettid() }],
] as const)(`23 calls are 23 counted over %s ${because(noCalls)}`, (_of, scope) => {
  using counter = new TracepointCounter({ calls: 'raw_syscalls/sys_enter' }, scope);
  const window = (times: number) => {
    counter.begin();
    for (let i = 0; i < times; i++) gettid();
    counter.end();
    return counter.difference().calls ?? Number.NaN;
  };
  const empty = least(23, () => window(0));
  expect(least(23, () => window(23)) - empty).toBe(23);
});

test.skipIf(noCalls)(`counted over all CPUs there are at least the 23 of this thread ${because(noCalls)}`, () => {
  using all = new TracepointCounter({ calls: 'raw_syscalls/sys_enter' }, 'cpus');
  using own = new TracepointCounter({ calls: 'raw_syscalls/sys_enter' }, 'thread');
  all.begin();
  own.begin();
  for (let i = 0; i < 23; i++) gettid();
  own.end();
  all.end();
  expect(own.difference().calls).toBeGreaterThanOrEqual(23);
  expect(all.difference().calls).toBeGreaterThanOrEqual(own.difference().calls ?? Number.NaN);
});

test.skipIf(noCalls)(`a thread that is not there is refused ${because(noCalls)}`, () => {
  expect(() => new TracepointCounter({ calls: 'raw_syscalls/sys_enter' }, { tid: 2 ** 22 + 1 })).toThrow(/ESRCH/);
});

test('what does not work says why', () => {
  for (const instrument of [faultTracepoints, schedTracepoints, netTracepoints, syscalls]) {
    const capability = instrument.capability();
    if (!capability.works) expect(capability.cause, instrument.name).toMatch(/tracepoint|perf_event_open|it is there/);
  }
});

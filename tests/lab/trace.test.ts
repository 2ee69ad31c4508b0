import { describe, expect, test } from 'vitest';
import { vethCapability } from '../../src/lab/routes.ts';
import { type Threads, timeline } from '../../src/lab/trace/timeline.ts';
import { checkOf, totalsOf } from '../../src/lab/trace/totals.ts';
import { runTrace } from '../../src/lab/trace.ts';
import { isMeasured } from '../../src/model/evidence.ts';
import { type TraceEvent, type TraceReport, traceReport } from '../../src/model/trace.ts';
import { constant } from '../../src/native.ts';
import type { PathName } from '../../src/paths/index.ts';
import { type TracepointRecord, threadRecorder } from '../../src/probe/index.ts';
import { syscallName } from '../../src/probe/syscall-names.ts';
import { because, causeOf } from '../probe/cause.ts';

const cause = causeOf(threadRecorder);
const value = (report: TraceReport, side: 'sender' | 'receiver', name: string) => {
  const figure = report.totals[side][name];
  return figure !== undefined && isMeasured(figure) ? figure.value : figure;
};
const calls = (report: TraceReport) =>
  report.events.filter(({ side, kind }) => side === 'sender' && kind === 'call').map(({ what }) => what);

describe.skipIf(cause)(`a traced transfer ${because(cause)}`, { timeout: 60_000 }, () => {
  test.each<[PathName, readonly string[]]>([
    ['read-write', ['mmap', 'pread64', 'write', 'munmap']],
    ['sendfile', ['sendfile']],
    ['splice', ['pipe2', 'splice', 'splice', 'close', 'close']],
  ])('%s makes these calls, and every count that there is twice agrees', async (path, expected) => {
    const report = await runTrace(path, { route: 'unix' });
    expect(traceReport.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(calls(report)).toEqual(expected);
    expect(value(report, 'sender', 'syscalls')).toBe(expected.length);
    expect(report.checks.filter(({ agree, what }) => !agree && !/context/.test(what))).toEqual([]);
    expect(value(report, 'receiver', 'copiedToReceiver')).toBe(65_536);
    // order of time, and nothing before the beginning
    const times = report.events.map(({ us }) => us);
    expect([...times].sort((a, b) => a - b)).toEqual(times);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(0);
  });

  test('what is left out of a call is told beside it: chunks of 4 KiB are 16 times the calls', async () => {
    const report = await runTrace('read-write', { route: 'unix', chunk: 4096 });
    expect(calls(report).filter((name) => name === 'pread64')).toHaveLength(16);
    expect(calls(report).filter((name) => name === 'write')).toHaveLength(16);
    expect(report.checks.filter(({ agree, what }) => !agree && !/context/.test(what))).toEqual([]);
  });

  test('over loopback sendfile puts no payload into its packets, and says which function copied for read and write', async () => {
    const sent = await runTrace('sendfile');
    expect(value(sent, 'sender', 'bytesInPages')).toBe(65_536);
    expect(sent.copies.filter(({ during }) => during === 'sendfile')).toEqual([]);
    const written = await runTrace('read-write');
    if (written.missing.length === 0) {
      expect(written.copies).toContainEqual({ during: 'pread64', function: '_copy_to_iter' });
      expect(written.copies).toContainEqual({ during: 'write', function: '_copy_from_iter' });
    }
  });

  test('a cold file is asked of the disk, and the thread waits for it', async () => {
    const report = await runTrace('sendfile', { cache: 'cold' });
    expect(value(report, 'sender', 'diskBytes')).toBe(65_536);
    expect(report.events.filter(({ side, kind }) => side === 'sender' && kind === 'switch').length).toBeGreaterThan(0);
  });

  const noVeth = causeOf(vethCapability);
  test.skipIf(noVeth)(`over a veth pair the checks agree as well ${because(noVeth)}`, async () => {
    const report = await runTrace('sendfile', { route: 'veth' });
    expect(report.route).toMatch(/veth/);
    expect(report.checks.filter(({ agree, what }) => !agree && !/context/.test(what))).toEqual([]);
  });
});

test.skipIf(cause === undefined)(
  'without privilege: the steps, the receiver, and what is missing (skipped: there is some)',
  async () => {
    const report = await runTrace('read-write', { route: 'unix' });
    expect(traceReport.parse(report).traced).toBe(false);
    expect(report.events.filter(({ kind }) => kind === 'step').map(({ result }) => result)).toEqual([65_536, 0]);
    expect(value(report, 'sender', 'syscalls')).toBe(4);
    expect(report.totals.sender.modeSwitches).toEqual({ missing: cause });
    expect(report.missing.map(({ what }) => what)).toEqual([
      'what the kernel does in each call',
      'which function copies',
    ]);
  },
);

describe('a timeline of records', () => {
  const threads: Threads = { sender: 10, receiver: 20 };
  const ends = { sender: 1_000_000n, receiver: 1_000_000n };
  const WRITE = constant('SYS_write');
  const RECV = constant('SYS_recvfrom');
  const at = (us: number, tid: number, event: string, fields: object) =>
    ({ event, fields, time: BigInt(us) * 1000n, tid, cpu: 0, functions: [] }) as unknown as TracepointRecord;
  const made = (...records: TracepointRecord[]) => timeline(records, threads, 0n, ends);

  test('pairs a call with its answer, and knows what happened in it', () => {
    const events = made(
      at(1, 10, 'raw_syscalls/sys_enter', { id: WRITE }),
      at(2, 10, 'exceptions/page_fault_kernel', {}),
      at(3, 10, 'raw_syscalls/sys_exit', { id: WRITE, ret: -11 }),
      at(4, 10, 'exceptions/page_fault_user', {}),
    );
    expect(events).toEqual([
      { us: 1, side: 'sender', kind: 'call', what: 'write', until: 3, result: -11, inKernel: false },
      { us: 2, side: 'sender', kind: 'fault', what: 'page fault in the kernel', inKernel: true },
      { us: 4, side: 'sender', kind: 'fault', what: 'page fault in user mode', inKernel: false },
    ]);
    const totals = totalsOf(events, 'sender', { kernelFaults: 'this kernel has no such tracepoint' });
    // two of the call and two of the fault in user mode
    expect(totals.modeSwitches).toMatchObject({ value: 4 });
    expect(totals.userFaults).toMatchObject({ value: 1 });
    expect(totals.kernelFaults).toEqual({ missing: 'this kernel has no such tracepoint' });
  });

  test('a call that was begun before has its answer and one mode switch', () => {
    const events = made(
      at(5, 20, 'skb/skb_copy_datagram_iovec', { len: 100 }),
      at(6, 20, 'raw_syscalls/sys_exit', { id: RECV, ret: 100 }),
    );
    expect(events.map(({ kind, inKernel }) => [kind, inKernel])).toEqual([
      ['copy', true],
      ['call', true],
    ]);
    expect(events[1]).toMatchObject({ what: 'recvfrom', result: 100 });
    expect(events[1]).not.toHaveProperty('until');
    expect(totalsOf(events, 'receiver', {}).modeSwitches).toMatchObject({ value: 1 });
  });

  test('who wakes whom, and who runs instead', () => {
    const events = made(
      at(1, 10, 'sched/sched_waking', { pid: 20 }),
      at(2, 10, 'sched/sched_switch', { prev_state: 0, next_pid: 20 }),
      at(3, 0, 'sched/sched_waking', { pid: 10 }),
      at(4, 20, 'sched/sched_switch', { prev_state: 1, next_pid: 99 }),
      at(5, 99, 'sched/sched_switch', { prev_state: 1, next_pid: 10 }),
    );
    expect(events.map(({ side, kind, what }) => [side, kind, what])).toEqual([
      ['sender', 'wake', 'the receiver'],
      ['sender', 'switch', 'preempted, the receiver runs'],
      ['sender', 'woken', 'an interrupt'],
      ['receiver', 'switch', 'waits'],
    ]);
  });

  test('what comes before and after it, and what others do, is not in it', () => {
    const late = timeline([at(2000, 10, 'raw_syscalls/sys_enter', { id: WRITE })], threads, 0n, ends);
    const early = timeline([at(1, 10, 'raw_syscalls/sys_enter', { id: WRITE })], threads, 5000n, ends);
    const other = made(at(1, 77, 'raw_syscalls/sys_enter', { id: WRITE }));
    expect([late, early, other]).toEqual([[], [], []]);
  });

  test('counts that differ are told as such', () => {
    expect(checkOf('calls', { a: 1, b: 2 })).toEqual({
      what: 'calls',
      figures: [
        { from: 'a', value: 1 },
        { from: 'b', value: 2 },
      ],
      agree: false,
    } satisfies TraceReport['checks'][0]);
    expect(checkOf('calls', { a: 2, b: 2 }).agree).toBe(true);
    expect(totalsOf([] as TraceEvent[], 'sender', {}).syscalls).toMatchObject({ value: 0 });
  });
});

test('system calls have names, and unknown ones keep their number', () => {
  expect(syscallName(constant('SYS_sendfile'))).toBe('sendfile');
  expect(syscallName(constant('SYS_pread64'))).toBe('pread64');
  expect(syscallName(99_999)).toBe('call 99999');
});

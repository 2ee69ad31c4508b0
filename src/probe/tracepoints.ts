/**
 * Tracepoints: places in the kernel that tell when they are passed, with the figures of the moment. Counted over threads or
 * CPUs here; recorder.ts keeps each passage with its fields.
 *
 * Needs their numbers (root, or a readable tracefs) and perf_event_paranoid <= 1 or CAP_PERFMON; whole CPUs need 0.
 */
import { Socket } from '../io/socket.ts';
import type { Capability } from '../model/works.ts';
import { PERF_TYPE_TRACEPOINT } from '../sys/perf.ts';
import { ppoll } from '../sys/poll.ts';
import { gettid } from '../sys/process.ts';
import { recv, send } from '../sys/socket.ts';
import { type Instrument, once, sees } from './instrument.ts';
import type { CountedScope } from './perf.ts';
import { type CountedEvents, PerfCounter } from './perf-counter.ts';
import { faultInKernel } from './perf-software.ts';
import { tracepointFormats } from './tracefs.ts';

/** Names as kernels have them under /sys/kernel/tracing/events; what each tells is in recorder.ts. */
export const TRACEPOINTS = [
  'raw_syscalls/sys_enter',
  'raw_syscalls/sys_exit',
  'skb/skb_copy_datagram_iovec',
  'net/net_dev_start_xmit',
  'block/block_rq_issue',
  'block/block_rq_complete',
  'exceptions/page_fault_user',
  'exceptions/page_fault_kernel',
  'sched/sched_switch',
  'sched/sched_waking',
  'sched/sched_wakeup',
  'tlb/tlb_flush',
  'filemap/mm_filemap_add_to_page_cache',
] as const;
export type TracepointName = (typeof TRACEPOINTS)[number];

type Counted = Readonly<Record<string, TracepointName>>;

function eventsOf(tracepoints: Counted): CountedEvents {
  const formats = tracepointFormats(Object.values(tracepoints));
  return Object.fromEntries(
    Object.keys(tracepoints).map((name, i) => [
      name,
      { type: PERF_TYPE_TRACEPOINT, config: formats[i]?.id ?? Number.NaN, userOnly: false },
    ]),
  );
}

/** How often tracepoints are passed. Any number of them; their numbers are looked up at once. */
export class TracepointCounter extends PerfCounter {
  /** `own`: name of one figure more, the first tracepoint on the calling thread alone; scope `process` only. */
  constructor(events: Counted, scope: CountedScope = 'process', own?: string) {
    super(eventsOf(events), scope, own);
  }
}

interface Trial {
  readonly counter: string;
  readonly expected: number;
  readonly work: () => void;
}

function counting(name: string, events: Counted, trial: Trial, own?: string): Instrument {
  const open = () => new TracepointCounter(events, 'process', own);
  return {
    name,
    counts: [...Object.keys(events), ...(own === undefined ? [] : [own])],
    capability: once((): Capability => {
      using counter = open();
      return sees(counter, trial.counter, trial.expected, trial.work);
    }),
    open,
  };
}

const TIMES = 23;

/** `syscalls`: of the process; `ownThread`: of the thread that reads it. Since Linux 2.6.31. */
export const syscalls: Instrument = counting(
  'perf-sys-enter',
  { syscalls: 'raw_syscalls/sys_enter' },
  {
    counter: 'ownThread',
    // the one more is the reading at the end
    expected: TIMES + 1,
    work() {
      for (let i = 0; i < TIMES; i++) gettid();
    },
  },
  'ownThread',
);

/**
 * Faults by where they were taken: `userFaults` are mode switches, `kernelFaults` happen inside system calls. What perf's
 * software events tell of them as well, by another way. x86 only: no other architecture has these tracepoints.
 */
export const faultTracepoints: Instrument = counting(
  'perf-fault-tracepoints',
  { userFaults: 'exceptions/page_fault_user', kernelFaults: 'exceptions/page_fault_kernel' },
  { counter: 'kernelFaults', expected: TIMES, work: () => faultInKernel(TIMES) },
);

const NOBODY = new Int32Array(2);
const MOMENT_NS = 50_000n;

/**
 * `contextSwitches`: how often its threads left a CPU. `wakings`: how often they woke somebody, of this process or another,
 * and how often somebody else woke them. Since Linux 2.6.28; `wakings` since 4.3.
 */
export const schedTracepoints: Instrument = counting(
  'perf-sched-tracepoints',
  { contextSwitches: 'sched/sched_switch', wakings: 'sched/sched_waking' },
  {
    counter: 'contextSwitches',
    expected: TIMES,
    work() {
      for (let i = 0; i < TIMES; i++) ppoll(NOBODY, 0, MOMENT_NS, null);
    },
  },
);

function receiveFromItself(times: number): void {
  const [from, to] = Socket.pair();
  const byte = new Uint8Array(1);
  for (let i = 0; i < times; i++) {
    send(from.fd, byte, 1, 0);
    recv(to.fd, byte, 1, 0);
  }
  from.close();
  to.close();
}

/** `datagramCopies`: pieces of packets copied to a receiver. `transmits`: packets given to a device, loopback as well. */
export const netTracepoints: Instrument = counting(
  'perf-net-tracepoints',
  { datagramCopies: 'skb/skb_copy_datagram_iovec', transmits: 'net/net_dev_start_xmit' },
  { counter: 'datagramCopies', expected: TIMES, work: () => receiveFromItself(TIMES) },
);

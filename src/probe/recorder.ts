/**
 * Records each passage of chosen tracepoints, with its fields, in the order of time: on chosen threads or on all CPUs. A
 * record that was lost makes {@link TracepointRecorder.drain} throw: what is missing might be what mattered.
 */
import { type Capability, refused, works } from '../model/works.ts';
import { PERF_TYPE_TRACEPOINT } from '../sys/perf.ts';
import { gettid } from '../sys/process.ts';
import { onlineCpus } from './cpus.ts';
import { once } from './instrument.ts';
import { functionAt } from './kallsyms.ts';
import { PerfRing, type Sample } from './ring.ts';
import { field, type TracepointFormat, tracepointFormats } from './tracefs.ts';
import type { TracepointName } from './tracepoints.ts';

/** Fields up to 32 bits are numbers; addresses and the like are bigints. */
const number = Number as (value: bigint) => number;
const word = (value: bigint): bigint => value;

/** What each tells, as far as it is used here. */
const FIELDS = {
  /** `id`: number of the system call. */
  'raw_syscalls/sys_enter': { id: number },
  /** `ret`: what it answers, `-errno` included. */
  'raw_syscalls/sys_exit': { id: number, ret: number },
  /** `len`: bytes that are to be copied to the receiver's memory. */
  'skb/skb_copy_datagram_iovec': { skbaddr: word, len: number },
  /** `len`: bytes of the packet with its headers; `data_len`: those of them that lie in pages of somebody else's. */
  'net/net_dev_start_xmit': { skbaddr: word, len: number, data_len: number, gso_segs: number },
  'block/block_rq_issue': { dev: number, sector: word, bytes: number },
  /** A sector has 512 bytes. `error`: 0, or `-errno`. */
  'block/block_rq_complete': { dev: number, sector: word, nr_sector: number, error: number },
  /** `address`: what was touched. */
  'exceptions/page_fault_user': { address: word, ip: word },
  'exceptions/page_fault_kernel': { address: word, ip: word },
  /** `prev_state` 0: it would have gone on, and was preempted. */
  'sched/sched_switch': { prev_pid: number, next_pid: number, prev_state: number },
  /** `pid`: the thread that is woken; who wakes it is the record's `tid`. */
  'sched/sched_waking': { pid: number, target_cpu: number },
  'sched/sched_wakeup': { pid: number, target_cpu: number },
  'tlb/tlb_flush': { reason: number, pages: number },
  /** `i_ino`, `s_dev`: the file; `index`: the first page. */
  'filemap/mm_filemap_add_to_page_cache': { i_ino: word, index: number, s_dev: number },
} as const satisfies Record<TracepointName, Record<string, (value: bigint) => number | bigint>>;

type Fields<E extends TracepointName> = { readonly [F in keyof (typeof FIELDS)[E]]: ReturnOf<(typeof FIELDS)[E][F]> };
type ReturnOf<F> = F extends (value: bigint) => infer R ? R : never;

interface Passage<E extends TracepointName> {
  readonly event: E;
  readonly fields: Fields<E>;
  /** Nanoseconds of CLOCK_MONOTONIC, which is `process.hrtime`'s. */
  readonly time: bigint;
  /** Who ran there; in an interrupt that is somebody who has nothing to do with it. 0: nobody, the CPU was idle. */
  readonly tid: number;
  readonly cpu: number;
  /** Kernel functions, innermost first; empty if call chains were not asked for. */
  readonly functions: readonly string[];
}

/** `switch (record.event)` tells which fields there are. */
export type TracepointRecord<E extends TracepointName = TracepointName> = { [N in E]: Passage<N> }[E];

/**
 * `tids`: threads, 0 for the calling one; of interrupts only those that hit them. `cpus`: whoever runs, on every CPU; needs
 * perf_event_paranoid <= 0 or CAP_PERFMON.
 */
export type RecordedTarget = { readonly tids: readonly number[] } | 'cpus';

export interface RecorderOptions {
  readonly callchain?: boolean;
  /** Of each ring, a power of two; there is one for each tracepoint and thread or CPU. Default 64. */
  readonly pages?: number;
}

interface Stream {
  readonly format: TracepointFormat;
  readonly ring: PerfRing;
  /** -1 if it is a CPU's. */
  readonly tid: number;
}

export class TracepointRecorder<E extends TracepointName> {
  readonly #streams: Stream[] = [];
  readonly #tids: ReadonlySet<number>;
  #from = 0n;
  #to = 0n;

  /**
   * Stopped at first. Throws Error if a tracepoint is not there or may not be known, SystemError: EACCES, EPERM (not
   * allowed), ESRCH (no such thread), EMFILE, ENOMEM.
   */
  static open<E extends TracepointName>(
    events: readonly E[],
    target: RecordedTarget = { tids: [0] },
    options: RecorderOptions = {},
  ): TracepointRecorder<E> {
    return new TracepointRecorder(events, target, options);
  }

  private constructor(
    events: readonly E[],
    target: RecordedTarget,
    { callchain = false, pages = 64 }: RecorderOptions,
  ) {
    const places =
      target === 'cpus'
        ? onlineCpus().map((cpu) => ({ tid: -1, cpu }))
        : target.tids.map((tid) => ({ tid: tid === 0 ? gettid() : tid, cpu: -1 }));
    this.#tids = new Set(places.map(({ tid }) => tid));
    try {
      for (const format of tracepointFormats(events)) {
        const event = { type: PERF_TYPE_TRACEPOINT, config: BigInt(format.id), samplePeriod: 1n, raw: true, callchain };
        for (const place of places)
          this.#streams.push({ format, tid: place.tid, ring: new PerfRing(event, place, pages) });
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  start(): void {
    for (const { ring } of this.#streams) ring.start();
    this.#from = process.hrtime.bigint();
  }

  stop(): void {
    this.#to = process.hrtime.bigint();
    for (const { ring } of this.#streams) ring.stop();
  }

  /**
   * What was recorded between the latest start() and stop(), in the order of time; what start() and stop() do themselves is
   * not in it. Throws if a record was lost.
   */
  drain(): TracepointRecord<E>[] {
    const records: TracepointRecord<E>[] = [];
    for (const { format, ring, tid } of this.#streams) {
      for (const sample of ring.drain()) {
        if (sample.time < this.#from || sample.time > this.#to) continue;
        // a thread that is woken may have the record in its ring, too: where its waker is watched, that is the same one again
        if (tid !== -1 && sample.tid !== tid && this.#tids.has(sample.tid)) continue;
        records.push(decode(format, sample) as TracepointRecord<E>);
      }
    }
    return records.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  }

  /** What was recorded while `work` ran. */
  during(work: () => void): TracepointRecord<E>[] {
    this.start();
    try {
      work();
    } finally {
      this.stop();
    }
    return this.drain();
  }

  close(): void {
    for (const { ring } of this.#streams.splice(0)) ring.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const isKernels = (address: bigint) => address >> 63n === 1n;

function decode(format: TracepointFormat, sample: Sample): TracepointRecord {
  const event = format.event as TracepointName;
  const fields: Record<string, number | bigint> = {};
  for (const [name, as] of Object.entries(FIELDS[event])) fields[name] = as(field(format, sample, name));
  const { time, tid, cpu, chain } = sample;
  const functions = chain.filter(isKernels).map(functionAt);
  // the table of fields has made them what the type says of this event
  return { event, fields, time, tid, cpu, functions } as unknown as TracepointRecord;
}

const TIMES = 23;

function recordsCalls(target: RecordedTarget): Capability {
  using recorder = TracepointRecorder.open(['raw_syscalls/sys_enter'], target);
  const self = gettid();
  const records = recorder.during(() => {
    for (let i = 0; i < TIMES; i++) gettid();
  });
  const calls = new Map<number, number>();
  for (const { tid, fields } of records) if (tid === self) calls.set(fields.id, (calls.get(fields.id) ?? 0) + 1);
  // code that runs for the first time makes calls of its own, but not this often the same
  return [...calls.values()].includes(TIMES)
    ? works
    : refused(`it is there, but where ${TIMES} like calls were made it records ${[...calls.values()].join(' and ')}`);
}

/** Of the threads of this process: needs the tracepoints' numbers, and perf_event_paranoid <= 1 or CAP_PERFMON. */
export const threadRecorder: () => Capability = once(() => recordsCalls({ tids: [0] }));

const CPU_TRIALS = 5;

/** Of whole CPUs, interrupts included: needs perf_event_paranoid <= 0 or CAP_PERFMON. */
export const cpuRecorder: () => Capability = once(() => {
  // here everybody's calls are recorded: one window that lost some says nothing against the next
  for (let left = CPU_TRIALS; left > 1; left--) {
    try {
      return recordsCalls('cpus');
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('records were lost')) throw error;
    }
  }
  return recordsCalls('cpus');
});

/** Records of the kernel become lines of a timeline: calls with their answers, and what happened during them. */
import type { Side, TraceEvent } from '../../model/trace.ts';
import type { TracepointRecord } from '../../probe/recorder.ts';
import { syscallName } from '../../probe/syscall-names.ts';

export interface Threads {
  readonly sender: number;
  readonly receiver: number;
}

type Event = TraceEvent;
/** What a record says beyond when and where; undefined for a record that is none of ours. */
type Said = Pick<Event, 'kind' | 'what'> & Partial<Event>;

/**
 * `from`: when the transfer began, CLOCK_MONOTONIC in nanoseconds. `ends`: what comes later on a thread is no longer the
 * transfer's.
 */
export function timeline(
  records: readonly TracepointRecord[],
  threads: Threads,
  from: bigint,
  ends: Readonly<Record<Side, bigint>>,
): Event[] {
  const events: Event[] = [];
  const open: Partial<Record<Side, Event>> = {};
  const us = (time: bigint) => Math.round(Number(time - from) / 10) / 100;
  for (const record of records) {
    const side = sideOf(record, threads);
    if (side === undefined || record.time < from || record.time > ends[side]) continue;
    if (record.event === 'raw_syscalls/sys_exit') {
      const { id, ret } = record.fields;
      const begun = open[side];
      delete open[side];
      // it was in the call before the trace began: a receiver that waits
      const call = begun ?? { us: 0, side, kind: 'call', what: syscallName(id), inKernel: true };
      Object.assign(call, { result: ret }, begun === undefined ? {} : { until: us(record.time) });
      if (begun === undefined) events.push({ ...call, us: us(record.time) });
      continue;
    }
    const said = say(record, threads);
    if (said === undefined) continue;
    // an interrupt that hit the thread in user mode woke somebody who has nothing to do with it
    if (said.kind === 'wake' && open[side] === undefined && said.what.startsWith('thread')) continue;
    const event: Event = { us: us(record.time), side, inKernel: open[side] !== undefined, ...said };
    events.push(event);
    if (record.event === 'raw_syscalls/sys_enter') open[side] = event;
  }
  return markWaiting(events);
}

/** What a thread went through before its first recorded call returned happened in the call that it was in. */
function markWaiting(events: Event[]): Event[] {
  for (const side of ['sender', 'receiver'] as const) {
    const own = events.filter((event) => event.side === side);
    const first = own.findIndex(({ kind }) => kind === 'call');
    if (first < 0 || own[first]?.until !== undefined || own[first]?.inKernel !== true) continue;
    own.slice(0, first).forEach((event) => {
      event.inKernel = true;
    });
  }
  return events;
}

/** A thread that is woken by somebody who is not traced: the record is about it, though it did nothing. */
function sideOf(record: TracepointRecord, { sender, receiver }: Threads): Side | undefined {
  if (record.tid === sender) return 'sender';
  if (record.tid === receiver) return 'receiver';
  if (record.event !== 'sched/sched_waking') return undefined;
  const { pid } = record.fields;
  return pid === sender ? 'sender' : pid === receiver ? 'receiver' : undefined;
}

function say(record: TracepointRecord, threads: Threads): Said | undefined {
  switch (record.event) {
    case 'raw_syscalls/sys_enter':
      return { kind: 'call', what: syscallName(record.fields.id), inKernel: false };
    case 'exceptions/page_fault_user':
      return { kind: 'fault', what: 'page fault in user mode', inKernel: false };
    case 'exceptions/page_fault_kernel':
      return { kind: 'fault', what: 'page fault in the kernel', inKernel: true };
    case 'skb/skb_copy_datagram_iovec':
      return { kind: 'copy', what: 'skb_copy_datagram_iter', bytes: record.fields.len };
    case 'net/net_dev_start_xmit':
      return { kind: 'packet', what: 'packet', bytes: record.fields.len, inPages: record.fields.data_len };
    case 'block/block_rq_issue':
      return { kind: 'disk', what: 'disk request', bytes: record.fields.bytes };
    case 'filemap/mm_filemap_add_to_page_cache':
      return { kind: 'cached', what: `page ${record.fields.index} of the file` };
    case 'sched/sched_switch':
      return switching(record, threads);
    case 'sched/sched_waking':
      return waking(record, threads);
    case 'tlb/tlb_flush':
      return { kind: 'tlb', what: 'TLB flush' };
    default:
      return undefined;
  }
}

/** Our two by what they do; anybody else by number. */
function nameOf(thread: number, { sender, receiver }: Threads): string {
  if (thread === sender) return 'the sender';
  if (thread === receiver) return 'the receiver';
  return thread === 0 ? 'an interrupt' : `thread ${thread}`;
}

function switching({ fields }: TracepointRecord<'sched/sched_switch'>, threads: Threads): Said {
  const why = fields.prev_state === 0 ? 'preempted' : 'waits';
  const ours = fields.next_pid === threads.sender || fields.next_pid === threads.receiver;
  return { kind: 'switch', what: ours ? `${why}, ${nameOf(fields.next_pid, threads)} runs` : why };
}

function waking({ tid, fields: { pid } }: TracepointRecord<'sched/sched_waking'>, threads: Threads): Said {
  const { sender, receiver } = threads;
  return tid === sender || tid === receiver
    ? { kind: 'wake', what: nameOf(pid, threads) }
    : { kind: 'woken', what: nameOf(tid, threads), inKernel: true };
}

/**
 * perf_event_open(2): the kernel counts an event of a thread, and read(2) on the descriptor answers the count. With a sample
 * period it also writes a record of each event into a ring, which mmap(2) of the descriptor shows.
 * Raw calls: numbers in, `>= 0` or `-errno` out. None of them blocks. See `docs/sys/perf.md`.
 */
import { constant, type Flag, layout, native, offsetOf, type View } from '../native.ts';

const { sys } = native;

/** Counted by the processor; virtual machines often have none of it (`-ENOENT`). */
export const PERF_TYPE_HARDWARE = constant<'perfType'>('PERF_TYPE_HARDWARE');
/** Counted by the kernel itself: works everywhere. */
export const PERF_TYPE_SOFTWARE = constant<'perfType'>('PERF_TYPE_SOFTWARE');
/** `config` is the number in /sys/kernel/tracing/events/GROUP/NAME/id, which only root can read. */
export const PERF_TYPE_TRACEPOINT = constant<'perfType'>('PERF_TYPE_TRACEPOINT');

/** A debug register: `config` 0, and `breakpoint` says where. Four on each CPU of x86, shared with debuggers (`-ENOSPC`). */
export const PERF_TYPE_BREAKPOINT = constant<'perfType'>('PERF_TYPE_BREAKPOINT');

/** A timer of the kernel's for each thread that runs; `samplePeriod` in nanoseconds. */
export const PERF_COUNT_SW_CPU_CLOCK = constant<'perfCount'>('PERF_COUNT_SW_CPU_CLOCK');
/** Counts nothing. */
export const PERF_COUNT_SW_DUMMY = constant<'perfCount'>('PERF_COUNT_SW_DUMMY');
export const PERF_COUNT_SW_PAGE_FAULTS = constant<'perfCount'>('PERF_COUNT_SW_PAGE_FAULTS');
/** Faults that needed no disk. */
export const PERF_COUNT_SW_PAGE_FAULTS_MIN = constant<'perfCount'>('PERF_COUNT_SW_PAGE_FAULTS_MIN');
/** Faults that did. */
export const PERF_COUNT_SW_PAGE_FAULTS_MAJ = constant<'perfCount'>('PERF_COUNT_SW_PAGE_FAULTS_MAJ');
/** Happen in the kernel: 0 with {@link PERF_ATTR_EXCLUDE_KERNEL}. */
export const PERF_COUNT_SW_CONTEXT_SWITCHES = constant<'perfCount'>('PERF_COUNT_SW_CONTEXT_SWITCHES');
export const PERF_COUNT_SW_CPU_MIGRATIONS = constant<'perfCount'>('PERF_COUNT_SW_CPU_MIGRATIONS');
/** Nanoseconds on a CPU. */
export const PERF_COUNT_SW_TASK_CLOCK = constant<'perfCount'>('PERF_COUNT_SW_TASK_CLOCK');
export const PERF_COUNT_HW_CPU_CYCLES = constant<'perfCount'>('PERF_COUNT_HW_CPU_CYCLES');
export const PERF_COUNT_HW_INSTRUCTIONS = constant<'perfCount'>('PERF_COUNT_HW_INSTRUCTIONS');

export const PERF_EVENT_IOC_ENABLE = constant<'perfIoctl'>('PERF_EVENT_IOC_ENABLE');
export const PERF_EVENT_IOC_DISABLE = constant<'perfIoctl'>('PERF_EVENT_IOC_DISABLE');
/** The count to 0; not the times. */
export const PERF_EVENT_IOC_RESET = constant<'perfIoctl'>('PERF_EVENT_IOC_RESET');

/** Records of this event go into the ring of event `arg`; -1 for its own again. Both on one CPU, or of one thread. */
export const PERF_EVENT_IOC_SET_OUTPUT = constant<'perfIoctl'>('PERF_EVENT_IOC_SET_OUTPUT');

/** A second word: for how many ns it was enabled. */
export const PERF_FORMAT_TOTAL_TIME_ENABLED = constant<'perfFormat'>('PERF_FORMAT_TOTAL_TIME_ENABLED');
/** A further word: for how many of them it was counting. Less means that counters were shared, and the count is partial. */
export const PERF_FORMAT_TOTAL_TIME_RUNNING = constant<'perfFormat'>('PERF_FORMAT_TOTAL_TIME_RUNNING');

/** Begins when it is enabled, not at once. */
export const PERF_ATTR_DISABLED = constant<'perfAttr'>('PERF_ATTR_DISABLED');
/** Threads and children that are started later count, too. */
export const PERF_ATTR_INHERIT = constant<'perfAttr'>('PERF_ATTR_INHERIT');
export const PERF_ATTR_EXCLUDE_USER = constant<'perfAttr'>('PERF_ATTR_EXCLUDE_USER');
/** What happens inside system calls is left out. Required without privilege where perf_event_paranoid is 2. */
export const PERF_ATTR_EXCLUDE_KERNEL = constant<'perfAttr'>('PERF_ATTR_EXCLUDE_KERNEL');
export const PERF_ATTR_EXCLUDE_HV = constant<'perfAttr'>('PERF_ATTR_EXCLUDE_HV');

/** Call chains end where user mode begins, and samples stay small. */
export const PERF_ATTR_EXCLUDE_CALLCHAIN_USER = constant<'perfAttr'>('PERF_ATTR_EXCLUDE_CALLCHAIN_USER');
/** `time` is that of `clockid`, so that it can be compared with what JavaScript reads. Since Linux 4.1. */
export const PERF_ATTR_USE_CLOCKID = constant<'perfAttr'>('PERF_ATTR_USE_CLOCKID');

/** What a sample holds; its parts come in the order of these. */
export const PERF_SAMPLE_IP = constant<'perfSample'>('PERF_SAMPLE_IP');
export const PERF_SAMPLE_TID = constant<'perfSample'>('PERF_SAMPLE_TID');
export const PERF_SAMPLE_TIME = constant<'perfSample'>('PERF_SAMPLE_TIME');
export const PERF_SAMPLE_CPU = constant<'perfSample'>('PERF_SAMPLE_CPU');
/** Who called whom, innermost first. */
export const PERF_SAMPLE_CALLCHAIN = constant<'perfSample'>('PERF_SAMPLE_CALLCHAIN');
/** The fields of a tracepoint, as its `format` in tracefs lays them out. */
export const PERF_SAMPLE_RAW = constant<'perfSample'>('PERF_SAMPLE_RAW');
/** Registers at the event, those of `sampleRegs`. */
export const PERF_SAMPLE_REGS_INTR = constant<'perfSample'>('PERF_SAMPLE_REGS_INTR');

/** Records of a ring. */
export const PERF_RECORD_LOST = constant<'perfRecord'>('PERF_RECORD_LOST');
export const PERF_RECORD_THROTTLE = constant<'perfRecord'>('PERF_RECORD_THROTTLE');
export const PERF_RECORD_SAMPLE = constant<'perfRecord'>('PERF_RECORD_SAMPLE');

/** What a breakpoint fires at. x86 has none that reads alone fire. */
export const HW_BREAKPOINT_R = constant<'breakpoint'>('HW_BREAKPOINT_R');
export const HW_BREAKPOINT_W = constant<'breakpoint'>('HW_BREAKPOINT_W');
export const HW_BREAKPOINT_RW = constant<'breakpoint'>('HW_BREAKPOINT_RW');
/** When the instruction there is executed; `length` HW_BREAKPOINT_LEN_8 on 64 bits. */
export const HW_BREAKPOINT_X = constant<'breakpoint'>('HW_BREAKPOINT_X');
export const HW_BREAKPOINT_LEN_1 = constant<'breakpointLength'>('HW_BREAKPOINT_LEN_1');
export const HW_BREAKPOINT_LEN_8 = constant<'breakpointLength'>('HW_BREAKPOINT_LEN_8');

const attr = layout('perf_event_attr');
/** The first page of a mapped ring: `data_head` is the kernel's, `data_tail` the reader's. */
export const PERF_MMAP_PAGE = layout('perf_event_mmap_page');
/** What each record begins with; `record_size` is that of the whole record. */
export const PERF_HEADER = layout('perf_event_header');

export interface Breakpoint {
  /** `HW_BREAKPOINT_*`. */
  type: Flag<'breakpoint'>;
  /** A user address fires in the thread's own address space, the kernel's under kernel addresses. */
  address: bigint;
  length: Flag<'breakpointLength'>;
}

/** Of `struct perf_event_attr`, what counting and sampling need. */
export interface PerfEvent {
  type: Flag<'perfType'>;
  /** Which event: `PERF_COUNT_*`, or a tracepoint's number. */
  config: Flag<'perfCount'> | bigint;
  /** `PERF_ATTR_*`. */
  flags?: Flag<'perfAttr'>;
  /** `PERF_FORMAT_*`. */
  readFormat?: Flag<'perfFormat'>;
  /** A record each so many events (nanoseconds for PERF_COUNT_SW_CPU_CLOCK). */
  samplePeriod?: bigint;
  /** `PERF_SAMPLE_*`. */
  sampleType?: Flag<'perfSample'>;
  /** Bits of the architecture's asm/perf_regs.h. */
  sampleRegs?: bigint;
  /** For PERF_ATTR_USE_CLOCKID. */
  clockid?: number;
  breakpoint?: Breakpoint;
}

/** `struct perf_event_attr` for {@link perfEventOpen}. */
export function encodePerfEvent(event: PerfEvent): Uint8Array {
  const out = new Uint8Array(attr.size);
  const data = new DataView(out.buffer);
  const word = (field: string, value: number | bigint = 0) =>
    data.setBigUint64(offsetOf(attr, field), BigInt(value), true);
  data.setUint32(offsetOf(attr, 'type'), event.type, true);
  data.setUint32(offsetOf(attr, 'attr_size'), attr.size, true);
  word('config', event.config);
  word('sample_period', event.samplePeriod);
  word('sample_type', event.sampleType);
  word('read_format', event.readFormat);
  word('flags', event.flags);
  word('sample_regs_intr', event.sampleRegs);
  data.setInt32(offsetOf(attr, 'clockid'), event.clockid ?? 0, true);
  if (event.breakpoint !== undefined) {
    data.setUint32(offsetOf(attr, 'bp_type'), event.breakpoint.type, true);
    word('bp_addr', event.breakpoint.address);
    word('bp_len', event.breakpoint.length);
  }
  return out;
}

/**
 * `int perf_event_open(struct perf_event_attr *attr, pid_t pid, int cpu, int group_fd, unsigned long flags)` - a descriptor
 * that counts an event; PERF_FLAG_FD_CLOEXEC is always added. {@link encodePerfEvent} makes `attr`.
 *
 * `pid` 0 is the calling thread, and with `cpu` -1 on whatever CPU; `groupFd` -1 for none. `read` answers one word of 64 bits,
 * and one for each `PERF_FORMAT_*`; `-ENOSPC` if the buffer is shorter.
 *
 * `-EACCES` (perf_event_paranoid: above 1 the kernel's side needs CAP_PERFMON, above 0 a whole CPU does; another user's
 * thread), `-EPERM` (seccomp, or paranoid 3 where a distribution has that), `-ENOENT` (no such event here), `-EINVAL` (a field
 * that makes no sense; also, before the kernel is asked: shorter than 64 bytes, a `size` beyond the buffer, `sigtrap`),
 * `-ESRCH`, `-EBADF` (`groupFd` is no event), `-EMFILE`. `-ENOSYS` without CONFIG_PERF_EVENTS. Since Linux 2.6.31.
 * perf_event_open(2).
 */
export const perfEventOpen = sys.perfEventOpen;

/**
 * `int ioctl(int fd, PERF_EVENT_IOC_..., int arg)` - starts, stops or zeroes a count; `arg` 0 for this event, 1 for its group.
 *
 * Another request is `-EINVAL` before the kernel is asked. `-ENOTTY` on what is no event. perf_event_open(2).
 */
export const perfIoctl = sys.perfIoctl;

export interface PerfCount {
  value: bigint;
  /** In the order of their bits, as far as `readFormat` asked for them: time enabled, time running; in ns. */
  times: bigint[];
}

/** What `read` gave for an event that is in no group; `bytes` is its result. */
export function readPerfCount(buf: View, bytes: number = buf.byteLength): PerfCount {
  const data = new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
  // a count that was not read is missing, and must not look like 0
  if (bytes < 8) throw new RangeError(`iolab: a count has 8 bytes, but read answered ${bytes}`);
  const times: bigint[] = [];
  for (let at = 8; at + 8 <= bytes; at += 8) times.push(data.getBigUint64(at, true));
  return { value: data.getBigUint64(0, true), times };
}

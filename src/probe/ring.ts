/**
 * The ring that the kernel writes a record of each event into: one event on one thread or CPU. Every record is accounted
 * for: an event counts what happened, and if fewer records were read than that, {@link PerfRing.drain} throws.
 */
import { SystemError } from '../io/errors.ts';
import { Fd } from '../io/fd.ts';
import { native, offsetOf } from '../native.ts';
import { read } from '../sys/fd.ts';
import { MAP_SHARED, mmap, PAGE_SIZE, PROT_READ, PROT_WRITE } from '../sys/mmap.ts';
import {
  encodePerfEvent,
  PERF_ATTR_DISABLED,
  PERF_ATTR_USE_CLOCKID,
  PERF_EVENT_IOC_DISABLE,
  PERF_EVENT_IOC_ENABLE,
  PERF_HEADER,
  PERF_MMAP_PAGE,
  PERF_RECORD_SAMPLE,
  PERF_SAMPLE_CALLCHAIN,
  PERF_SAMPLE_CPU,
  PERF_SAMPLE_IP,
  PERF_SAMPLE_RAW,
  PERF_SAMPLE_REGS_INTR,
  PERF_SAMPLE_TID,
  PERF_SAMPLE_TIME,
  type PerfEvent,
  perfEventOpen,
  perfIoctl,
} from '../sys/perf.ts';
import { poll } from '../sys/poll.ts';
import { CLOCK_MONOTONIC } from '../sys/process.ts';
import { paranoid } from './perf.ts';

const { runtime } = native;

export interface Sample {
  /** Address of the instruction; after it, for a data breakpoint. */
  readonly ip: bigint;
  readonly pid: number;
  /** 0 where no thread ran: an interrupt of an idle CPU. */
  readonly tid: number;
  /** Nanoseconds of CLOCK_MONOTONIC. */
  readonly time: bigint;
  readonly cpu: number;
  /** Innermost first, kernel and user mode, the markers between them left out. Empty if it was not asked for. */
  readonly chain: readonly bigint[];
  /** The fields of a tracepoint. */
  readonly raw?: DataView;
  /** In the order of their bits. */
  readonly regs?: readonly bigint[];
}

export interface SampledEvent extends Omit<PerfEvent, 'sampleType' | 'clockid' | 'readFormat'> {
  readonly samplePeriod: bigint;
  readonly callchain?: boolean;
  readonly raw?: boolean;
}

export interface Target {
  /** A thread's number, 0 for the calling one, -1 for whoever runs on `cpu`. */
  readonly tid: number;
  /** -1 for any. */
  readonly cpu: number;
}

const ALWAYS = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU;
/** Above this an "address" of a call chain says which context follows (PERF_CONTEXT_*), and is none. */
const MARKERS = -4096n & 0xffff_ffff_ffff_ffffn;
const HEAD = offsetOf(PERF_MMAP_PAGE, 'data_head');
const TAIL = offsetOf(PERF_MMAP_PAGE, 'data_tail');
const HEADER_TYPE = offsetOf(PERF_HEADER, 'type');
const HEADER_SIZE = offsetOf(PERF_HEADER, 'record_size');

const PATIENCE_MS = 100;
const NONE = new Uint8Array(0);

export class PerfRing {
  readonly #fd: Fd;
  readonly #address: number;
  readonly #page: BigUint64Array;
  readonly #data: Uint8Array;
  readonly #event: SampledEvent;
  /** Where every event leaves a record, a missing record shows. A clock skips while its thread does not run. */
  readonly #exact: boolean;
  #drained = 0n;

  /**
   * Stopped at first. `pages`: a power of two. Throws SystemError: EACCES, EPERM (not allowed), ENOSPC (the CPU's debug
   * registers are taken), ENOENT, EINVAL, ENOMEM or EPERM of mmap (perf_event_mlock_kb).
   */
  constructor(event: SampledEvent, target: Target, pages = 64) {
    this.#event = event;
    this.#exact = event.samplePeriod === 1n;
    const sampleType =
      ALWAYS |
      (event.callchain ? PERF_SAMPLE_CALLCHAIN : 0) |
      (event.raw ? PERF_SAMPLE_RAW : 0) |
      (event.sampleRegs ? PERF_SAMPLE_REGS_INTR : 0);
    const flags = (event.flags ?? 0) | PERF_ATTR_DISABLED | PERF_ATTR_USE_CLOCKID;
    const attr = encodePerfEvent({ ...event, sampleType, flags, clockid: CLOCK_MONOTONIC });
    const fd = perfEventOpen(attr, target.tid, target.cpu, -1, 0);
    if (fd < 0) throw new SystemError(-fd, 'perf_event_open', { hint: hint(target) });
    this.#fd = Fd.own(fd);
    const length = (pages + 1) * PAGE_SIZE;
    const address = mmap(length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (address < 0) {
      this.#fd.close();
      throw new SystemError(-address, 'mmap', { hint: `kernel.perf_event_mlock_kb limits the memory of all rings` });
    }
    this.#address = address;
    const view = runtime.view(address, length) as ArrayBuffer;
    this.#page = new BigUint64Array(view, 0, PAGE_SIZE / 8);
    this.#data = new Uint8Array(view, PAGE_SIZE, pages * PAGE_SIZE);
  }

  start(): void {
    this.#request(PERF_EVENT_IOC_ENABLE);
  }

  stop(): void {
    this.#request(PERF_EVENT_IOC_DISABLE);
  }

  #request(request: number): void {
    const result = perfIoctl(this.#fd.fd, request, 0);
    if (result < 0) throw new SystemError(-result, 'ioctl', { hint: 'the thread that was watched may have ended' });
  }

  /** How many events there were since it was opened, as the kernel counts them. */
  count(): bigint {
    const word = new BigUint64Array(1);
    if (read(this.#fd.fd, word, 8) !== 8)
      throw new Error('a perf event could not be read: it has gone into an error state');
    return word[0] as bigint;
  }

  /**
   * What happened since the last time, in the order of the ring. Throws if a record is missing: what was lost might have
   * been what mattered. Stop it before: else an event may be counted between the two looks.
   */
  drain(): Sample[] {
    const samples: Sample[] = [];
    let lost = this.#take(samples);
    let happened = this.#exact ? this.count() : this.#drained;
    // an event on another CPU is counted first and written then, and stopping it may come in between
    for (let i = 0; i < PATIENCE_MS && lost === 0 && happened > this.#drained; i++) {
      poll(NONE, 0, 1);
      lost += this.#take(samples);
      happened = this.count();
    }
    if (lost > 0 || happened !== this.#drained) {
      throw new Error(
        `records were lost: ${this.#drained} of ${happened} events were read; the ring of ${this.#data.length} bytes was full, or perf_event_max_sample_rate was reached`,
      );
    }
    return samples;
  }

  /** Answers how many records say that others are missing: LOST and THROTTLE. */
  #take(samples: Sample[]): number {
    // the kernel writes records first and then the head; Atomics keeps our reads after it and before the tail's write
    const head = Atomics.load(this.#page, HEAD / 8);
    let at = Atomics.load(this.#page, TAIL / 8);
    let lost = 0;
    while (at < head) {
      const record = this.#record(Number(at % BigInt(this.#data.length)));
      if (record.getUint32(HEADER_TYPE, true) === PERF_RECORD_SAMPLE) {
        samples.push(this.#decode(record));
        this.#drained++;
      } else lost++;
      at += BigInt(record.byteLength);
    }
    Atomics.store(this.#page, TAIL / 8, at);
    return lost;
  }

  /** A record in one piece, even where the ring begins anew in its middle. */
  #record(at: number): DataView {
    const size = new DataView(this.#data.buffer, this.#data.byteOffset + at, PERF_HEADER.size).getUint16(
      HEADER_SIZE,
      true,
    );
    const copy = new Uint8Array(size);
    const first = Math.min(size, this.#data.length - at);
    copy.set(this.#data.subarray(at, at + first));
    if (first < size) copy.set(this.#data.subarray(0, size - first), first);
    return new DataView(copy.buffer);
  }

  /** perf_event_open(2), PERF_RECORD_SAMPLE: the parts in their fixed order. */
  #decode(record: DataView): Sample {
    let at = PERF_HEADER.size;
    const word = () => {
      at += 8;
      return record.getBigUint64(at - 8, true);
    };
    const ip = word();
    const ids = word();
    const time = word();
    const cpu = Number(word() & 0xffff_ffffn);
    const chain: bigint[] = [];
    if (this.#event.callchain) {
      const length = Number(word());
      for (let i = 0; i < length; i++) {
        const address = word();
        if (address < MARKERS) chain.push(address);
      }
    }
    const sample = { ip, pid: Number(ids & 0xffff_ffffn), tid: Number(ids >> 32n), time, cpu, chain };
    if (this.#event.raw) {
      const size = record.getUint32(at, true);
      return { ...sample, raw: new DataView(record.buffer, at + 4, size) };
    }
    if (this.#event.sampleRegs) {
      // first says by which ABI; 0: there were none
      const regs: bigint[] = [];
      if (word() !== 0n) while (at + 8 <= record.byteLength) regs.push(word());
      return { ...sample, regs };
    }
    return sample;
  }

  close(): void {
    runtime.unmap(this.#address);
    this.#fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function hint(target: Target): string {
  const needs = target.tid === -1 ? 'a whole CPU needs 0 or less' : "the kernel's side needs 1 or less";
  return `kernel.perf_event_paranoid is ${paranoid()}; ${needs}, or CAP_PERFMON; ENOSPC: the debug registers are taken`;
}

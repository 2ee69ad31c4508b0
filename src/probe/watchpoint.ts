/**
 * Exact touches of chosen bytes: a debug register of the CPU fires whenever the CPU itself reads or writes the byte, inside
 * the kernel too, and the record says by which calls. A copy cannot pass unseen. What devices do (DMA) and what lies
 * below a hypervisor is not seen.
 *
 * An address is watched, not a page: a page that the kernel also sees at another address needs a watchpoint there, too
 * (`directMapAddress`). Four a CPU on x86. Since Linux 2.6.33; perf_event_open(2), PERF_TYPE_BREAKPOINT.
 */
import { SystemError } from '../io/errors.ts';
import { Mapping } from '../io/mapping.ts';
import { Pipe } from '../io/pipe.ts';
import { type Capability, refused, works } from '../model/works.ts';
import { read, write } from '../sys/fd.ts';
import { processVmReadv, processVmWritev } from '../sys/mmap.ts';
import {
  HW_BREAKPOINT_LEN_1,
  HW_BREAKPOINT_RW,
  HW_BREAKPOINT_W,
  PERF_ATTR_EXCLUDE_CALLCHAIN_USER,
  PERF_TYPE_BREAKPOINT,
} from '../sys/perf.ts';
import { poll } from '../sys/poll.ts';
import { onlineCpus } from './cpus.ts';
import { directMap, directMapAddress } from './direct-map.ts';
import { once } from './instrument.ts';
import { functionAt } from './kallsyms.ts';
import { PerfRing } from './ring.ts';

export interface Place {
  /** Comes back with each touch. */
  readonly label: string;
  /** Of this process (watched on the calling thread), or the kernel's own (watched on every CPU). */
  readonly address: bigint | number;
  /** `rw`: any touch; `w`: writes only. What is `rw` and not `w` is a read: x86 has no watchpoint for reads alone. */
  readonly access: 'rw' | 'w';
}

export interface Touch {
  readonly label: string;
  /** Kernel functions, innermost first; empty if it was done in user mode. */
  readonly functions: readonly string[];
  readonly tid: number;
  readonly cpu: number;
  /** Nanoseconds of CLOCK_MONOTONIC. */
  readonly time: bigint;
}

const isKernels = (address: bigint) => address >> 63n === 1n;

interface Armed {
  readonly label: string;
  readonly ring: PerfRing;
}

const PATIENCE_MS = 1000;
const RETRY_MS = 20;
const NONE = new Uint8Array(0);
/** Of x86 and most others; asking for more is an error at once. */
const REGISTERS = 4;

/** Watches some bytes at a time, at most four. */
export class Watchpoints {
  readonly #armed: Armed[] = [];

  /**
   * Stopped at first. Another run of the lab, or a debugger, may have the registers for a moment: **blocks** for up to a second
   * until they are free. Throws SystemError: ENOSPC (they stay taken), EACCES, EPERM (not allowed).
   */
  constructor(places: readonly Place[]) {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        for (const place of places) this.#arm(place);
        return;
      } catch (error) {
        // all or none: two that wait for each other's registers would wait for ever
        this.close();
        const taken = error instanceof SystemError && error.code === 'ENOSPC';
        if (!taken || places.length > REGISTERS || performance.now() > deadline) throw error;
        poll(NONE, 0, Math.ceil(Math.random() * RETRY_MS));
      }
    }
  }

  #arm({ label, address, access }: Place): void {
    const type = access === 'rw' ? HW_BREAKPOINT_RW : HW_BREAKPOINT_W;
    const breakpoint = { type, address: BigInt(address), length: HW_BREAKPOINT_LEN_1 };
    // the stack of JavaScript would fill the ring, and nobody asks for it
    const flags = PERF_ATTR_EXCLUDE_CALLCHAIN_USER;
    const event = { type: PERF_TYPE_BREAKPOINT, config: 0n, samplePeriod: 1n, callchain: true, flags, breakpoint };
    // a user address means something on this thread only; the kernel's are the same for whoever copies
    const targets = isKernels(BigInt(address)) ? onlineCpus().map((cpu) => ({ tid: -1, cpu })) : [{ tid: 0, cpu: -1 }];
    for (const target of targets) this.#armed.push({ label, ring: new PerfRing(event, target, 8) });
  }

  start(): void {
    for (const { ring } of this.#armed) ring.start();
  }

  stop(): void {
    for (const { ring } of this.#armed) ring.stop();
  }

  /** Those since the last time, in the order in which they happened. Throws if one of them was lost. */
  touches(): Touch[] {
    const all = this.#armed.flatMap(({ label, ring }) =>
      ring.drain().map(
        ({ chain, tid, cpu, time }): Touch => ({
          label,
          functions: chain.filter(isKernels).map(functionAt),
          tid,
          cpu,
          time,
        }),
      ),
    );
    return all.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  }

  /** What touched the places while `work` ran. */
  during(work: () => void): Touch[] {
    this.start();
    try {
      work();
    } finally {
      this.stop();
    }
    return this.touches();
  }

  close(): void {
    for (const { ring } of this.#armed.splice(0)) ring.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const TRIES = 23;

/** A byte of ours is written and read a known number of times by the kernel, which `touch` makes do so. */
function sees(address: bigint | number, touch: () => void): Capability {
  using watch = new Watchpoints([
    { label: 'any', address, access: 'rw' },
    { label: 'write', address, access: 'w' },
  ]);
  const touches = watch.during(() => {
    for (let i = 0; i < TRIES; i++) touch();
  });
  const count = (label: string) => touches.filter((t) => t.label === label).length;
  return count('any') === 2 * TRIES && count('write') === TRIES
    ? works
    : refused(`${TRIES} writes and ${TRIES} reads were seen as ${count('write')} and ${count('any') - count('write')}`);
}

/** Watchpoints on memory of this process: needs perf_event_paranoid 1 or less, or CAP_PERFMON. */
export const userWatchpoints: () => Capability = once(() => {
  using memory = Mapping.anonymous(1);
  using pipe = Pipe.open();
  memory.lock();
  // write(2) and read(2) reach memory by its user address
  return sees(memory.address, () => {
    write(pipe.writeEnd.fd, memory.address, 1);
    read(pipe.readEnd.fd, memory.address, 1);
  });
});

/** Watchpoints on pages of the page cache, and others that have no address of ours: needs CAP_SYS_ADMIN as well. */
export const pageWatchpoints: () => Capability = once(() => {
  const known = directMap();
  if (!known.works) return known;
  using memory = Mapping.anonymous(1);
  memory.lock();
  const byte = new Uint8Array(1);
  // process_vm_readv(2) and its twin look the page up and reach it by the kernel's address
  return sees(directMapAddress(memory.address), () => {
    processVmWritev(memory.address, 1, byte);
    processVmReadv(memory.address, 1, byte);
  });
});

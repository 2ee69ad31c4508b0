/**
 * Where CPU time goes: a clock of the kernel's stops running threads now and then and notes who called whom. A share is an
 * estimate, so it comes with its number of samples and an interval. Needs no PMU; perf_event_paranoid <= 1 or CAP_PERFMON for
 * the kernel's side, and names need /proc/kallsyms with addresses (root).
 *
 * The clock is an interrupt: code that runs with interrupts off is charged to where they are switched on again.
 */
import { File } from '../io/file.ts';
import { type Capability, refused, works } from '../model/works.ts';
import { memfdCreate, pread } from '../sys/fd.ts';
import { PERF_COUNT_SW_CPU_CLOCK, PERF_TYPE_SOFTWARE } from '../sys/perf.ts';
import { gettid } from '../sys/process.ts';
import { once } from './instrument.ts';
import { functionAt, kallsyms } from './kallsyms.ts';
import { PerfRing } from './ring.ts';

/**
 * Functions that move payload by the CPU. They differ between kernels and architectures: `rep_movs_alternative` is x86's
 * copy loop, `__arch_copy_*` arm64's. One that is missing here makes the share too small, never too large.
 */
const COPIES =
  /^(_?copy_(to|from)_(iter|user)(_nocache|_flushcache)?|copy_(page|folio)_(to|from)_iter(_atomic)?|_copy_(to|from)_(iter|user)|__arch_copy_(to|from)_user|rep_movs_alternative|copy_user_generic.*|copy_mc_.*|copy_page|mem(cpy|move)(_orig|_erms)?|__pi_mem(cpy|move)|skb_copy_.*|__skb_datagram_iter|simple_copy_to_iter|csum_and_copy_.*)$/;

export function isCopyFunction(name: string): boolean {
  return COPIES.test(name);
}

/** A share of the samples and the 95 % interval in which the share of the time lies. */
export interface Share {
  readonly value: number;
  readonly ci: readonly [number, number];
  readonly hits: number;
  readonly samples: number;
}

/** Quantile of the normal distribution for 95 %. */
const Z = 1.959964;

/** Wilson's score interval: holds for few samples, and for shares near 0 and 1. Throws RangeError without samples. */
export function shareOf(hits: number, samples: number): Share {
  if (samples <= 0 || hits < 0 || hits > samples) throw new RangeError(`${hits} of ${samples} samples are no share`);
  const p = hits / samples;
  const centre = (p + (Z * Z) / (2 * samples)) / (1 + (Z * Z) / samples);
  const half = (Z / (1 + (Z * Z) / samples)) * Math.sqrt((p * (1 - p)) / samples + (Z * Z) / (4 * samples * samples));
  return { value: p, ci: [Math.max(0, centre - half), Math.min(1, centre + half)], hits, samples };
}

/** A sample's functions, innermost first: the kernel's by name, then `user mode` where the thread came from. */
export type Stack = readonly string[];

export interface Profile {
  /** Nanoseconds of CPU time that each sample stands for. */
  readonly intervalNs: number;
  readonly stacks: readonly Stack[];
}

/** Samples in or below a function for which `wanted` is true. */
export function share({ stacks }: Profile, wanted: (name: string) => boolean): Share {
  return shareOf(stacks.filter((stack) => stack.some(wanted)).length, stacks.length);
}

/** CPU time in functions that copy payload. Throws RangeError if there is no sample. */
export function copyingShare(profile: Profile): Share {
  return share(profile, isCopyFunction);
}

/** `user mode;entry;...;innermost COUNT`, a line for each stack: what flame graph tools read. */
export function foldedStacks({ stacks }: Profile): string[] {
  const counts = new Map<string, number>();
  for (const stack of stacks) {
    const line = [...stack].reverse().join(';');
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([line, count]) => `${line} ${count}`);
}

export interface SamplerOptions {
  /** Threads, 0 for the calling one. Default: that one. */
  readonly tids?: readonly number[];
  /** Default 200,000, which is 5000 samples a second. */
  readonly intervalNs?: number;
}

const isKernels = (address: bigint) => address >> 63n === 1n;

export class Sampler {
  readonly #rings: PerfRing[] = [];
  readonly #intervalNs: number;

  /** Stopped at first. Throws SystemError: EACCES, EPERM (not allowed), ESRCH (no such thread), EINVAL, ENOMEM. */
  constructor({ tids = [0], intervalNs = 200_000 }: SamplerOptions = {}) {
    this.#intervalNs = intervalNs;
    const event = {
      type: PERF_TYPE_SOFTWARE,
      config: PERF_COUNT_SW_CPU_CLOCK,
      samplePeriod: BigInt(intervalNs),
      callchain: true,
    };
    try {
      for (const tid of tids) this.#rings.push(new PerfRing(event, { tid, cpu: -1 }, 128));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  start(): void {
    for (const ring of this.#rings) ring.start();
  }

  stop(): void {
    for (const ring of this.#rings) ring.stop();
  }

  /** Since the last time. Throws if samples were lost, or the kernel slowed the clock down. */
  profile(): Profile {
    const stacks = this.#rings.flatMap((ring) =>
      ring.drain().map(({ chain, tid }): Stack => {
        const kernel = chain.filter(isKernels).map(functionAt);
        return tid > 0 ? [...kernel, 'user mode'] : kernel;
      }),
    );
    return { intervalNs: this.#intervalNs, stacks };
  }

  during(work: () => void): Profile {
    this.start();
    try {
      work();
    } finally {
      this.stop();
    }
    return this.profile();
  }

  close(): void {
    for (const ring of this.#rings.splice(0)) ring.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Copies out of memory until there are samples; where the kernel is seen but never a copy, its names are not known here. */
export const sampling: () => Capability = once(() => {
  const named = kallsyms();
  if (!named.works) return named;
  using file = File.own(memfdCreate('iolab', 0));
  const buffer = new Uint8Array(1 << 20);
  file.pwrite(buffer, 0);
  using sampler = new Sampler({ tids: [gettid()] });
  const profile = sampler.during(() => {
    const end = process.hrtime.bigint() + 20_000_000n;
    while (process.hrtime.bigint() < end) pread(file.fd, buffer, undefined, 0);
  });
  if (profile.stacks.length === 0)
    return refused('a thread that ran for 20 ms was never sampled: no timer for cpu-clock');
  return copyingShare(profile).hits > 0
    ? works
    : refused(`none of ${profile.stacks.length} samples of a copying loop was in a function known to copy`);
});

/**
 * Payload bytes that each copy function of the kernel moves: a breakpoint on the function's first instruction, and the
 * registers in which its arguments arrive. No thread, no buffer is chosen beforehand: every copy of a thread is seen.
 *
 * Linux allows such breakpoints in its own code only where it was built with kprobes: their list of forbidden places is
 * asked, and without them everything counts as forbidden (EINVAL). Needs CAP_SYS_ADMIN and /proc/kallsyms with addresses.
 */
import { readFileSync } from 'node:fs';
import { SystemError } from '../io/errors.ts';
import { File } from '../io/file.ts';
import { type Capability, refused, works } from '../model/works.ts';
import { memfdCreate, pread } from '../sys/fd.ts';
import { HW_BREAKPOINT_LEN_8, HW_BREAKPOINT_X, PERF_TYPE_BREAKPOINT } from '../sys/perf.ts';
import { once } from './instrument.ts';
import { addressOf, kallsyms } from './kallsyms.ts';
import { PerfRing } from './ring.ts';

/** Position of the argument that is the number of bytes. Four, since a CPU of x86 has four debug registers. */
const COPY_FUNCTIONS = {
  /** (addr, bytes, iter): kernel memory to a receiver or reader. */
  _copy_to_iter: 1,
  /** (addr, bytes, iter): a sender's or writer's memory to the kernel. */
  _copy_from_iter: 1,
  /** (folio, offset, bytes, iter): a writer's memory to the page cache. Newer kernels. */
  copy_folio_from_iter_atomic: 2,
  /** (page, offset, bytes, iter): the same, of older ones. */
  copy_page_from_iter_atomic: 2,
} as const;
export type CopyFunction = keyof typeof COPY_FUNCTIONS;

/** Bits of asm/perf_regs.h for the first arguments of a call: rdi, rsi, rdx; x0, x1, x2. */
const ARGUMENTS: Readonly<Record<string, readonly number[]>> = { x64: [5, 4, 3], arm64: [0, 1, 2] };

export interface CopiedBytes {
  readonly function: CopyFunction;
  readonly calls: number;
  readonly bytes: number;
}

interface Watched {
  readonly function: CopyFunction;
  readonly ring: PerfRing;
}

/** Copies made by the calling thread. */
export class CopyCounter {
  readonly #watched: Watched[] = [];

  /** Stopped at first. Throws an Error that says why it cannot be. */
  constructor() {
    const registers = ARGUMENTS[process.arch];
    if (registers === undefined) throw new Error(`where ${process.arch} keeps a call's arguments is not known here`);
    const named = kallsyms();
    if (!named.works) throw new Error(named.cause);
    try {
      for (const [name, argument] of Object.entries(COPY_FUNCTIONS)) {
        const address = addressOf(name);
        // inlined, or not in this version
        if (address === undefined) continue;
        const ring = armed(address, 1n << BigInt(registers[argument] ?? 0));
        this.#watched.push({ function: name as CopyFunction, ring });
      }
    } catch (error) {
      this.close();
      throw error;
    }
    if (this.#watched.length === 0) throw new Error('this kernel has none of the copy functions that are known here');
  }

  start(): void {
    for (const { ring } of this.#watched) ring.start();
  }

  stop(): void {
    for (const { ring } of this.#watched) ring.stop();
  }

  /** Since the last time, those that were called at all. Throws if a record was lost. */
  copied(): CopiedBytes[] {
    return this.#watched.flatMap(({ function: name, ring }) => {
      const samples = ring.drain();
      const bytes = samples.reduce((sum, { regs }) => sum + Number(regs?.[0] ?? Number.NaN), 0);
      return samples.length === 0 ? [] : [{ function: name, calls: samples.length, bytes }];
    });
  }

  during(work: () => void): CopiedBytes[] {
    this.start();
    try {
      work();
    } finally {
      this.stop();
    }
    return this.copied();
  }

  close(): void {
    for (const { ring } of this.#watched.splice(0)) ring.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function armed(address: bigint, sampleRegs: bigint): PerfRing {
  const breakpoint = { type: HW_BREAKPOINT_X, address, length: HW_BREAKPOINT_LEN_8 };
  try {
    const event = { type: PERF_TYPE_BREAKPOINT, config: 0n, samplePeriod: 1n, sampleRegs, breakpoint };
    return new PerfRing(event, { tid: 0, cpu: -1 });
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw new Error(`${error.message}; ${why(error)}`);
  }
}

function why({ code }: SystemError): string {
  if (code === 'EINVAL' && addressOf('register_kprobe') === undefined)
    return 'this kernel has no kprobes (CONFIG_KPROBES), and without them it takes no breakpoints in its own code';
  if (code === 'EPERM' || code === 'EACCES') return `needs CAP_SYS_ADMIN; lockdown is ${lockdown()}`;
  return `lockdown is ${lockdown()}`;
}

/** What the kernel keeps even root from. */
function lockdown(): string {
  try {
    return /\[(\w+)\]/.exec(readFileSync('/sys/kernel/security/lockdown', 'utf8'))?.[1] ?? 'unclear';
  } catch {
    return 'not shown here';
  }
}

const READS = 23;
const BYTES = 1009;

/** 23 reads of 1009 bytes must be 23 calls that copy as many. */
export const copyBytes: () => Capability = once(() => {
  using file = File.own(memfdCreate('iolab', 0));
  const buffer = new Uint8Array(BYTES);
  file.pwrite(buffer, 0);
  using counter = new CopyCounter();
  const seen = counter.during(() => {
    for (let i = 0; i < READS; i++) pread(file.fd, buffer, BYTES, 0);
  });
  const read = seen.find(({ function: name }) => name === '_copy_to_iter');
  return read?.calls === READS && read.bytes === READS * BYTES
    ? works
    : refused(`${READS} reads of ${BYTES} bytes were seen as ${read?.calls ?? 0} copies of ${read?.bytes ?? 0} in all`);
});

/** perf_event_open(2) for counting: one event on each thread of this process, one thread, or each CPU, summed. */
import { readdirSync, readFileSync } from 'node:fs';
import { SystemError } from '../io/errors.ts';
import { Fd } from '../io/fd.ts';
import type { Flag } from '../native.ts';
import { read } from '../sys/fd.ts';
import {
  encodePerfEvent,
  PERF_ATTR_EXCLUDE_HV,
  PERF_ATTR_EXCLUDE_KERNEL,
  PERF_ATTR_INHERIT,
  perfEventOpen,
} from '../sys/perf.ts';
import { gettid } from '../sys/process.ts';
import { onlineCpus } from './cpus.ts';

const USER_ONLY = PERF_ATTR_EXCLUDE_KERNEL | PERF_ATTR_EXCLUDE_HV;

export interface CountedEvent {
  readonly type: Flag<'perfType'>;
  readonly config: number;
  /** Count only what happens while the CPU is in user mode; needs no privilege up to perf_event_paranoid 2. */
  readonly userOnly: boolean;
}

export function paranoid(): string {
  try {
    return readFileSync('/proc/sys/kernel/perf_event_paranoid', 'utf8').trim();
  } catch {
    return 'not there: this kernel has no perf events';
  }
}

/**
 * `process`: each of its threads, and those that they start later. `thread`: the calling one. `cpus`: whoever runs, on every
 * CPU, interrupts included; needs perf_event_paranoid <= 0 or CAP_PERFMON.
 */
export type CountedScope = 'process' | 'thread' | 'cpus' | { readonly tid: number };

function openOn(event: CountedEvent, { tid, cpu, inherit }: Target): Fd {
  const { type, config, userOnly } = event;
  const flags = (inherit ? PERF_ATTR_INHERIT : 0) | (userOnly ? USER_ONLY : 0);
  const fd = perfEventOpen(encodePerfEvent({ type, config: BigInt(config), flags }), tid, cpu, -1, 0);
  if (fd >= 0) return Fd.own(fd);
  throw new SystemError(-fd, 'perf_event_open', {
    hint: `kernel.perf_event_paranoid is ${paranoid()}; counting in the kernel needs 1 or less (a whole CPU: 0), or CAP_PERFMON; seccomp may forbid the call altogether`,
  });
}

interface Target {
  readonly tid: number;
  readonly cpu: number;
  readonly inherit: boolean;
}

/** The calling thread comes first; threads started later by any of these are counted with their parent's. */
function targets(scope: CountedScope): Target[] {
  if (scope === 'cpus') return onlineCpus().map((cpu) => ({ tid: -1, cpu, inherit: false }));
  if (scope === 'thread') return [{ tid: 0, cpu: -1, inherit: false }];
  if (scope !== 'process') return [{ tid: scope.tid, cpu: -1, inherit: false }];
  const self = gettid();
  const others = readdirSync('/proc/self/task').map(Number);
  return [self, ...others.filter((tid) => tid !== self)].map((tid) => ({ tid, cpu: -1, inherit: true }));
}

export class PerfCounts {
  readonly #fds: Fd[] = [];
  /** Counts at begin(), one a thread, and at end(). The calling thread's is the first. */
  readonly #before: BigUint64Array;
  readonly #after: BigUint64Array;
  #whole = true;

  /** Throws SystemError: EACCES (not allowed here), ENOENT (no such event), ENOSYS, EMFILE. */
  constructor(event: CountedEvent, scope: CountedScope = 'process') {
    for (const target of targets(scope)) {
      try {
        this.#fds.push(openOn(event, target));
      } catch (error) {
        // a thread that ended since it was listed has nothing left to count
        if (scope === 'process' && error instanceof SystemError && error.code === 'ESRCH') continue;
        this.close();
        throw error;
      }
    }
    this.#before = new BigUint64Array(this.#fds.length);
    this.#after = new BigUint64Array(this.#fds.length);
  }

  /** The calling thread's own event is read last here and first in end(): so it sees one call of its own, end()'s. */
  begin(): void {
    this.#whole = true;
    for (let i = this.#fds.length - 1; i >= 0; i--) this.#read(i, this.#before);
  }

  end(): void {
    for (let i = 0; i < this.#fds.length; i++) this.#read(i, this.#after);
  }

  #read(i: number, into: BigUint64Array): void {
    if (read((this.#fds[i] as Fd).fd, into, 8, i * 8) !== 8) this.#whole = false;
  }

  #since(i: number): number {
    // a count that could not be read must not pass for 0
    if (!this.#whole) throw new Error('a perf event could not be read: it has gone into an error state');
    return Number((this.#after[i] ?? 0n) - (this.#before[i] ?? 0n));
  }

  /** Of scope `process`: of the calling thread (and of threads that it started since). */
  get own(): number {
    return this.#since(0);
  }

  /** Of the whole scope. */
  get all(): number {
    return this.#fds.reduce((sum, _fd, i) => sum + this.#since(i), 0);
  }

  close(): void {
    for (const fd of this.#fds) fd.close();
  }
}

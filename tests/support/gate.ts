/** Makes system calls fail by plan. Only in `tests/faults`, which run on the binary that has the gate. */
import { native } from '../../src/native.ts';

const { runtime } = native;

export interface Plan {
  /** Number of the system call (`SYS_*`); any when left out. */
  nr?: number;
  /** Tamper with the nth matching call from now (1 is the next one). */
  nth?: number;
  /** Or with each `every`-th. */
  every?: number;
  /** Answer `-error` without entering the kernel. */
  error?: number;
  /** Or let at most this many bytes through: a short count. */
  shorten?: number;
  /** Or enter the kernel this much later. */
  delayUs?: number;
}

/** Runs `body` under a plan; answers how many calls matched and how many were tampered with. */
export function withFaults(plan: Plan, body: () => void): { seen: number; fired: number } {
  if (!runtime.gateArm || !runtime.gateDisarm || !runtime.gateSeen || !runtime.gateFired)
    throw new Error('this binary has no fault gate: run it through `npm test`, which builds one');
  runtime.gateArm(plan.nr ?? -1, plan.nth ?? 0, plan.every ?? 0, plan.error ?? 0, plan.shorten ?? 0, plan.delayUs ?? 0);
  try {
    body();
  } finally {
    runtime.gateDisarm();
  }
  return { seen: runtime.gateSeen(), fired: runtime.gateFired() };
}

/**
 * Fails call k of `body` for every k, until a run in which call k was never reached.
 * `check` is told of each run, after the gate is shut.
 */
export function failEach(plan: Omit<Plan, 'nth' | 'every'>, body: () => void, check: (k: number) => void): number {
  for (let k = 1; ; k++) {
    const { fired } = withFaults({ ...plan, nth: k }, body);
    check(k);
    if (fired === 0) return k - 1;
  }
}

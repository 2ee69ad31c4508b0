/**
 * Second pass: one transfer at a time under the kernel's counters. Each begins with an empty connection and ends when the
 * socket has taken everything. The counters slow the sender down, so nothing is timed here.
 */
import type { Counted } from '../protocol.ts';
import type { LiveArm } from '../rig.ts';

/** Transfers that are not kept: code that is run or compiled for the first time faults on its own account. */
const WARM_UP = 2;
const LARGE = 16 * 1024 * 1024;

/** What was counted of each transfer, and why an instrument counted nothing. */
export interface Counts {
  samples: Counted[];
  /** Instrument to cause. */
  missing: Readonly<Record<string, string>>;
}

/** An odd number, so that the median is one that was seen. */
function transfersFor(size: number): number {
  return size > LARGE ? 5 : 11;
}

export async function count(arm: LiveArm, transfers = transfersFor(arm.plan.size)): Promise<Counts> {
  const missing = await arm.sender.call('beginCounting', {});
  const samples: Counted[] = [];
  for (let i = 0; i < WARM_UP + transfers; i++) {
    const [counted] = await arm.transfer(1, false, () => arm.sender.call('count', {}));
    if (i >= WARM_UP) samples.push(counted);
  }
  await arm.sender.call('endCounting', {});
  return { samples, missing };
}

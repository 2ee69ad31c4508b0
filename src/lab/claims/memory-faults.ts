/** Page faults of the calling thread around one piece of work, by two counts of the kernel's. */

import { constant } from '../../native.ts';
import { type CountedEvent, PerfCounts } from '../../probe/perf.ts';
import { rusage } from '../../probe/rusage.ts';
import { PERF_TYPE_SOFTWARE } from '../../sys/perf.ts';
import type { Reading } from './claim.ts';

export interface Faults {
  /** getrusage(2): wherever they were taken. */
  readonly rusage: number;
  /** The same by perf. */
  readonly perf: Reading['value'];
  /** Those taken while the CPU was in user mode: each is a switch of mode of its own. */
  readonly user: Reading['value'];
}

const event = (userOnly: boolean): CountedEvent => ({
  type: PERF_TYPE_SOFTWARE,
  config: constant('PERF_COUNT_SW_PAGE_FAULTS'),
  userOnly,
});

function open(userOnly: boolean): PerfCounts | string {
  try {
    return new PerfCounts(event(userOnly), 'thread');
  } catch (error) {
    return (error as Error).message;
  }
}

const ROUNDS = 23;

/**
 * The fewest of a few rounds: the runtime faults on its own account now and then, and nothing makes a fault vanish.
 * `work` gets what `prepare` made, which is closed after each round.
 */
export function faults<T extends Disposable>(prepare: () => T, work: (prepared: T) => unknown): Faults {
  const usage = rusage('thread').open();
  const all = open(false);
  const user = open(true);
  const counts = [all, user].filter((one) => typeof one !== 'string');
  const found: Record<keyof Faults, number[]> = { rusage: [], perf: [], user: [] };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      using prepared = prepare();
      for (const one of counts) one.begin();
      usage.begin();
      work(prepared);
      usage.end();
      for (const one of counts) one.end();
      found.rusage.push(usage.difference().minorFaults ?? Number.NaN);
      if (typeof all !== 'string') found.perf.push(all.own);
      if (typeof user !== 'string') found.user.push(user.own);
    }
  } finally {
    usage.close();
    for (const one of counts) one.close();
  }
  const least = (name: 'perf' | 'user', opened: PerfCounts | string): Reading['value'] =>
    typeof opened === 'string' ? { missing: opened } : Math.min(...found[name]);
  return { rusage: Math.min(...found.rusage), perf: least('perf', all), user: least('user', user) };
}

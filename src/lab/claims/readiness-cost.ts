/** Time of one call, and how it grows: for the claims that are about time. */
import { check } from '../../io/errors.ts';
import type { Evidence } from '../../model/evidence.ts';
import { native } from '../../native.ts';

/**
 * Nanoseconds that one call takes which does not wait: the least of `windows`, since whatever disturbs adds. By the wall
 * clock: the kernel takes stolen time (a hypervisor's) off a thread's CPU time later than it was stolen, from a window that
 * may have had none (seen on Linux 6.18: 4.8 us for a call that takes 99).
 */
export function nsPerCall(times: number, work: (times: number) => void, windows = 25): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < windows; i++) {
    const from = process.hrtime.bigint();
    work(times);
    least = Math.min(least, Number(process.hrtime.bigint() - from));
  }
  return least / times;
}

/** `call` made `times` times from C++, so that JavaScript adds nothing to what each costs. Throws SystemError if one fails. */
export function repeatedly(call: string, times: number, ...args: unknown[]): void {
  const loop = native.loop[call];
  if (loop === undefined) throw new Error(`iolab: the addon has no loop of ${call}`);
  check(loop(times, ...args), call);
}

export type CostAt = readonly [n: number, cost: number];

/** Slope of log(cost) over log(n), by least squares: 1 is linear, 2 quadratic; an exponential has none, it rises for ever. */
export function growthExponent(points: readonly CostAt[]): number {
  const logs = points.map(([n, cost]) => [Math.log(n), Math.log(cost)] as const);
  const mean = (i: 0 | 1) => logs.reduce((sum, point) => sum + point[i], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  return covariance / logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
}

/** A figure that rests on time: rounded, since its last digits are noise. */
export const timed = (unit: string, value: number): Evidence => ({
  value: Number(value.toFixed(2)),
  unit,
  instrument: 'clock, least of many windows',
});

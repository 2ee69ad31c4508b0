/** What the lab needs of statistics beyond simple-statistics: a seeded generator, and bootstrap intervals. */
import { median, quantileSorted, sampleWithReplacement } from 'simple-statistics';
import type { Estimate } from '../model/evidence.ts';

export type Random = () => number;

/** mulberry32 by Tommy Ettinger: the same seed gives the same order of slices, so that a run can be repeated. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const RESAMPLES = 2000;

/** Median of the samples, and the 95 % percentile bootstrap interval of that median. */
export function medianWithInterval(samples: readonly number[], random: Random): Estimate {
  const all = [...samples];
  const medians = Array.from({ length: RESAMPLES }, () => median(sampleWithReplacement(all, all.length, random)));
  medians.sort((a, b) => a - b);
  return { value: median(all), ci: [quantileSorted(medians, 0.025), quantileSorted(medians, 0.975)] };
}

/** A shuffled copy. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}

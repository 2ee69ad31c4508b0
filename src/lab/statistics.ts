/** What the lab needs of statistics beyond simple-statistics: a seeded generator, and bootstrap intervals. */
import { median, quantile, quantileSorted, sampleWithReplacement } from 'simple-statistics';
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

/** The 95 % percentile interval of what `statistic` answers to samples drawn anew each time. */
function interval(statistic: () => number): [number, number] {
  const drawn = Array.from({ length: RESAMPLES }, statistic).sort((a, b) => a - b);
  return [quantileSorted(drawn, 0.025), quantileSorted(drawn, 0.975)];
}

function medianOfDrawn(samples: number[], random: Random): number {
  return median(sampleWithReplacement(samples, samples.length, random));
}

/** Median of the samples, and the 95 % percentile bootstrap interval of that median. */
export function medianWithInterval(samples: readonly number[], random: Random): Estimate {
  const all = [...samples];
  return { value: median(all), ci: interval(() => medianOfDrawn(all, random)) };
}

/**
 * Median of `b` over that of `a`, with its 95 % interval. They were not measured side by side: each is drawn from for
 * itself. All samples are to be above 0.
 */
export function ratioOfMedians(b: readonly number[], a: readonly number[], random: Random): Estimate {
  const [ofB, ofA] = [[...b], [...a]];
  return {
    value: median(ofB) / median(ofA),
    ci: interval(() => medianOfDrawn(ofB, random) / medianOfDrawn(ofA, random)),
  };
}

/** Between which ends the middle half of `b` lies, seen from the middle half of `a`. */
export function middleDifference(b: readonly number[], a: readonly number[]): [number, number] {
  const [ofB, ofA] = [[...b], [...a]];
  return [quantile(ofB, 0.25) - quantile(ofA, 0.75), quantile(ofB, 0.75) - quantile(ofA, 0.25)];
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

/** The raw samples behind a figure of a stored run. */
import type { COUNTED, TIMED } from '../model/compare.ts';
import { isMeasured } from '../model/evidence.ts';
import type { Run, TimeSample } from '../model/results.ts';

export type TimedMetric = (typeof TIMED)[number];
export type CountedMetric = (typeof COUNTED)[number];

const GIB = 1024 ** 3;

const TIMED_FIGURES: Readonly<Record<TimedMetric, (sample: TimeSample) => number>> = {
  throughput: ({ bytes, seconds }) => bytes / seconds,
  senderCpuPerGiB: ({ senderUser, senderSys, bytes }) => ((senderUser + senderSys) / bytes) * GIB,
  receiverCpuPerGiB: ({ receiverUser, receiverSys, bytes }) => ((receiverUser + receiverSys) / bytes) * GIB,
  userCpuPerGiB: ({ senderUser, bytes }) => (senderUser / bytes) * GIB,
  sysCpuPerGiB: ({ senderSys, bytes }) => (senderSys / bytes) * GIB,
};

export function timeSamples(metric: TimedMetric, { samples }: Run): number[] {
  return samples.time.map(TIMED_FIGURES[metric]);
}

export interface Counted {
  /** What counted: figures of different instruments need not be the same figure. */
  readonly by: string;
  readonly values: readonly number[];
}

/** Counters that a figure is the sum of, and how often each is taken, by what the figure says of its instrument. */
function terms(metric: CountedMetric, instrument: string): Record<string, number> | undefined {
  // no samples are kept of copies
  if (metric === 'cpuCopies' || metric === 'cpuCopiesTotal') return undefined;
  const calls = instrument.includes('perf-sys-enter') ? 'perf-sys-enter.syscalls' : 'own-count.syscalls';
  if (metric === 'syscalls') return { [calls]: 1 };
  if (instrument.includes('perf-user-faults')) return { [calls]: 2, 'perf-user-faults.userFaults': 2 };
  return { [calls]: 2, 'rusage.minorFaults': 2, 'rusage.majorFaults': 2 };
}

/** Each counted transfer, where its counts are kept; else the one figure that there is. */
export function countSamples(metric: CountedMetric, { metrics, samples }: Run): Counted {
  const figure = metrics[metric];
  if (!isMeasured(figure)) throw new Error(`${metric} was not measured: ${figure.missing}`);
  const parts = terms(metric, figure.instrument);
  // copies are looked at by one oracle or by two, who agree: it is the same figure
  if (parts === undefined) return { by: 'the oracles', values: [figure.value] };
  const values = samples.count.map((counts) =>
    Object.entries(parts).reduce((sum, [key, times]) => sum + times * (counts[key] ?? Number.NaN), 0),
  );
  const kept = values.length > 0 && !values.some(Number.isNaN);
  return { by: figure.instrument, values: kept ? values : [figure.value] };
}

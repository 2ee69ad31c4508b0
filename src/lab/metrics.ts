/** From samples to evidence: which instrument answers for which figure, and when none does. */
import { median } from 'simple-statistics';
import { type Evidence, lacking } from '../model/evidence.ts';
import type { Metrics, TimeSample } from '../model/results.ts';
import type { Counts } from './passes/count.ts';
import { medianWithInterval, type Random } from './statistics.ts';

const GIB = 1024 ** 3;
const CLOSED_LOOP = 'needs sending at a constant rate, which is not part of this version';

/** Median over the slices, with its interval. */
function timed(
  samples: readonly TimeSample[],
  random: Random,
  unit: string,
  instrument: string,
  figure: (sample: TimeSample) => number,
): Evidence {
  const { value, ci } = medianWithInterval(samples.map(figure), random);
  return { value, unit, instrument, ci };
}

type Timed = 'throughput' | 'senderCpuPerGiB' | 'receiverCpuPerGiB' | 'userCpuPerGiB' | 'sysCpuPerGiB';

export function timeMetrics(samples: readonly TimeSample[], random: Random): Pick<Metrics, Timed> {
  const perGiB = (instrument: string, seconds: (sample: TimeSample) => number) =>
    timed(samples, random, 's/GiB', instrument, (sample) => (seconds(sample) / sample.bytes) * GIB);
  return {
    throughput: timed(samples, random, 'B/s', 'CLOCK_MONOTONIC', ({ bytes, seconds }) => bytes / seconds),
    senderCpuPerGiB: perGiB('rusage', (s) => s.senderUser + s.senderSys),
    receiverCpuPerGiB: perGiB('rusage', (s) => s.receiverUser + s.receiverSys),
    userCpuPerGiB: perGiB('rusage', (s) => s.senderUser),
    sysCpuPerGiB: perGiB('rusage', (s) => s.senderSys),
  };
}

/** The counted transfers of one arm, asked by instrument and counter. */
class Tally {
  readonly #counts: Counts;

  constructor(counts: Counts) {
    this.#counts = counts;
  }

  /** One figure a transfer; undefined if that instrument does not work here. */
  each(key: string): number[] | undefined {
    const values = this.#counts.samples.map(({ counts }) => counts[key]);
    return values.every((value) => value !== undefined) ? values : undefined;
  }

  get ownCalls(): number[] | undefined {
    const values = this.#counts.samples.map(({ ownCalls }) => ownCalls);
    return values.every((value) => value !== null) ? values : undefined;
  }

  why(instrument: string): string {
    return `${instrument}: ${this.#counts.missing[instrument] ?? 'it counted nothing'}`;
  }

  /** Median over the transfers. */
  metric(instrument: string, counter: string, unit: string): Evidence {
    const values = this.each(`${instrument}.${counter}`);
    return values ? { value: median(values), unit, instrument } : lacking(this.why(instrument));
  }
}

interface Account {
  name: string;
  values: number[];
}

/**
 * Two instruments that counted the same transfers agree if most transfers got the same figure from both. Otherwise neither
 * is believed. A scheduler's switch at the very edge of a window may fall between two readings, hence "most".
 */
function agree(a: Account, b: Account): Evidence | undefined {
  const differences = a.values.map((value, i) => value - (b.values[i] ?? Number.NaN));
  if (median(differences) === 0) return undefined;
  return lacking(
    `instruments disagree: ${a.name} counts ${median(a.values)}, ${b.name} ${median(b.values)} in a median transfer`,
  );
}

const KERNEL_CALLS = 'perf-sys-enter';

function syscalls(tally: Tally): Evidence {
  const unit = 'calls/transfer';
  const all = tally.each(`${KERNEL_CALLS}.syscalls`);
  const thread = tally.each(`${KERNEL_CALLS}.ownThread`);
  const own = tally.ownCalls;
  if (all === undefined || thread === undefined)
    return own ? { value: median(own), unit, instrument: 'own-count' } : lacking(tally.why(KERNEL_CALLS));
  const kernel = { value: median(all), unit, instrument: KERNEL_CALLS };
  if (own === undefined) return kernel;
  return (
    agree({ name: KERNEL_CALLS, values: thread }, { name: 'own-count', values: own }) ?? {
      ...kernel,
      instrument: `${KERNEL_CALLS}, own-count`,
    }
  );
}

/** A fault that the kernel takes while it copies is inside a system call, so only those of user mode are switches. */
function modeSwitches(calls: Evidence, tally: Tally): Evidence {
  if ('missing' in calls) return lacking(`needs the system calls: ${calls.missing}`);
  const user = tally.each('perf-user-faults.userFaults');
  const minor = tally.each('rusage.minorFaults');
  const major = tally.each('rusage.majorFaults');
  const unit = 'switches/transfer';
  if (user)
    return {
      value: 2 * calls.value + 2 * median(user),
      unit,
      instrument: `2 x (${calls.instrument}) + 2 x (perf-user-faults)`,
    };
  if (minor === undefined || major === undefined) return lacking(tally.why('rusage'));
  return {
    value: 2 * calls.value + 2 * (median(minor) + median(major)),
    unit,
    instrument: `2 x (${calls.instrument}) + 2 x (rusage faults, those taken in the kernel included)`,
  };
}

/** getrusage's figure, if perf's count of the same (where it is at hand) agrees. */
function doubled(
  tally: Tally,
  counters: readonly string[],
  perfCounter: string,
  shown: string,
  unit: string,
): Evidence {
  const figure = tally.metric('rusage', shown, unit);
  const perf = tally.each(`perf-software.${perfCounter}`);
  const parts = counters.map((counter) => tally.each(`rusage.${counter}`));
  if (perf === undefined || 'missing' in figure || parts.some((part) => part === undefined)) return figure;
  const sum = perf.map((_value, i) => parts.reduce((total, part) => total + (part?.[i] ?? 0), 0));
  const clash = agree({ name: 'rusage', values: sum }, { name: 'perf-software', values: perf });
  return clash ?? { ...figure, instrument: 'rusage, perf-software' };
}

export function countMetrics(counts: Counts): Omit<Metrics, Timed | 'cpuCopies' | 'cpuCopiesTotal'> {
  const tally = new Tally(counts);
  const calls = syscalls(tally);
  const switches = (shown: string) =>
    doubled(tally, ['voluntarySwitches', 'involuntarySwitches'], 'contextSwitches', shown, 'switches/transfer');
  return {
    syscalls: calls,
    modeSwitches: modeSwitches(calls, tally),
    voluntarySwitches: switches('voluntarySwitches'),
    involuntarySwitches: switches('involuntarySwitches'),
    minorFaults: doubled(tally, ['minorFaults'], 'minorFaults', 'minorFaults', 'faults/transfer'),
    majorFaults: doubled(tally, ['majorFaults'], 'majorFaults', 'majorFaults', 'faults/transfer'),
    readCallBytes: tally.metric('proc-io', 'readCallBytes', 'bytes/transfer'),
    writeCallBytes: tally.metric('proc-io', 'writeCallBytes', 'bytes/transfer'),
    diskBytes: tally.metric('proc-io', 'diskReadBytes', 'bytes/transfer'),
    latencyP50: lacking(CLOSED_LOOP),
    latencyP99: lacking(CLOSED_LOOP),
  };
}

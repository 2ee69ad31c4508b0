/**
 * Two results of `bench paths`, figure by figure: is B better, worse, or the same as far as one can tell? Only what lies
 * outside of both the 95 % interval and the noise that an arm shows against itself is called a difference. See
 * `docs/compare.md`.
 */
import { median } from 'simple-statistics';
import {
  type Arm,
  arm as armSchema,
  COMPARE_SCHEMA,
  COUNTED,
  type ComparedArm,
  type ComparedFigure,
  type Comparison,
  type Difference,
  TIMED,
} from '../model/compare.ts';
import { type Evidence, isMeasured, lacking } from '../model/evidence.ts';
import type { Controls, Results, Run } from '../model/results.ts';
import { differences } from './compare-environments.ts';
import { type CountedMetric, countSamples, type TimedMetric, timeSamples } from './compare-samples.ts';
import { BASELINES, PUMPS } from './options.ts';
import { middleDifference, ratioOfMedians, seeded } from './statistics.ts';

export interface CompareOptions {
  /** Compare results of different machines, kernels or settings, too. Default false: they are refused. */
  differentEnvironments?: boolean;
}

/** Fewer of them, and not even the range from the least to the greatest is a 95 % interval of the median: 2 x 0.5^n. */
const FEW_SLICES = 6;
/** A slice takes about 0.2 ms of each process to begin and to end: 2 % of this. */
const SHORT_SECONDS = 0.01;
/** A noise floor from which on a user should know that much can hide below it. */
const LOUD = 1.1;

/** Throws RangeError for results that cannot be compared: other environments, or the same arm twice in one of them. */
export function compareResults(a: Results, b: Results, options: CompareOptions = {}): Comparison {
  const found = differences(a, b);
  if (found.length > 0 && options.differentEnvironments !== true) throw new RangeError(refusal(found));
  const [runsOfA, runsOfB] = [byArm(a, 'A'), byArm(b, 'B')];
  const pairs = [...runsOfA].flatMap(([key, of]): Pair[] => {
    const other = runsOfB.get(key);
    return other === undefined ? [] : [{ a: { run: of, results: a }, b: { run: other, results: b } }];
  });
  const arms = pairs.map((pair) => compareArm(pair, pairs));
  const only = (mine: ReadonlyMap<string, Run>, others: ReadonlyMap<string, Run>) =>
    [...mine].filter(([key]) => !others.has(key)).map(([, run]) => armOf(run));
  const comparison = {
    schema: COMPARE_SCHEMA,
    a: sourceOf(a),
    b: sourceOf(b),
    differences: found,
    arms,
    onlyInA: only(runsOfA, runsOfB),
    onlyInB: only(runsOfB, runsOfA),
  } as const;
  return { ...comparison, warnings: doubts(comparison) };
}

function refusal(found: readonly Difference[]): string {
  const lines = found.map(({ field, a, b }) => `  ${field}: A has ${a}, B has ${b}`);
  return `A and B come from different environments:\n${lines.join('\n')}\nTo compare them all the same, give --different-environments (differentEnvironments: true)`;
}

function armOf({ path, sink, fileBytes, chunkBytes, cache }: Run): Arm {
  return { path, sink, fileBytes, chunkBytes, cache };
}

function byArm({ runs }: Results, name: string): Map<string, Run> {
  const found = new Map<string, Run>();
  for (const run of runs) {
    const key = Object.values(armOf(run)).join();
    if (found.has(key))
      throw new RangeError(
        `${name} has two runs that differ in none of ${Object.keys(armSchema.shape).join(', ')}: ${key}`,
      );
    found.set(key, run);
  }
  return found;
}

function sourceOf({ startedAt, seed, environment: { iolab, git } }: Results): Comparison['a'] {
  return { startedAt, iolab, git, seed };
}

interface Side {
  readonly run: Run;
  readonly results: Results;
}

interface Pair {
  readonly a: Side;
  readonly b: Side;
}

function compareArm({ a, b }: Pair, all: readonly Pair[]): ComparedArm {
  const noise = Math.max(floor(a), floor(b));
  const controls = all.filter(({ a: { run } }) => isControl(run) && groupOf(run) === groupOf(a.run));
  // the same for each figure: what is compared beside it changes nothing
  const seed = (a.results.seed ^ b.results.seed) >>> 0;
  return {
    ...armOf(a.run),
    slices: [a.run.samples.time.length, b.run.samples.time.length],
    figures: [
      ...TIMED.map((metric) => timed(metric, a.run, b.run, Math.max(noise, drift(metric, controls)), seed)),
      ...COUNTED.map((metric) => counted(metric, a.run, b.run)),
    ],
  };
}

function groupOf({ sink, fileBytes, chunkBytes, cache }: Run): string {
  return [sink, fileBytes, chunkBytes, cache].join();
}

/** Bytes from memory, and the loops in C++: where they move, the machine has. */
function isControl({ path }: Arm): boolean {
  return path === 'null' || (PUMPS as readonly string[]).includes(path);
}

/** By which factor the controls moved from A to B, their median; 1 where there are none. */
function drift(metric: TimedMetric, controls: readonly Pair[]): number {
  const moved = controls.flatMap(({ a, b }) => {
    const [ofA, ofB] = [timeSamples(metric, a.run), timeSamples(metric, b.run)];
    if (tooFew(ofA, ofB) ?? tooShort(a.run, b.run) ?? tooLittle(ofA, ofB)) return [];
    return [Math.log(median(ofB) / median(ofA))];
  });
  return moved.length === 0 ? 1 : Math.exp(Math.abs(median(moved)));
}

/** By which factor the same arm differed from itself, at most: its interval's farther end. */
function floor({ run, results: { controls } }: Side): number {
  const same = (group: Controls['groups'][number]) => group.sink === run.sink && group.fileBytes === run.fileBytes;
  const { ci } = controls.groups.find(same)?.aa ?? controls.aa;
  return Math.exp(Math.max(...ci.map((end) => Math.abs(Math.log(end)))));
}

/** Why there is nothing to compare; `undefined` if both are measured, in the same unit. */
function incomparable(a: Evidence, b: Evidence): string | undefined {
  if (isMeasured(a) && isMeasured(b)) return a.unit === b.unit ? undefined : `A is in ${a.unit}, B in ${b.unit}`;
  const [ofA, ofB] = [a, b].map((side) => (isMeasured(side) ? undefined : side.missing));
  if (ofA === ofB) return `A and B: ${ofA}`;
  return [ofA && `A: ${ofA}`, ofB && `B: ${ofB}`].filter(Boolean).join('; ');
}

function unknown(metric: ComparedFigure['metric'], a: Evidence, b: Evidence, reason: string): ComparedFigure {
  return { metric, a, b, change: lacking(reason), verdict: 'unknown' };
}

function timed(metric: TimedMetric, runOfA: Run, runOfB: Run, noise: number, seed: number): ComparedFigure {
  const [a, b] = [runOfA.metrics[metric], runOfB.metrics[metric]];
  const [ofA, ofB] = [timeSamples(metric, runOfA), timeSamples(metric, runOfB)];
  const reason = incomparable(a, b) ?? tooFew(ofA, ofB) ?? tooShort(runOfA, runOfB) ?? tooLittle(ofA, ofB);
  if (reason !== undefined) return unknown(metric, a, b, reason);
  const ratio = ratioOfMedians(ofB, ofA, seeded(seed));
  const [low, high] = ratio.ci;
  const verdict = judge(low / noise - 1, high * noise - 1, metric === 'throughput');
  return { metric, a, b, change: { ratio, noise }, verdict };
}

function tooFew({ length: ofA }: readonly number[], { length: ofB }: readonly number[]): string | undefined {
  if (Math.min(ofA, ofB) >= 2) return undefined;
  return `A has ${ofA} slices of it and B ${ofB}, but there is no interval of fewer than 2`;
}

/** User and system time are told apart at clock ticks on most kernels, so a short slice may have had none of one. */
function tooLittle(ofA: readonly number[], ofB: readonly number[]): string | undefined {
  if ([...ofA, ...ofB].every((sample) => sample > 0)) return undefined;
  return 'some slices have 0 s of it, too little for a ratio: repeat both with a longer --time';
}

/** Beginning and ending a slice is part of its figures: that shows in a short one, unless the other is as short. */
function tooShort(a: Run, b: Run): string | undefined {
  const [ofA = 0, ofB = 0] = [a, b].map(({ samples }) => median(samples.time.map(({ seconds }) => seconds)));
  if (Math.min(ofA, ofB) >= SHORT_SECONDS || Math.max(ofA, ofB) < 2 * Math.min(ofA, ofB)) return undefined;
  const ms = (seconds: number) => `${(1000 * seconds).toFixed(seconds < SHORT_SECONDS ? 1 : 0)} ms`;
  return `slices of A lasted ${ms(ofA)}, those of B ${ms(ofB)}, and in so short ones their beginning and end show: repeat both with a longer --time`;
}

function counted(metric: CountedMetric, runOfA: Run, runOfB: Run): ComparedFigure {
  const [a, b] = [runOfA.metrics[metric], runOfB.metrics[metric]];
  const reason = incomparable(a, b) ?? unsteady(runOfA);
  if (reason !== undefined || !isMeasured(a) || !isMeasured(b)) return unknown(metric, a, b, reason ?? '');
  const [ofA, ofB] = [countSamples(metric, runOfA), countSamples(metric, runOfB)];
  if (ofA.by !== ofB.by) return unknown(metric, a, b, `A was counted by ${ofA.by}, B by ${ofB.by}`);
  const range = middleDifference(ofB.values, ofA.values);
  const change = { difference: b.value - a.value, range };
  return { metric, a, b, change, verdict: judge(...range, false) };
}

/** A baseline's counts can be alike in each transfer of one process, and others in those of the next. */
function unsteady({ path }: Run): string | undefined {
  if (!(BASELINES as readonly string[]).includes(path)) return undefined;
  return 'how often the threads of Node wake each other is a matter of their timing, so its counts differ from process to process';
}

/** `low` and `high`: between which ends the change lies, 0 being none. */
function judge(low: number, high: number, moreIsBetter: boolean): ComparedFigure['verdict'] {
  if (low <= 0 && high >= 0) return 'same';
  return low > 0 === moreIsBetter ? 'better' : 'worse';
}

function doubts({ arms, onlyInA, onlyInB, differences: found }: Omit<Comparison, 'warnings'>): string[] {
  const said: string[] = [];
  if (found.length > 0)
    said.push('The environments differ, so a difference in the figures may be theirs: see what differs above.');
  const few = Math.min(...arms.flatMap(({ slices }) => slices));
  if (few < FEW_SLICES)
    said.push(
      `There are runs of only ${few} slices: with fewer than ${FEW_SLICES}, no interval is one of 95 %, whatever is done with them. Repeat both with more --rounds, and --time for them.`,
    );
  const loudest = Math.max(
    ...arms.flatMap(({ figures }) => figures.map(({ change }) => ('noise' in change ? change.noise : 1))),
  );
  if (loudest > LOUD)
    said.push(
      `An arm differed by up to ${Math.round(100 * (loudest - 1))} % from itself, or the controls (null and the loops in C++) did from A to B: no smaller change of time can be seen there. Repeat both on a quieter machine, one right after the other, or with a longer --time.`,
    );
  if (arms.length > 0 && !arms.some(isControl))
    said.push(
      'There is neither null nor a loop in C++ in both of them, so if the machine became slower or faster between A and B, it looks like a change of the paths. Measure with these controls, or right one after the other.',
    );
  if (onlyInA.length > 0) said.push(`${onlyInA.length} of the runs of A are not in B, and are not compared.`);
  if (onlyInB.length > 0) said.push(`${onlyInB.length} of the runs of B are not in A, and are not compared.`);
  return said;
}

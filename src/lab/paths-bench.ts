/**
 * `bench paths`: sends real files by every path through real sockets to a receiver in a process of its own, in three
 * passes that never overlap: verify (every byte is hashed), count (one transfer at a time under the kernel's counters, and
 * its copies by two oracles), time (randomised, interleaved slices). See `docs/measuring.md`.
 */
import { RESULTS_SCHEMA, type Results, type Run } from '../model/results.ts';
import { Children } from './children.ts';
import { controls, doubts, overPump } from './comparisons.ts';
import { describeEnvironment, ticks } from './environment.ts';
import { countMetrics, timeMetrics } from './metrics.ts';
import type { PathsBenchOptions, PathsBenchProgress } from './options.ts';
import { makeDirectory, removeDirectory } from './owned-directory.ts';
import { type Copies, copiesOf } from './passes/copies.ts';
import { type Counts, count } from './passes/count.ts';
import { type Timings, time } from './passes/time.ts';
import { type Verified, verify } from './passes/verify.ts';
import { makePlan, type Plan } from './plan.ts';
import { type LiveArm, startArms } from './rig.ts';
import { makeFile, type SourceFile } from './source-file.ts';
import { seeded } from './statistics.ts';

export type { ArmName, PathsBenchOptions, PathsBenchProgress } from './options.ts';
export { ARM_NAMES, BASELINES, LAB_PATHS, PUMPS } from './options.ts';

const NOTES = [
  'A transfer sends the whole file once on a connection that stays open. Our paths and the pumps are given an open file; node-stream and node-buffer open and close it each time, as their users write it.',
  'On loopback the receiving half of TCP runs in the context of the sender, and is charged to it.',
  'modeSwitches is 2 for each system call and 2 for each page fault taken in user mode.',
];

/**
 * Runs the whole bench and answers what `results.json` holds.
 *
 * Rejects with a `RangeError` that names the option for a bad one, with `options.signal.reason` when it is aborted, and
 * with an `Error` that names the arm when bytes came out wrong or a process of the bench died. In each case every process
 * that it started has ended, and every file that it made is gone, before it settles.
 */
export async function runPathsBench(
  options: PathsBenchOptions = {},
  onProgress: (progress: PathsBenchProgress) => void = () => {},
): Promise<Results> {
  const plan = makePlan(options);
  const { signal } = options;
  signal?.throwIfAborted();
  const directory = makeDirectory(plan.directory);
  const children = new Children();
  const abort = () => void children.end();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await measure(plan, directory, children, onProgress, signal);
  } catch (error) {
    // what a killed process leaves behind are errors that say nothing
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
    await children.end();
    removeDirectory(directory);
  }
}

/** One pass over all arms, in order. */
async function pass<T>(
  phase: PathsBenchProgress['phase'],
  arms: readonly LiveArm[],
  onProgress: (progress: PathsBenchProgress) => void,
  signal: AbortSignal | undefined,
  work: (arm: LiveArm) => Promise<T>,
): Promise<Map<LiveArm, T>> {
  const outcome = new Map<LiveArm, T>();
  for (const arm of arms) {
    signal?.throwIfAborted();
    const { path, size, sink } = arm.plan;
    onProgress({ phase, path, size, sink, done: outcome.size, total: arms.length });
    outcome.set(arm, await work(arm));
  }
  return outcome;
}

/** Throws if memory is so short that the files do not stay in it. */
function assertWarm(files: ReadonlyMap<number, SourceFile>): void {
  for (const { path, size, warm } of files.values()) {
    const cold = warm();
    if (cold > 0)
      throw new Error(
        `the cache is not warm: right after ${path} was read, ${cold} pages of its ${size} bytes were gone from the page cache; free some memory, or use smaller --sizes`,
      );
  }
}

function cooled(files: ReadonlyMap<number, SourceFile>, pass: string): string[] {
  return [...files.values()].flatMap(({ size, cold }) => {
    const pages = cold();
    if (pages === 0) return [];
    return `During the ${pass} pass ${pages} pages of the file of ${size} bytes left the page cache, so its figures are not those of a warm cache: something else needed the memory, or dropped caches. Run again.`;
  });
}

async function measure(
  plan: Plan,
  directory: string,
  children: Children,
  onProgress: (progress: PathsBenchProgress) => void,
  signal: AbortSignal | undefined,
): Promise<Results> {
  const started = new Date();
  const before = ticks();
  const random = seeded(plan.seed);
  // making files and starting processes takes a few seconds: whoever shows progress has something to show by now
  for (const { path, size, sink } of plan.arms.slice(0, 1))
    onProgress({ phase: 'verify', path, size, sink, done: 0, total: plan.arms.length });
  const files = new Map<number, SourceFile>(plan.sizes.map((size) => [size, makeFile(directory, size, plan.seed)]));

  const arms = await startArms(plan, children, directory, files);
  const warnings: string[] = [];
  const verified = await pass('verify', arms, onProgress, signal, verify);
  // the double of an arm is there for the sake of time only
  const shown = arms.filter((arm) => !arm.plan.control);
  assertWarm(files);
  const counts = await pass('count', shown, onProgress, signal, (arm) => count(arm, plan.counted));
  warnings.push(...cooled(files, 'counting'));
  assertWarm(files);
  const copies = copiesOf(
    shown.map(({ plan }) => plan),
    directory,
  );
  const timings = await time(arms, {
    seconds: plan.time,
    rounds: plan.rounds,
    random,
    signal,
    onSlice(arm, done, total, secondsLeft) {
      const { path, size, sink } = arm.plan;
      onProgress({ phase: 'time', path, size, sink, done, total, secondsLeft });
    },
  });
  warnings.push(...cooled(files, 'timing'));
  const rounds = Math.min(...[...timings.values()].map((slices) => slices.length));
  if (rounds < plan.rounds)
    warnings.push(
      `Only ${rounds} of ${plan.rounds} rounds fitted into ${plan.time} s: intervals are wide. Give it more --time, or smaller --sizes.`,
    );
  await children.end();

  const control = controls(timings, random);
  const environment = describeEnvironment(directory, before);
  warnings.push(...doubts(control));
  if (environment.fileSystem === 'tmpfs')
    warnings.push('The files lay on tmpfs, which is memory and no disk: choose another place with --directory.');
  return {
    schema: RESULTS_SCHEMA,
    startedAt: started.toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
    pinning: plan.pinning,
    seed: plan.seed,
    environment,
    controls: control,
    runs: shown.map((arm) =>
      describeRun(arm, plan, verified, counts, copies(arm.plan.path, arm.plan.sink), timings, random),
    ),
    claims: [],
    warnings,
    notes: NOTES,
  };
}

function describeRun(
  arm: LiveArm,
  plan: Plan,
  verified: ReadonlyMap<LiveArm, Verified>,
  counts: ReadonlyMap<LiveArm, Counts>,
  copies: Copies,
  timings: Timings,
  random: () => number,
): Run {
  const { path, size, sink } = arm.plan;
  const counted = counts.get(arm) as Counts;
  const slices = timings.get(arm) ?? [];
  return {
    path,
    sink,
    fileBytes: size,
    chunkBytes: plan.chunk,
    cache: plan.cache,
    verified: verified.get(arm) as Verified,
    samples: {
      time: slices,
      count: counted.samples.map((sample) =>
        sample.ownCalls === null ? sample.counts : { ...sample.counts, 'own-count.syscalls': sample.ownCalls },
      ),
    },
    metrics: { ...timeMetrics(slices, random), ...countMetrics(counted), ...copies },
    overPump: overPump(arm, timings, random),
  };
}

/**
 * `bench paths`: sends real files by every path through real sockets to a receiver in a process of its own, in three
 * passes that never overlap: verify (every byte is hashed), count (one transfer at a time under the kernel's counters),
 * time (randomised, interleaved slices). See `docs/measuring.md`.
 */
import type { Results } from '../model/results.ts';
import type { PathsBenchOptions, PathsBenchProgress } from './options.ts';

export type { ArmName, PathsBenchOptions, PathsBenchProgress } from './options.ts';
export { ARM_NAMES, BASELINES, LAB_PATHS, PUMPS } from './options.ts';

/**
 * Runs the whole bench and answers what `results.json` holds.
 *
 * Rejects with a `RangeError` or `TypeError` that names the option for a bad one, with `options.signal.reason` when it is
 * aborted, and with an `Error` that names the arm when bytes came out wrong or a process of the bench died. In each case
 * every process that it started has ended before it settles.
 */
export async function runPathsBench(
  options: PathsBenchOptions = {},
  onProgress: (progress: PathsBenchProgress) => void = () => {},
): Promise<Results> {
  void options;
  void onProgress;
  throw new Error('bench paths: the engine is still being put together');
}

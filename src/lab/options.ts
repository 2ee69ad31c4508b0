/**
 * What `bench paths` can be asked for, and what it says while it runs.
 */
import type { Cache, Sink } from '../model/results.ts';

/** Our paths, in the order in which tables show them. `null` is the control: same loop, bytes from memory. */
export const LAB_PATHS = ['null', 'read-write', 'mmap-write', 'sendfile', 'splice', 'vmsplice'] as const;
/** What a Node user would write without us. */
export const BASELINES = ['node-stream', 'node-buffer'] as const;
/** Loops in C++ that make the same calls: what driving them from JavaScript costs. */
export const PUMPS = [
  'pump-null',
  'pump-read-write',
  'pump-mmap-write',
  'pump-sendfile',
  'pump-splice',
  'pump-vmsplice',
] as const;

export const ARM_NAMES = [...LAB_PATHS, ...BASELINES, ...PUMPS] as const;
export type ArmName = (typeof ARM_NAMES)[number];

export function isArmName(name: string): name is ArmName {
  return (ARM_NAMES as readonly string[]).includes(name);
}

export function isLabPath(name: ArmName): name is (typeof LAB_PATHS)[number] {
  return (LAB_PATHS as readonly string[]).includes(name);
}

/** The pump that makes the same calls as a path; the baselines have none. */
export function pumpOf(path: ArmName): ArmName | undefined {
  const pump = `pump-${path}`;
  return isArmName(pump) ? pump : undefined;
}

export interface PathsBenchOptions {
  /** Our paths and the Node baselines by default. A path brings its pump along: see {@link PathsBenchOptions.pumps}. */
  paths?: readonly ArmName[];
  /** File sizes in bytes. Default 64 KiB, 1 MiB, 64 MiB. */
  sizes?: readonly number[];
  /** Bytes asked for by one call, and the baselines' highWaterMark. Default 64 KiB. */
  chunk?: number;
  /** Default `['tcp']`. */
  sinks?: readonly Sink[];
  /** Only `warm` so far: the file's pages are in the page cache, and asserted to be. */
  cache?: readonly Cache[];
  /** Seconds for the timing pass; the other passes come on top and take a few seconds. Default 40. */
  time?: number;
  /** Slices of each arm in the timing pass. Default 7. */
  rounds?: number;
  /** Transfers counted one by one in the counting pass. Default 11. */
  counted?: number;
  /** Whether the C++ loops run beside the paths that they control. Default true. */
  pumps?: boolean;
  /** Whether senders and receivers get a CPU each (their main threads). Default true, where there are two. */
  pin?: boolean;
  /** The order of slices and the bootstrap follow from it. Default: taken from the clock, and stored. */
  seed?: number;
  /** Where the files are made: a directory on a real file system. Default: a new one under os.tmpdir(). */
  directory?: string;
  /** Ends every child process, then rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface PathsBenchProgress {
  phase: 'verify' | 'count' | 'time';
  path: ArmName;
  size: number;
  sink: Sink;
  /** Steps of this phase finished so far, and in all. */
  done: number;
  total: number;
  /** Of the timing pass only, which alone lasts as long as it was told to. */
  secondsLeft?: number;
}

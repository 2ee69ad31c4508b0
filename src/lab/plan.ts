/** From options to arms: which processes there are, and which of them are compared with each other. */
import { type Cache, type Pinning, type Sink, sink as sinkSchema } from '../model/results.ts';
import { ARM_NAMES, type ArmName, BASELINES, isArmName, LAB_PATHS, type PathsBenchOptions, pumpOf } from './options.ts';
import { choosePinning } from './pinning.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const MAX_CHUNK = 0x7ffff000;

/** One process: a path, a file size and a sink. The control of a group is the same path a second time. */
export interface PlannedArm {
  readonly path: ArmName;
  readonly size: number;
  readonly sink: Sink;
  readonly control: boolean;
}

export interface Plan {
  readonly arms: readonly PlannedArm[];
  readonly sizes: readonly number[];
  readonly sinks: readonly Sink[];
  readonly chunk: number;
  readonly cache: Cache;
  readonly time: number;
  readonly rounds: number;
  readonly counted: number | undefined;
  readonly pinning: Pinning | null;
  readonly seed: number;
  readonly directory: string | undefined;
}

function bad(option: string, value: unknown, wanted: string): never {
  throw Object.assign(new RangeError(`${option} must be ${wanted}, got ${String(value)}`), {
    code: 'ERR_OUT_OF_RANGE',
  });
}

function integer(option: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) bad(option, value, `an integer of ${low} to ${high}`);
  return value;
}

function distinct<T>(option: string, values: readonly T[]): readonly T[] {
  if (values.length === 0) bad(option, 'none', 'one or more');
  return [...new Set(values)];
}

/** The path whose arm runs twice in each group: one that does little of its own. */
function controlPath(paths: readonly ArmName[]): ArmName {
  return paths.includes('sendfile') ? 'sendfile' : (paths[0] as ArmName);
}

function armsOf(paths: readonly ArmName[], withPumps: boolean): readonly ArmName[] {
  const pumps = withPumps ? paths.map(pumpOf).filter((pump) => pump !== undefined) : [];
  // tables follow one order, whatever order was typed
  return ARM_NAMES.filter((name) => paths.includes(name) || pumps.includes(name));
}

/** Throws RangeError naming the option. */
export function makePlan(options: PathsBenchOptions): Plan {
  const paths = distinct<ArmName>('paths', options.paths ?? [...LAB_PATHS, ...BASELINES]);
  for (const path of paths) if (!isArmName(path)) bad('paths', path, `of ${ARM_NAMES.join(', ')}`);
  const sizes = distinct('sizes', options.sizes ?? [64 * KIB, MIB, 64 * MIB]);
  for (const size of sizes) integer('sizes', size, 1, Number.MAX_SAFE_INTEGER);
  const sinks = distinct<Sink>('sinks', options.sinks ?? ['tcp']);
  for (const sink of sinks) if (!sinkSchema.safeParse(sink).success) bad('sinks', sink, 'tcp or unix');
  for (const cache of options.cache ?? [])
    if (cache !== 'warm') bad('cache', cache, 'warm: a cold page cache is not measured yet');
  const time = options.time ?? 40;
  if (!(time > 0 && time <= 86_400)) bad('time', time, 'seconds, more than 0 and at most a day');

  const names = armsOf(paths, options.pumps ?? true);
  const twice = controlPath(paths);
  const arms: PlannedArm[] = [];
  for (const sink of sinks)
    for (const size of sizes) {
      for (const path of names) arms.push({ path, size, sink, control: false });
      arms.push({ path: twice, size, sink, control: true });
    }
  return {
    arms,
    sizes,
    sinks,
    chunk: integer('chunk', options.chunk ?? 64 * KIB, 1, MAX_CHUNK),
    cache: 'warm',
    time,
    rounds: integer('rounds', options.rounds ?? 7, 2, 10_000),
    counted: options.counted === undefined ? undefined : integer('counted', options.counted, 1, 1001),
    pinning: (options.pin ?? true) ? choosePinning() : null,
    seed: integer('seed', options.seed ?? Date.now() % 2 ** 32, 0, 2 ** 32 - 1),
    directory: options.directory,
  };
}

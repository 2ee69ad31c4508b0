/**
 * `bench calls`: what one system call costs from TypeScript, beside loops in C++ and koffi. See `docs/calls.md`.
 *
 * Every round times each arm once, in random order and a few hundred microseconds long, so that a machine that slows down
 * slows all of them down; ratios are taken within a round.
 */
import { tmpdir } from 'node:os';
import { Bench } from 'tinybench';
import { Epoll } from '../io/epoll.ts';
import { CALL_ARMS, CALLS_SCHEMA, type CallArm, type CallCost, type CallsResults } from '../model/calls.ts';
import { type Evidence, lacking } from '../model/evidence.ts';
import { native } from '../native.ts';
import { allocatedBytes } from './calls/allocation.ts';
import { type CallCase, callCases, type Loop, type NativeName } from './calls/cases.ts';
import { Fixture, MAX_EVENTS } from './calls/fixture.ts';
import { type KoffiLibrary, loadKoffi } from './calls/koffi.ts';
import { describeEnvironment, ticks } from './environment.ts';
import { medianWithInterval, type Random, seeded, shuffled } from './statistics.ts';

export type { NativeName } from './calls/cases.ts';

/** The calls that can be timed: those that have a loop in C++. */
export const HOT_CALLS = Object.keys(native.loop) as NativeName[];

export interface CallsBenchOptions {
  /** All of {@link HOT_CALLS} by default. */
  calls?: readonly NativeName[];
  /** How often each arm of each call is timed. Default 41. */
  rounds?: number;
  /** Calls in one timed piece. Default 1000. */
  batch?: number;
  /** The order of the arms and the bootstrap follow from it. Default: taken from the clock, and stored. */
  seed?: number;
  /** Ends the bench between two rounds; what was timed until then is in the result, with a warning. */
  signal?: AbortSignal;
}

export interface CallsBenchProgress {
  round: number;
  rounds: number;
}

/** Pieces that tinybench times in one visit to an arm; their median is the round's figure. */
const PIECES = 3;
const WARM_UP = 20_000;
/** Calls of one allocation window. One boxed number each would be 320 KiB, and a collection is 16 MiB away. */
const ALLOCATING = 20_000;

type Arms = Map<CallArm, Loop>;

interface Subject {
  readonly case: CallCase;
  readonly arms: Arms;
  /** Nanoseconds per call, one a round. */
  readonly samples: Map<CallArm, number[]>;
}

/** Rejects with a RangeError that names the option for a bad one. */
export async function runCallsBench(
  options: CallsBenchOptions = {},
  onProgress: (progress: CallsBenchProgress) => void = () => {},
): Promise<CallsResults> {
  const rounds = whole('rounds', options.rounds ?? 41, 5, 100_000);
  const batch = whole('batch', options.batch ?? 1000, 1, 1_000_000);
  const seed = whole('seed', options.seed ?? Date.now() % 2 ** 32, 0, 2 ** 32 - 1);
  const wanted = options.calls ?? HOT_CALLS;
  for (const name of wanted)
    if (!HOT_CALLS.includes(name))
      throw new RangeError(`calls: ${JSON.stringify(name)} is none of ${HOT_CALLS.join(', ')}`);

  const [startedAt, from, before] = [new Date().toISOString(), performance.now(), ticks()];
  const random = seeded(seed);
  const koffi = await loadKoffi().catch((error: Error) => error);
  const fixture = new Fixture();
  const epoll = Epoll.open({ maxEvents: MAX_EVENTS });
  try {
    epoll.add(fixture.readEnd, { in: true });
    const subjects = callCases(fixture, epoll)
      .filter(({ name }) => wanted.includes(name))
      .map((one) => prepare(one, koffi));
    const warnings: string[] = [];
    let done = 0;
    while (done < rounds && !options.signal?.aborted) {
      for (const subject of subjects) timeRound(subject, batch, random);
      onProgress({ round: ++done, rounds });
      // lets signals, timers and the progress display have their turn
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (done < rounds)
      warnings.push(`interrupted after ${done} of ${rounds} rounds: intervals are wider; run it again`);
    if (done === 0) throw options.signal?.reason ?? new Error('interrupted');
    return {
      schema: CALLS_SCHEMA,
      startedAt,
      seconds: (performance.now() - from) / 1000,
      seed,
      environment: describeEnvironment(tmpdir(), before),
      rounds: done,
      batch,
      calls: subjects.map((subject) => summarise(subject, koffi, random)),
      warnings,
      notes: NOTES,
    };
  } finally {
    epoll.close();
    fixture.close();
  }
}

const NOTES = [
  "c: a loop in C++ around the bare system call instruction, arguments checked once. libc: a loop in C++ around libc's " +
    'function. typescript: iolab/sys, every argument checked at every call. bound: Epoll.wait(), whose buffer was checked ' +
    "once. koffi: libc's function through koffi.",
  'clock_gettime: libc reads the clock in the vDSO, without a system call; ours makes the call that it is named after.',
  'poll, recv, epoll_wait and others are cancellation points of libc: in a process with threads, as Node is, libc saves and ' +
    'restores a state around them, which the bare instruction does not.',
];

function whole(name: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw new RangeError(`${name} must be an integer of ${low} to ${high}, got ${value}`);
}

function prepare(one: CallCase, koffi: KoffiLibrary | Error): Subject {
  const { name, args } = one;
  const cLoop = native.loop[name] as (n: number, ...args: readonly unknown[]) => number;
  const libcLoop = native.libc[name] as typeof cLoop;
  for (const [arm, loop] of Object.entries({ c: cLoop, libc: libcLoop })) {
    const answer = loop(1, ...args);
    if (answer !== one.answers)
      throw new Error(`bench calls: ${one.does} by ${arm} answered ${answer}, not ${one.answers}: nothing to compare`);
  }
  const arms: Arms = new Map();
  arms.set('c', (n) => void cLoop(n, ...args));
  arms.set('libc', (n) => void libcLoop(n, ...args));
  arms.set('typescript', one.typescript);
  if (one.bound) arms.set('bound', one.bound);
  if (!(koffi instanceof Error)) arms.set('koffi', one.koffi(koffi.bind(name)));
  for (const loop of arms.values()) loop(WARM_UP);
  return { case: one, arms, samples: new Map([...arms.keys()].map((arm) => [arm, []])) };
}

function timeRound({ arms, samples }: Subject, batch: number, random: Random): void {
  const bench = new Bench({ iterations: PIECES, time: 0, warmup: false, throws: true });
  for (const [arm, loop] of shuffled([...arms], random)) bench.add(arm, () => loop(batch));
  for (const { name, result } of bench.runSync())
    if (result.state === 'completed') samples.get(name as CallArm)?.push((result.latency.p50 * 1e6) / batch);
}

const INSTRUMENT = 'tinybench';

function summarise({ case: one, arms, samples }: Subject, koffi: KoffiLibrary | Error, random: Random): CallCost {
  const absent = (arm: CallArm): Evidence =>
    lacking(arm === 'koffi' && koffi instanceof Error ? koffi.message : 'no object of iolab/io binds this call');
  const each = (figure: (own: readonly number[]) => readonly number[], unit: string) =>
    Object.fromEntries(
      CALL_ARMS.map((arm): [CallArm, Evidence] => {
        const own = samples.get(arm);
        if (own === undefined) return [arm, absent(arm)];
        return [arm, { ...medianWithInterval(figure(own), random), unit, instrument: INSTRUMENT }];
      }),
    ) as Record<CallArm, Evidence>;
  const over = (arm: CallArm) => {
    const base = samples.get(arm) as number[];
    return each((own) => own.map((ns, i) => ns / (base[i] as number)), 'ratio');
  };
  const loop = arms.get('bound') ?? one.typescript;
  const bytes = Math.max(perCall(one.typescript), perCall(loop));
  return {
    call: one.name,
    does: one.does,
    ns: each((own) => own, 'ns'),
    overC: over('c'),
    overLibc: over('libc'),
    bytesPerCall: { value: bytes, unit: 'B', instrument: 'v8.getHeapStatistics' },
  };
}

function perCall(loop: Loop): number {
  return Math.max(0, allocatedBytes(() => loop(ALLOCATING)) / ALLOCATING);
}

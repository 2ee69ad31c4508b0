/**
 * An instrument asks the kernel what it counted. It is tried for real before it is believed, and says what it costs.
 *
 * Guaranteed by every instrument of this folder: begin() and end() allocate nothing and decode nothing, so that what they
 * add to the counts is the same each time, and {@link Counters} can take it off again.
 */

import type { InstrumentReport } from '../model/environment.ts';
import { type Capability, refused, works } from '../model/works.ts';

/** Name of a counter, e.g. `minorFaults`, to what it counted. */
export type Readings = Readonly<Record<string, number>>;

/** An instrument at work: it holds descriptors until it is closed. */
export interface Counter {
  begin(): void;
  end(): void;
  /** What was counted between the latest begin() and end(), the instrument's own doing included. */
  difference(): Readings;
  close(): void;
}

export interface Instrument {
  readonly name: string;
  /** The counters that it supplies where it works. */
  readonly counts: readonly string[];
  /** Whether it works here, tried once and remembered; if not, why. */
  capability(): Capability;
  /** Throws if {@link capability} says no. */
  open(): Counter;
}

/** Asks once. A trial that throws is a "no" with the error's message as its cause. */
export function once(trial: () => Capability): () => Capability {
  let answer: Capability | undefined;
  return () => {
    if (answer === undefined) {
      try {
        answer = trial();
      } catch (error) {
        answer = refused(error instanceof Error ? error.message : String(error));
      }
    }
    return answer;
  };
}

const TRIALS = 11;

/**
 * The end of most trials: `works` as soon as the counter sees exactly the `done` events that `work` makes. It may take a few
 * trials: code that runs for its first time faults and calls on its own account, and a wait is none where its time was over
 * before it began.
 */
export function sees(counter: Counter, name: string, done: number, work: () => void): Capability {
  let nearest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIALS; i++) {
    counter.begin();
    work();
    counter.end();
    const seen = counter.difference()[name] ?? Number.NaN;
    if (seen === done) return works;
    if (!(Math.abs(seen - done) >= Math.abs(nearest - done))) nearest = seen;
  }
  return refused(`it is there, but where ${done} ${name} were made it counts ${nearest} at best`);
}

const READINGS = 101;

/** Median cost in nanoseconds of one reading, i.e. half of begin() and end(). */
export function overheadNs(instrument: Instrument): number | null {
  if (!instrument.capability().works) return null;
  const counter = instrument.open();
  try {
    const costs: number[] = [];
    for (let i = 0; i < READINGS; i++) {
      const from = process.hrtime.bigint();
      counter.begin();
      counter.end();
      costs.push(Number(process.hrtime.bigint() - from) / 2);
    }
    costs.sort((a, b) => a - b);
    return costs[(READINGS - 1) / 2] ?? null;
  } finally {
    counter.close();
  }
}

/**
 * What an environment says of an instrument. One that was tried and works, but fails while its cost is measured (records
 * lost on a busy machine, a register taken by now), is no reason to have no report: it says so.
 */
export function describe(
  { name, counts }: Pick<Instrument, 'name' | 'counts'>,
  capability: Capability,
  cost: () => number | null,
): InstrumentReport {
  const known = { name, counts: [...counts] };
  try {
    return { ...known, capability, overheadNs: cost() };
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return {
      ...known,
      capability: refused(`it works, but not while its cost was measured: ${cause}`),
      overheadNs: null,
    };
  }
}

export function report(instrument: Instrument): InstrumentReport {
  return describe(instrument, instrument.capability(), () => overheadNs(instrument));
}

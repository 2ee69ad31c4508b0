/** Several instruments around one piece of work, with what they count of each other taken off. */
import type { Counter, Instrument, Readings } from './instrument.ts';

const EMPTY_RUNS = 23;

export class Counters {
  readonly #names: readonly string[];
  readonly #counters: readonly Counter[];
  /** What an empty window counts: the instruments' own calls and bytes. */
  readonly overhead: Readings;

  /** The first is begun first and ended last: put the most disturbing one first and the most sensitive one last. */
  private constructor(instruments: readonly Instrument[]) {
    this.#names = instruments.map(({ name }) => name);
    this.#counters = instruments.map((instrument) => instrument.open());
    this.overhead = this.#calibrate();
  }

  /** Those of the instruments that work here. */
  static open(instruments: readonly Instrument[]): Counters {
    return new Counters(instruments.filter((instrument) => instrument.capability().works));
  }

  #calibrate(): Readings {
    const runs: Readings[] = [];
    for (let i = 0; i < EMPTY_RUNS; i++) {
      this.begin();
      this.end();
      runs.push(this.#raw());
    }
    // The least, since noise only adds: a median would take a compilation that lasted through most of these windows for
    // the instruments' own, and off the work as well (seen: 20 faults of 23).
    const overhead: Record<string, number> = {};
    for (const name of Object.keys(runs[0] ?? {})) overhead[name] = Math.min(...runs.map((run) => run[name] ?? 0));
    return overhead;
  }

  begin(): void {
    for (let i = 0; i < this.#counters.length; i++) (this.#counters[i] as Counter).begin();
  }

  end(): void {
    for (let i = this.#counters.length - 1; i >= 0; i--) (this.#counters[i] as Counter).end();
  }

  #raw(): Record<string, number> {
    const all: Record<string, number> = {};
    this.#counters.forEach((counter, i) => {
      for (const [name, value] of Object.entries(counter.difference())) all[`${this.#names[i]}.${name}`] = value;
    });
    return all;
  }

  /** `instrument.counter` to what the work between begin() and end() counted, the instruments' own share taken off. */
  difference(): Readings {
    const all = this.#raw();
    // an empty window may see a stray fault that the work did not: a count is never below nothing
    for (const name of Object.keys(all)) all[name] = Math.max(0, (all[name] ?? 0) - (this.overhead[name] ?? 0));
    return all;
  }

  close(): void {
    for (const counter of this.#counters) counter.close();
  }
}

/** Several perf events at once, as one counter: what software events and tracepoints have in common. */
import type { Counter, Readings } from './instrument.ts';
import { type CountedEvent, type CountedScope, PerfCounts } from './perf.ts';

export type CountedEvents = Readonly<Record<string, CountedEvent>>;

export class PerfCounter implements Counter {
  readonly #names: readonly string[];
  readonly #counts: PerfCounts[] = [];
  readonly #own: string | undefined;

  /** `own`: name of one figure more, the first event on the calling thread alone; scope `process` only. */
  constructor(events: CountedEvents, scope: CountedScope = 'process', own?: string) {
    this.#names = Object.keys(events);
    this.#own = own;
    try {
      for (const event of Object.values(events)) this.#counts.push(new PerfCounts(event, scope));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  begin(): void {
    for (let i = 0; i < this.#counts.length; i++) (this.#counts[i] as PerfCounts).begin();
  }

  end(): void {
    for (let i = this.#counts.length - 1; i >= 0; i--) (this.#counts[i] as PerfCounts).end();
  }

  difference(): Readings {
    const readings: Record<string, number> = {};
    this.#counts.forEach((counts, i) => {
      readings[this.#names[i] as string] = counts.all;
    });
    if (this.#own !== undefined) readings[this.#own] = this.#counts[0]?.own ?? Number.NaN;
    return readings;
  }

  close(): void {
    for (const counts of this.#counts) counts.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

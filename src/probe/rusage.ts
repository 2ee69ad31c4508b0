/**
 * getrusage(2): CPU time, page faults and context switches, of the calling thread or of the whole process.
 * Needs nothing. See `docs/measuring.md`.
 */
import { works } from '../model/works.ts';
import { type Flag, layout } from '../native.ts';
import { getrusage, RUSAGE_SELF, RUSAGE_THREAD } from '../sys/process.ts';
import { readRusage } from '../sys/structs.ts';
import { type Counter, type Instrument, once, type Readings } from './instrument.ts';

const SIZE = layout('rusage').size;

export type RusageScope = 'thread' | 'process';

const WHO: Readonly<Record<RusageScope, Flag<'rusage'>>> = {
  thread: RUSAGE_THREAD,
  process: RUSAGE_SELF,
};

function usage(who: Flag<'rusage'>, into: Uint8Array): void {
  const result = getrusage(who, into);
  if (result < 0) throw new Error(`getrusage(${who}) answers ${result}`);
}

class RusageCounter implements Counter {
  readonly #who: Flag<'rusage'>;
  readonly #before = new Uint8Array(SIZE);
  readonly #after = new Uint8Array(SIZE);

  constructor(scope: RusageScope) {
    this.#who = WHO[scope];
  }

  begin(): void {
    getrusage(this.#who, this.#before);
  }

  end(): void {
    getrusage(this.#who, this.#after);
  }

  difference(): Readings {
    const a = readRusage(this.#before);
    const b = readRusage(this.#after);
    return {
      userUs: b.utimeUs - a.utimeUs,
      sysUs: b.stimeUs - a.stimeUs,
      minorFaults: b.minflt - a.minflt,
      majorFaults: b.majflt - a.majflt,
      voluntarySwitches: b.nvcsw - a.nvcsw,
      involuntarySwitches: b.nivcsw - a.nivcsw,
      diskReadBytes: (b.inblock - a.inblock) * 512,
    };
  }

  close(): void {}
}

/** `thread` since Linux 2.6.26. Time is exact in sum; its split into user and system is sampled at clock ticks. */
export function rusage(scope: RusageScope): Instrument {
  return {
    name: scope === 'thread' ? 'rusage-thread' : 'rusage',
    counts: [
      'userUs',
      'sysUs',
      'minorFaults',
      'majorFaults',
      'voluntarySwitches',
      'involuntarySwitches',
      'diskReadBytes',
    ],
    capability: once(() => {
      usage(WHO[scope], new Uint8Array(SIZE));
      return works;
    }),
    open: () => new RusageCounter(scope),
  };
}

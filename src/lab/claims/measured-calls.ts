/** What a handful of calls costs in switches and faults, counted around them on this thread: used by the claims about paths. */
import { median } from 'simple-statistics';
import { type Evidence, isMeasured, lacking } from '../../model/evidence.ts';
import {
  Counters,
  type Instrument,
  perfSoftware,
  perfUserFaults,
  procIo,
  rusage,
  syscalls,
} from '../../probe/index.ts';
import { faultInKernel } from '../../probe/perf-software.ts';
import { faultTracepoints } from '../../probe/tracepoints.ts';
import { ppoll } from '../../sys/poll.ts';
import { gettid } from '../../sys/process.ts';
import { agree, type Case, type Control, type Reading } from './claim.ts';

const processRusage = rusage('process');
const threadIo = procIo('thread');
const INSTRUMENTS: readonly Instrument[] = [
  threadIo,
  processRusage,
  perfSoftware,
  perfUserFaults,
  faultTracepoints,
  syscalls,
];

export interface CallCost {
  readonly syscalls: Evidence;
  /** Two for each call, and two for each page fault that was taken in user mode. */
  readonly modeSwitches: Evidence;
  /** Of the scheduler, from this thread to another and back. */
  readonly contextSwitches: Evidence;
  /** Taken by the program's own instructions. */
  readonly userFaults: Evidence;
  /** All, those included that the kernel takes on the program's addresses in a call. */
  readonly faults: Evidence;
  /** Bytes that a disk had to supply. */
  readonly diskBytes: Evidence;
}

/** One repetition of what is counted. */
export interface Counted {
  /** Brings things into the state that it begins from; not counted. */
  prepare?(): void;
  /** Answers how many system calls it made. */
  work(): number;
  /** Not counted. */
  after?(): void;
}

const WINDOWS = 13;

/** What stands for several windows. The runtime and its neighbours only ever add, so mostly the least does. */
type Pick = (values: readonly number[]) => number;
const least: Pick = (values) => Math.min(...values);

export function callCost(counted: Counted, windows = WINDOWS, pick: Pick = least): CallCost {
  const counters = Counters.open(INSTRUMENTS);
  try {
    const seen = new Map<string, number[]>();
    const keep = (name: string, value: number) => seen.set(name, [...(seen.get(name) ?? []), value]);
    for (let i = 0; i < windows; i++) {
      counted.prepare?.();
      counters.begin();
      const made = counted.work();
      counters.end();
      counted.after?.();
      keep('made', made);
      const found = counters.difference();
      for (const [name, value] of Object.entries(found)) keep(name, value);
      const sum = (...names: string[]) => names.reduce((all, name) => all + (found[name] ?? Number.NaN), 0);
      keep('rusage.faults', sum('rusage.minorFaults', 'rusage.majorFaults'));
      keep('rusage.switches', sum('rusage.voluntarySwitches', 'rusage.involuntarySwitches'));
      keep('perf-software.faults', sum('perf-software.minorFaults', 'perf-software.majorFaults'));
    }
    return costs(new Map([...seen].map(([name, values]) => [name, pick(values)])));
  } finally {
    counters.close();
  }
}

function costs(counts: ReadonlyMap<string, number>): CallCost {
  const reading = (instrument: Instrument, counter: string): Reading => ({
    instrument: instrument.name,
    value: figure(instrument, counts.get(`${instrument.name}.${counter}`)),
  });
  const counted = reading(syscalls, 'ownThread');
  const made = counts.get('made') ?? { missing: 'nothing was counted' };
  // what a program says of itself proves nothing alone
  const calls =
    typeof counted.value === 'number'
      ? agree('calls', [{ instrument: 'own count', value: made }, counted])
      : lacking(`${counted.instrument}: ${counted.value.missing}`);
  const userFaults = agree('faults', [reading(perfUserFaults, 'userFaults'), reading(faultTracepoints, 'userFaults')]);
  return {
    syscalls: calls,
    modeSwitches: switches(calls, userFaults),
    contextSwitches: agree('switches', [reading(processRusage, 'switches'), reading(perfSoftware, 'contextSwitches')]),
    userFaults,
    faults: agree('faults', [reading(processRusage, 'faults'), reading(perfSoftware, 'faults')]),
    diskBytes: agree('bytes', [reading(threadIo, 'diskReadBytes')]),
  };
}

function figure({ capability }: Instrument, value: number | undefined): Reading['value'] {
  const answer = capability();
  if (!answer.works) return { missing: answer.cause };
  return value === undefined || Number.isNaN(value) ? { missing: 'it counted nothing' } : value;
}

function switches(calls: Evidence, userFaults: Evidence): Evidence {
  if (!isMeasured(calls)) return lacking(`needs the system calls: ${calls.missing}`);
  if (!isMeasured(userFaults)) return lacking(`needs the faults taken in user mode: ${userFaults.missing}`);
  return {
    value: 2 * calls.value + 2 * userFaults.value,
    unit: 'switches',
    instrument: `2 x (${calls.instrument}) + 2 x (${userFaults.instrument})`,
  };
}

/** What a claim is about, and so what its controls have to count right. */
export type Counting = 'modeSwitches' | 'contextSwitches' | 'faults';

/** Prime, so that it is nobody's accident. */
const KNOWN = 23;
const MOMENT_NS = 1_000_000n;

/** What is done a known number of times, and what that must count. */
const CONTROLS: Readonly<Record<Counting, { what: string; expected: number; work: () => number; pick?: Pick }>> = {
  modeSwitches: {
    what: `${KNOWN} calls`,
    expected: 2 * KNOWN,
    work() {
      for (let i = 0; i < KNOWN; i++) gettid();
      return KNOWN;
    },
  },
  contextSwitches: {
    what: `${KNOWN} waits`,
    expected: KNOWN,
    work() {
      for (let i = 0; i < KNOWN; i++) ppoll(NOBODY, 0, MOMENT_NS, null);
      return KNOWN;
    },
    // a waiter that the hypervisor holds up on its way in finds its time over, and does not wait: here noise subtracts, too
    pick: median,
  },
  faults: {
    what: `${KNOWN} pages touched for their first time`,
    expected: KNOWN,
    work() {
      faultInKernel(KNOWN);
      return 0;
    },
  },
};
const NOBODY = new Int32Array(2);

/** A window in which nothing is done, and one with a known number. */
function callControls(counting: Counting): Control[] {
  const { what, expected, work, pick } = CONTROLS[counting];
  return [
    { what: `${counting} of an empty window`, expected: 0, measured: callCost({ work: () => 0 })[counting] },
    { what: `${counting} of ${what}`, expected, measured: callCost({ work }, WINDOWS, pick)[counting] },
  ];
}

/** The same controls for all cases of a claim. */
export function withCallControls(counting: Counting, cases: readonly Omit<Case, 'controls'>[]): Case[] {
  const controls = callControls(counting);
  return cases.map((one) => ({ ...one, controls }));
}

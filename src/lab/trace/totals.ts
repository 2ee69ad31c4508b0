/** Sums of a timeline, and the second counts that they are checked against. */
import { type Evidence, lacking } from '../../model/evidence.ts';
import type { Side, TraceEvent, TraceReport } from '../../model/trace.ts';

const INSTRUMENT = 'tracepoint-records';

type Totals = Record<string, Evidence>;

/** What the records of one thread add up to. `missing`: figures whose tracepoint this kernel does not have. */
export function totalsOf(all: readonly TraceEvent[], side: Side, missing: Readonly<Record<string, string>>): Totals {
  const events = all.filter((event) => event.side === side);
  const of = (kind: TraceEvent['kind']) => events.filter((event) => event.kind === kind);
  const bytes = (kind: TraceEvent['kind']) => of(kind).reduce((sum, event) => sum + (event.bytes ?? 0), 0);
  const userFaults = of('fault').filter(({ inKernel }) => !inKernel).length;
  const calls = of('call');
  // one that it was in before the trace began crossed once only
  const crossings = calls.reduce((sum, { until }) => sum + (until === undefined ? 1 : 2), 0);
  const figures: Record<string, [value: number, unit: string]> = {
    syscalls: [calls.length, 'calls'],
    modeSwitches: [crossings + 2 * userFaults, 'switches'],
    contextSwitches: [of('switch').length, 'switches'],
    userFaults: [userFaults, 'faults'],
    kernelFaults: [of('fault').length - userFaults, 'faults'],
    wakings: [of('wake').length, 'wakings'],
    copiedToReceiver: [bytes('copy'), 'bytes'],
    packets: [of('packet').length, 'packets'],
    packetBytes: [bytes('packet'), 'bytes'],
    bytesInPages: [of('packet').reduce((sum, { inPages }) => sum + (inPages ?? 0), 0), 'bytes'],
    diskBytes: [bytes('disk'), 'bytes'],
  };
  return Object.fromEntries(
    Object.entries(figures).map(([name, [value, unit]]): [string, Evidence] => {
      const cause = missing[name];
      return [name, cause === undefined ? { value, unit, instrument: INSTRUMENT } : lacking(cause)];
    }),
  );
}

/** Without records: what our own code and rusage counted. */
export function ownTotals(calls: number, rusage: Readonly<Record<string, number>>, cause: string): Totals {
  const by = (name: string) => rusage[`rusage-thread.${name}`] ?? Number.NaN;
  const figure = (value: number, unit: string, instrument: string): Evidence =>
    Number.isNaN(value) ? lacking(`${instrument} counted nothing`) : { value, unit, instrument };
  return {
    syscalls: figure(calls, 'calls', 'own-count'),
    modeSwitches: lacking(cause),
    contextSwitches: figure(by('voluntarySwitches') + by('involuntarySwitches'), 'switches', 'rusage-thread'),
    faults: figure(by('minorFaults') + by('majorFaults'), 'faults', 'rusage-thread'),
    copiedToReceiver: lacking(cause),
    packetBytes: lacking(cause),
    diskBytes: figure(by('diskReadBytes'), 'bytes', 'rusage-thread'),
  };
}

type Check = TraceReport['checks'][0];

export function checkOf(what: string, figures: Readonly<Record<string, number>>): Check {
  const all = Object.entries(figures).map(([from, value]) => ({ from, value }));
  return { what, figures: all, agree: all.every(({ value }) => value === all[0]?.value) };
}

/** All counting instruments, in the order in which they nest: the last is closest to the work. */
import type { InstrumentReport } from '../model/environment.ts';
import { type Instrument, report } from './instrument.ts';
import { lookingReports } from './looking.ts';
import { perfSoftware, perfUserFaults } from './perf-software.ts';
import { procIo } from './proc-io.ts';
import { rusage } from './rusage.ts';
import { schedstat } from './schedstat.ts';
import { faultTracepoints, netTracepoints, schedTracepoints, syscalls } from './tracepoints.ts';

export { Counters } from './counters.ts';
export { type Counter, type Instrument, overheadNs, type Readings } from './instrument.ts';
export type { CountedScope } from './perf.ts';
export * from './recorder.ts';
export { TRACEPOINTS, TracepointCounter, type TracepointName } from './tracepoints.ts';
export {
  faultTracepoints,
  netTracepoints,
  perfSoftware,
  perfUserFaults,
  procIo,
  rusage,
  schedstat,
  schedTracepoints,
  syscalls,
};

const processIo = procIo('process');
const threadIo = procIo('thread');
const processRusage = rusage('process');
const threadRusage = rusage('thread');

/** What a counting pass puts around one transfer: figures of the whole process. */
export const countingInstruments: readonly Instrument[] = [
  processIo,
  processRusage,
  perfSoftware,
  perfUserFaults,
  syscalls,
];

/** Those that count, in the order of a reading's cost. */
const COUNTING: readonly Instrument[] = [
  processIo,
  threadIo,
  processRusage,
  threadRusage,
  schedstat,
  perfSoftware,
  perfUserFaults,
  syscalls,
  faultTracepoints,
  schedTracepoints,
  netTracepoints,
];

/** Every instrument: whether it works here, why not, and what a reading costs. */
export function instrumentReports(): InstrumentReport[] {
  return [...COUNTING.map(report), ...lookingReports()];
}

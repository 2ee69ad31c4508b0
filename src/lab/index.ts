/** The lab: workloads, trials and what they measured. `docs/measuring.md` says how, `docs/results.md` in which form. */

export type { CallArm, CallCost, CallsResults } from '../model/calls.ts';
export type { ComparedArm, ComparedFigure, ComparedVerdict, Comparison } from '../model/compare.ts';
export type { DoctorCheck, DoctorReport } from '../model/doctor.ts';
export { type Evidence, isMeasured, type Measured, type Missing } from '../model/evidence.ts';
export { type Results, type Run, resultsJsonSchema } from '../model/results.ts';
export { readResults } from '../model/stored.ts';
export * from './calls.ts';
export * from './compare.ts';
export * from './doctor.ts';
export * from './paths-bench.ts';

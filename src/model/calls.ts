/** What `bench calls` found, schema `iolab/calls@1`: see `docs/calls.md`. */
import { z } from 'zod';
import { environment } from './environment.ts';
import { evidence } from './evidence.ts';

export const CALLS_SCHEMA = 'iolab/calls@1';

/** Who makes the call. `c` and `libc` are loops in C++: by the bare instruction, and through libc's function. */
export const CALL_ARMS = ['c', 'libc', 'typescript', 'bound', 'koffi'] as const;
export type CallArm = (typeof CALL_ARMS)[number];

const arms = z.strictObject({ c: evidence, libc: evidence, typescript: evidence, bound: evidence, koffi: evidence });

export const callCost = z.strictObject({
  call: z.string().min(1),
  does: z.string().min(1).describe('what exactly was called, and what it answered'),
  ns: arms.describe('nanoseconds per call, the median over rounds'),
  overC: arms.describe('over the C++ loop by the bare instruction; the median of the ratios within each round'),
  overLibc: arms.describe('the same over the C++ loop through libc'),
  bytesPerCall: evidence.describe("what a call from TypeScript allocates on V8's heap"),
});
export type CallCost = z.infer<typeof callCost>;

export const callsResults = z.strictObject({
  schema: z.literal(CALLS_SCHEMA),
  startedAt: z.iso.datetime(),
  seconds: z.number().nonnegative(),
  seed: z.int().nonnegative(),
  environment,
  rounds: z.int().positive(),
  batch: z.int().positive().describe('calls in one timed piece'),
  calls: z.array(callCost),
  warnings: z.array(z.string()),
  notes: z.array(z.string()),
});
export type CallsResults = z.infer<typeof callsResults>;

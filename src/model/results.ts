/**
 * The result file, schema `iolab/results@1`: see `docs/results.md`. Types and the published JSON Schema
 * (`docs/results.schema.json`) both come from here.
 */
import { z } from 'zod';
import { claim } from './claim.ts';
import { environment } from './environment.ts';
import { estimate, evidence } from './evidence.ts';

export const RESULTS_SCHEMA = 'iolab/results@1';

export const sink = z.enum(['tcp', 'unix']);
export type Sink = z.infer<typeof sink>;
export const cache = z.enum(['warm', 'cold']);
export type Cache = z.infer<typeof cache>;

/** Every metric is in every run: what could not be measured says why. */
export const metrics = z.strictObject({
  throughput: evidence,
  senderCpuPerGiB: evidence,
  receiverCpuPerGiB: evidence,
  userCpuPerGiB: evidence,
  sysCpuPerGiB: evidence,
  syscalls: evidence,
  modeSwitches: evidence,
  voluntarySwitches: evidence,
  involuntarySwitches: evidence,
  minorFaults: evidence,
  majorFaults: evidence,
  readCallBytes: evidence,
  writeCallBytes: evidence,
  cpuCopies: evidence,
  cpuCopiesTotal: evidence,
  diskBytes: evidence,
  latencyP50: evidence,
  latencyP99: evidence,
});
export type Metrics = z.infer<typeof metrics>;
export type MetricName = keyof Metrics;

/** One slice of the timing pass, as it was measured. */
export const timeSample = z.strictObject({
  round: z.int().nonnegative(),
  transfers: z.int().positive(),
  bytes: z.int().nonnegative(),
  seconds: z.number().positive(),
  senderUser: z.number(),
  senderSys: z.number(),
  receiverUser: z.number(),
  receiverSys: z.number(),
});
export type TimeSample = z.infer<typeof timeSample>;

/** One transfer of the counting pass: counter name to count. */
export const countSample = z.record(z.string(), z.number());
export type CountSample = z.infer<typeof countSample>;

export const run = z.strictObject({
  path: z.string().min(1),
  sink,
  fileBytes: z.int().nonnegative(),
  chunkBytes: z.int().positive(),
  cache,
  verified: z
    .strictObject({ transfers: z.int().positive(), sha256: z.string().length(64) })
    .describe('transfers whose every byte was hashed by the receiver, and the hash that they had'),
  samples: z.strictObject({ time: z.array(timeSample), count: z.array(countSample) }),
  metrics,
  overPump: evidence.describe('throughput over that of the same calls made by a loop in C++'),
});
export type Run = z.infer<typeof run>;

export const controls = z.strictObject({
  aa: estimate.describe('the same arm against itself: its interval must hold 1, and its width is the noise floor'),
  receiverHeadroom: z
    .strictObject({ value: z.number(), path: z.string(), sink, fileBytes: z.int() })
    .describe('what the receiver alone can take over what the sender gave it, and the run where that is least'),
  groups: z.array(z.strictObject({ sink, fileBytes: z.int(), aa: estimate })),
});
export type Controls = z.infer<typeof controls>;

export const pinning = z.strictObject({ sender: z.int().nonnegative(), receiver: z.int().nonnegative() });
export type Pinning = z.infer<typeof pinning>;

export const results = z.strictObject({
  schema: z.literal(RESULTS_SCHEMA),
  startedAt: z.iso.datetime(),
  seconds: z.number().nonnegative().describe('how long the whole of it took'),
  pinning: z
    .union([pinning, z.null()])
    .describe('the CPU of all senders and that of the receivers; null where the scheduler was left to choose'),
  seed: z.int().nonnegative().describe('the order of slices and the bootstrap follow from it'),
  environment,
  controls,
  runs: z.array(run),
  claims: z.array(claim).describe('what `verify` found in the same run of `iolab`; empty after `bench paths` alone'),
  warnings: z.array(z.string()).describe('sentences: what is doubtful, and what to do about it'),
  notes: z.array(z.string()).describe('sentences: what one has to know to read the figures'),
});
export type Results = z.infer<typeof results>;

/** The JSON Schema (draft 2020-12) of a result file. */
export function resultsJsonSchema(): object {
  return {
    $id: 'urn:iolab:results:1',
    title: RESULTS_SCHEMA,
    ...z.toJSONSchema(results),
  };
}

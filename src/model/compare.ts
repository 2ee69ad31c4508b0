/** What `iolab compare A B` finds, schema `iolab/compare@1`: see `docs/compare.md`. */
import { z } from 'zod';
import { estimate, evidence, missing } from './evidence.ts';
import { run } from './results.ts';

export const COMPARE_SCHEMA = 'iolab/compare@1';

/** Of medians over slices: a ratio, since machines differ in speed from day to day by some factor. */
export const TIMED = ['throughput', 'senderCpuPerGiB', 'receiverCpuPerGiB', 'userCpuPerGiB', 'sysCpuPerGiB'] as const;
/** Of one transfer: a difference, since some of them are 0. */
export const COUNTED = ['syscalls', 'modeSwitches', 'cpuCopies', 'cpuCopiesTotal'] as const;

/** What makes two runs the same arm: a run of A is compared with the run of B that has all of it in common. */
export const arm = run.pick({ path: true, sink: true, fileBytes: true, chunkBytes: true, cache: true });
export type Arm = z.infer<typeof arm>;

export const comparedVerdict = z.enum(['better', 'worse', 'same', 'unknown']);
export type ComparedVerdict = z.infer<typeof comparedVerdict>;

export const comparedFigure = z.strictObject({
  metric: z.enum([...TIMED, ...COUNTED]),
  a: evidence,
  b: evidence,
  change: z.union([
    z.strictObject({
      ratio: estimate.describe('B over A'),
      noise: z
        .number()
        .min(1)
        .describe(
          'the factor between an arm and itself in the noisier result, or that by which the controls moved from A to B if it is larger; the interval is widened by it',
        ),
    }),
    z.strictObject({
      difference: z.number().describe('B minus A'),
      range: z
        .tuple([z.number(), z.number()])
        .describe('from the middle half of the transfers of A to that of B; both ends equal where the count is exact'),
    }),
    missing,
  ]),
  verdict: comparedVerdict,
});
export type ComparedFigure = z.infer<typeof comparedFigure>;

export const comparedArm = z.strictObject({
  ...arm.shape,
  slices: z.tuple([z.int().nonnegative(), z.int().nonnegative()]).describe('of A and B, in the timing pass'),
  figures: z.array(comparedFigure),
});
export type ComparedArm = z.infer<typeof comparedArm>;

const source = z.strictObject({
  startedAt: z.iso.datetime(),
  iolab: z.string(),
  git: z.union([z.string(), z.null()]),
  seed: z.int().nonnegative(),
});

/** A field of the environment in which A and B differ. */
export const difference = z.strictObject({ field: z.string().min(1), a: z.string(), b: z.string() });
export type Difference = z.infer<typeof difference>;

export const comparison = z.strictObject({
  schema: z.literal(COMPARE_SCHEMA),
  a: source,
  b: source,
  differences: z
    .array(difference)
    .describe('of the environments; empty unless it was told to compare them all the same'),
  arms: z.array(comparedArm),
  onlyInA: z.array(arm),
  onlyInB: z.array(arm),
  warnings: z.array(z.string()).describe('sentences: what is doubtful, and what to do about it'),
});
export type Comparison = z.infer<typeof comparison>;

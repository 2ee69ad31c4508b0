/**
 * Evidence: what an instrument saw, or why it saw nothing. Absence is never zero.
 */
import { z } from 'zod';

const interval = z.tuple([z.number(), z.number()]).describe('lower and upper end of a 95 % confidence interval');

export const measured = z.strictObject({
  value: z.number(),
  unit: z.string().min(1),
  instrument: z.string().min(1).describe('what measured it'),
  ci: interval.exactOptional(),
});

export const missing = z.strictObject({
  missing: z.string().min(1).describe('why there is no value'),
});

export const evidence = z.union([measured, missing]);

/** A figure, what it counts, and what measured it. */
export type Measured = z.infer<typeof measured>;
/** No figure, and the reason. */
export type Missing = z.infer<typeof missing>;
export type Evidence = z.infer<typeof evidence>;

export function isMeasured(e: Evidence): e is Measured {
  return 'value' in e;
}

export function lacking(reason: string): Missing {
  return { missing: reason };
}

/** A ratio or other bare figure with the interval that it lies in. */
export const estimate = z.strictObject({ value: z.number(), ci: interval });
export type Estimate = z.infer<typeof estimate>;

/** The schema of a {@link Capability}. */
import { z } from 'zod';
import type { Capability } from './works.ts';

export const capability: z.ZodType<Capability> = z.union([
  z.strictObject({ works: z.literal(true) }),
  z.strictObject({ works: z.literal(false), cause: z.string().min(1) }),
]);

export * from './works.ts';

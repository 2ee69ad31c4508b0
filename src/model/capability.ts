/**
 * Capability: whether something works here, tried for real once, and if not, why.
 */
import { z } from 'zod';

export const capability = z.union([
  z.strictObject({ works: z.literal(true) }),
  z.strictObject({ works: z.literal(false), cause: z.string().min(1) }),
]);

export type Capability = z.infer<typeof capability>;

export const works: Capability = { works: true };

export function refused(cause: string): Capability {
  return { works: false, cause };
}

/** What `verify` found, schema `iolab/verify@1`: see `docs/claims.md`. */
import { z } from 'zod';
import { claim } from './claim.ts';
import { environment } from './environment.ts';

export const VERIFY_SCHEMA = 'iolab/verify@1';

export const verifyReport = z.strictObject({
  schema: z.literal(VERIFY_SCHEMA),
  startedAt: z.iso.datetime(),
  seconds: z.number().nonnegative().describe('how long the whole of it took'),
  environment: environment.describe('`instruments` says which work here, and why others do not'),
  claims: z.array(claim),
  warnings: z.array(z.string()).describe('sentences: what is doubtful, and what to do about it'),
  notes: z.array(z.string()).describe('sentences: what one has to know to read the figures'),
});
export type VerifyReport = z.infer<typeof verifyReport>;

/** The JSON Schema (draft 2020-12) of what `verify` writes. */
export function verifyJsonSchema(): object {
  return {
    $id: 'urn:iolab:verify:1',
    title: VERIFY_SCHEMA,
    ...z.toJSONSchema(verifyReport),
  };
}

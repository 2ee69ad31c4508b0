/** Judges claims as `verify` does, for tests of a claims file. */
import type { ClaimDefinition } from '../../../src/lab/claims/claim.ts';
import { decideCase, decideClaim } from '../../../src/lab/claims/decide.ts';

/** The verdict, and in a sentence why. */
export async function judged(definition: ClaimDefinition): Promise<{ verdict: string; because: string }> {
  const cases = await definition.judge(new AbortController().signal);
  const { verdict, because } = decideClaim(
    cases.map((one) => ({ condition: one.condition, ...decideCase(definition.expected, one) })),
  );
  return { verdict, because };
}

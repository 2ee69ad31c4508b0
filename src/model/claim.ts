/** A claim and what was found about it: part of the result file, and of what `verify` writes. */
import { z } from 'zod';
import { evidence, isMeasured } from './evidence.ts';

/** `depends`: it holds under some of the conditions that were tried and not under others. */
export const verdict = z.enum(['holds', 'fails', 'depends', 'unknown']);
export type Verdict = z.infer<typeof verdict>;

/** One sentence in both languages; a user's own claim may have one of them only. */
export const wording = z.strictObject({ en: z.string().min(1), zh: z.string().min(1).exactOptional() });
export type Wording = z.infer<typeof wording>;

/** A figure as the claim has it: a number, or the range that it has to lie in. */
export const expectation = z.union([
  z.number(),
  z.strictObject({ min: z.number().exactOptional(), max: z.number().exactOptional() }),
]);
export type Expectation = z.infer<typeof expectation>;

export function meets(value: number, wanted: Expectation): boolean {
  if (typeof wanted === 'number') return value === wanted;
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = wanted;
  return min <= value && value <= max;
}

/** A run whose outcome is known: an instrument that gets it wrong is not believed about the rest. */
export const control = z.strictObject({
  what: z.string().min(1),
  expected: z.number(),
  measured: evidence,
});
export type Control = z.infer<typeof control>;

/** A control's outcome as it should be. */
export function behaved({ expected, measured }: Control): boolean {
  return isMeasured(measured) && measured.value === expected;
}

/** What one instrument saw, in a sentence that can be read without knowing the instrument. */
export const finding = z.looseObject({ instrument: z.string().min(1), saw: z.string().min(1) });
export type Finding = z.infer<typeof finding>;

/** One condition that the claim was tried under. */
export const claimCase = z.strictObject({
  condition: z.string().describe('what was different in this case; empty if there is one case only'),
  verdict,
  because: z.string().describe('in a sentence: which figure decided it, or what is missing'),
  measured: z.record(z.string(), evidence),
  controls: z.array(control),
  evidence: z.array(finding),
});
export type ClaimCase = z.infer<typeof claimCase>;

export const claim = z.strictObject({
  id: z.string().min(1),
  topic: wording.exactOptional().describe('what the claim is about; a user’s own has none'),
  statement: wording,
  source: z.string().describe('where it is said'),
  scope: z.string().describe('what the figures cover: whose calls, one call or a whole transfer, warm or cold'),
  verdict,
  because: z.string(),
  recorded: z.union([verdict, z.null()]).describe('what the ledger expects of this claim; null for a user’s own'),
  expected: z.record(z.string(), expectation),
  measured: z.record(z.string(), evidence).describe('figures of the first case; `cases` has them all'),
  conditions: z.array(z.string()).describe('what has to be known to read the figures'),
  cases: z.array(claimCase),
  wanting: z
    .array(z.string())
    .describe(
      'what this machine does not have or allow, and the claim needs; an `unknown` has other causes where empty',
    ),
  evidence: z.array(finding),
  note: wording.exactOptional().describe('what the words of the claim mean, where they mislead'),
  repeat: z.string().describe('the command that judges it again'),
  seconds: z.number().nonnegative(),
});
export type Claim = z.infer<typeof claim>;

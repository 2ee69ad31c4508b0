/** Why a figure, a case or a claim has no answer. Each cause is told once. */
import { behaved, type Claim, type ClaimCase } from '../model/claim.ts';
import { isMeasured } from '../model/evidence.ts';
import type { Words } from './verify-words.ts';

/** Of a case that could not be decided: instruments that got a known outcome wrong, or else figures that are missing. */
export function causesOfCase(tried: ClaimCase, expected: Claim['expected'], words: Words): string[] {
  const wrong = tried.controls
    .filter((control) => !behaved(control))
    .map(({ what, expected: wanted, measured }) =>
      isMeasured(measured) ? words.control(what, String(wanted), String(measured.value)) : measured.missing,
    );
  const lacking = Object.keys(expected).flatMap((name) => {
    const evidence = tried.measured[name];
    return evidence === undefined || isMeasured(evidence) ? [] : [evidence.missing];
  });
  return [...new Set(wrong.length > 0 ? wrong : lacking)];
}

/** Of a claim, as far as it is open. One without cases was not tried at all. */
export function causesOf(claim: Claim, words: Words): readonly string[] {
  const open = claim.cases.filter(({ verdict }) => verdict === 'unknown');
  const causes = open.flatMap((tried) => causesOfCase(tried, claim.expected, words));
  if (causes.length === 0 && claim.verdict === 'unknown')
    return claim.wanting.length > 0 ? claim.wanting : [claim.because];
  return [...new Set(causes)];
}

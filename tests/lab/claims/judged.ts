/** A claim judged for real, and its figures by their names. */
import { expect } from 'vitest';
import { behaved, type ClaimDefinition } from '../../../src/lab/claims/claim.ts';
import { decideClaim, judgeCase } from '../../../src/lab/claims/decide.ts';
import { type Evidence, isMeasured } from '../../../src/model/evidence.ts';

export interface Judged {
  readonly verdict: string;
  readonly because: string;
  /** Of the first case: values, and reasons for those that are missing. */
  readonly figures: Readonly<Record<string, number | string>>;
  readonly measured: Readonly<Record<string, Evidence>>;
  readonly saw: readonly string[];
}

/** Judges it, and fails where a control did not behave. */
export async function judged(claims: readonly ClaimDefinition[], id: string): Promise<Judged> {
  const claim = claims.find((one) => one.id === id);
  if (claim === undefined) throw new Error(`there is no claim ${id}`);
  const tried = (await claim.judge(new AbortController().signal)).map((one) => judgeCase(claim.expected, one));
  for (const { stored } of tried) expect(stored.controls.filter((one) => !behaved(one))).toEqual([]);
  const { verdict, because } = decideClaim(
    tried.map(({ decision, stored }) => ({ ...decision, condition: stored.condition })),
  );
  const measured = tried[0]?.stored.measured ?? {};
  return {
    verdict,
    because,
    measured,
    figures: Object.fromEntries(
      Object.entries(measured).map(([name, e]) => [name, isMeasured(e) ? e.value : e.missing]),
    ),
    saw: tried[0]?.stored.evidence.map(({ saw }) => saw) ?? [],
  };
}

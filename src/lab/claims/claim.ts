/** What a claim of the ledger consists of, and how figures of several instruments become one. */
import {
  behaved,
  type Control,
  type Expectation,
  type Finding,
  type Verdict,
  type Wording,
} from '../../model/claim.ts';
import { type Evidence, lacking } from '../../model/evidence.ts';

export type { Control, Expectation, Finding, Verdict, Wording };
export { behaved };

/** What was found under one condition. Figures only: what follows from them is decided in one place, decide.ts. */
export interface Case {
  /** What was different here, in a few words: `scatter-gather off`. Empty if the claim has one case only. */
  readonly condition: string;
  /** One entry for each figure that the claim expects, and any others that are worth showing. */
  readonly measured: Readonly<Record<string, Evidence>>;
  /** A control that comes out wrong makes the case `unknown`. */
  readonly controls: readonly Control[];
  readonly evidence: readonly Finding[];
}

export interface ClaimDefinition {
  /** Kebab case; its page is docs/claims/ID.md. */
  readonly id: string;
  readonly statement: Required<Wording>;
  /** Where it is said: a book, a page, a section of the notes. */
  readonly source: string;
  /** Whose calls, one call or a whole transfer, which cache state and socket. */
  readonly scope: string;
  readonly expected: Readonly<Record<string, Expectation>>;
  /** The verdict it had when it was written. Only `verify`'s exit status knows it: no verdict is ever taken from here. */
  readonly recorded: Verdict;
  /** Where the words of the claim mislead. */
  readonly note?: Required<Wording>;
  /**
   * Measures. Throwing makes the claim `unknown` with the error's message as the cause. Whatever it opens it closes, and
   * it must not leave anything behind if the process is killed: unnamed files, descriptors, no names.
   */
  judge(signal: AbortSignal): Promise<readonly Case[]> | readonly Case[];
}

/** A figure that an instrument gave, or why it gave none. */
export interface Reading {
  readonly instrument: string;
  readonly value: number | { readonly missing: string };
}

/** How a figure begins whose instruments saw different things: that is no want of an instrument. */
export const DISAGREE = 'instruments disagree';

/**
 * One figure out of several instruments' readings. All that have one must agree exactly, or there is none: two figures
 * are never averaged. A single one is a figure whose instrument says that it stood alone.
 */
export function agree(unit: string, readings: readonly Reading[]): Evidence {
  const found = readings.filter((r): r is Reading & { value: number } => typeof r.value === 'number');
  const [first] = found;
  if (first === undefined) {
    const causes = readings.map(({ instrument, value }) => `${instrument}: ${(value as { missing: string }).missing}`);
    return lacking(causes.length === 0 ? 'no instrument for it' : causes.join('; '));
  }
  if (found.some(({ value }) => value !== first.value)) {
    return lacking(`${DISAGREE}: ${found.map((r) => `${r.instrument} ${r.value}`).join(', ')}`);
  }
  const names = found.map(({ instrument }) => instrument).join(' + ');
  return { value: first.value, unit, instrument: found.length === 1 ? `${names} (one instrument)` : names };
}

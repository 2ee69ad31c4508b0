/**
 * From figures to verdicts: the one place where that is done, by rules that know nothing of any claim. docs/claims.md says
 * them in words.
 */
import { type ClaimCase, meets } from '../../model/claim.ts';
import { type Evidence, isMeasured, lacking } from '../../model/evidence.ts';
import { behaved, type Case, type Control, DISAGREE, type Expectation, type Verdict } from './claim.ts';

/** What was found, and why it is no more than that. */
export interface Decision {
  readonly verdict: Verdict;
  /** Sentences without a full stop, joined by semicolons. */
  readonly because: string;
  /** What this machine does not have or allow and the verdict needs. */
  readonly wanting: readonly string[];
}

export type Expected = Readonly<Record<string, Expectation>>;

/** `2`, `2 to 5`, `at least 2`, `at most 5`. */
export function showExpectation(expectation: Expectation): string {
  if (typeof expectation === 'number') return String(expectation);
  const { min, max } = expectation;
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  if (min !== undefined) return `at least ${min}`;
  return max === undefined ? 'any number' : `at most ${max}`;
}

/** The figure as it stands in the result: one that was promised and is not there is missing, and so is one that is none. */
function figureOf(measured: Case['measured'], name: string): Evidence {
  const evidence = Object.hasOwn(measured, name) ? measured[name] : undefined;
  if (evidence === undefined) return lacking('the experiment gave no figure for it');
  if (isMeasured(evidence) && !Number.isFinite(evidence.value))
    return lacking(`the experiment gave ${evidence.value} by ${evidence.instrument}`);
  return evidence;
}

/** Causes that lie in the experiment. For any other a figure is missing because this machine has nothing to measure it. */
const FAULT = new RegExp(`^${DISAGREE}|^the experiment gave|\\blost\\b`);
const isWant = (cause: string) => !FAULT.test(cause);

interface Judged {
  readonly verdict: Verdict;
  readonly because: string;
  readonly wanting?: string;
}

function judgeFigure(name: string, expectation: Expectation, evidence: Evidence): Judged {
  const wanted = `expected ${name} ${showExpectation(expectation)}`;
  if (isMeasured(evidence))
    return {
      verdict: meets(evidence.value, expectation) ? 'holds' : 'fails',
      because: `${wanted}, measured ${evidence.value} by ${evidence.instrument}`,
    };
  const because = `${wanted}, not measured: ${evidence.missing}`;
  return { verdict: 'unknown', because, ...(isWant(evidence.missing) ? { wanting: evidence.missing } : {}) };
}

function judgeControl({ what, expected, measured }: Control): Judged {
  const wanted = `control "${what}" expected ${expected}`;
  if (isMeasured(measured))
    return { verdict: 'unknown', because: `${wanted}, measured ${measured.value} by ${measured.instrument}` };
  const because = `${wanted}, not measured: ${measured.missing}`;
  return { verdict: 'unknown', because, ...(isWant(measured.missing) ? { wanting: measured.missing } : {}) };
}

/** Those of the worst kind speak. */
const WORST_FIRST = ['fails', 'unknown', 'holds'] as const;

function told(judged: readonly Judged[], verdict: Verdict): Decision {
  const speaking = judged.filter((one) => one.verdict === verdict);
  return {
    verdict,
    because: speaking.map(({ because }) => because).join('; '),
    // an unknown that has another cause beside the want is not explained by the want
    wanting:
      verdict === 'unknown' && speaking.every(({ wanting }) => wanting !== undefined)
        ? [...new Set(speaking.map(({ wanting }) => wanting ?? ''))]
        : [],
  };
}

/** An instrument that got a known outcome wrong is believed about nothing: neither that it holds nor that it fails. */
export function decideCase(expected: Expected, { measured, controls }: Case): Decision {
  const wrong = controls.filter((control) => !behaved(control)).map(judgeControl);
  if (wrong.length > 0) return told(wrong, 'unknown');
  const judged = Object.entries(expected).map(([name, expectation]) =>
    judgeFigure(name, expectation, figureOf(measured, name)),
  );
  const worst = WORST_FIRST.find((verdict) => judged.some((one) => one.verdict === verdict));
  if (worst === undefined) return { verdict: 'unknown', because: 'the claim expects no figure', wanting: [] };
  return told(judged, worst);
}

/** A case as it is stored: every expected figure is in it, measured or missing. */
export function judgeCase(expected: Expected, tried: Case): { stored: ClaimCase; decision: Decision } {
  const decision = decideCase(expected, tried);
  const names = new Set([...Object.keys(expected), ...Object.keys(tried.measured)]);
  return {
    decision,
    stored: {
      condition: tried.condition,
      verdict: decision.verdict,
      because: decision.because,
      measured: Object.fromEntries([...names].map((name) => [name, figureOf(tried.measured, name)])),
      controls: [...tried.controls],
      evidence: [...tried.evidence],
    },
  };
}

export interface Outcome extends Decision {
  readonly condition: string;
}

const under = ({ condition, because }: Outcome) => (condition === '' ? because : `${condition}: ${because}`);

/** The verdict over all cases of a claim. */
export function decideClaim(outcomes: readonly Outcome[]): Decision {
  const of = (verdict: Verdict) => outcomes.filter((outcome) => outcome.verdict === verdict);
  const [holds, fails, unknown] = [of('holds'), of('fails'), of('unknown')];
  const say = (verdict: Verdict, speaking: readonly Outcome[]): Decision => ({
    verdict,
    because: speaking.map(under).join('; '),
    wanting:
      verdict === 'unknown' && unknown.every(({ wanting }) => wanting.length > 0)
        ? [...new Set(unknown.flatMap(({ wanting }) => wanting))]
        : [],
  });
  if (outcomes.length === 0) return { verdict: 'unknown', because: 'the experiment tried no case', wanting: [] };
  // what was refuted wherever it could be tried is refuted; what held may fail where it could not be tried
  if (fails.length > 0 && holds.length === 0) return say('fails', fails);
  if (unknown.length > 0) return say('unknown', unknown);
  return fails.length > 0 ? say('depends', outcomes) : say('holds', holds);
}

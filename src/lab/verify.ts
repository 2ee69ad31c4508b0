/**
 * `verify`: judges claims, one after another, each from what this kernel is seen doing now. Nothing is looked up: the
 * verdict that the ledger records is compared with, never copied from. See `docs/claims.md`.
 */
import { tmpdir } from 'node:os';
import { SystemError } from '../io/errors.ts';
import type { Claim } from '../model/claim.ts';
import { lacking } from '../model/evidence.ts';
import { VERIFY_SCHEMA, type VerifyReport } from '../model/verify.ts';
import type { Case, ClaimDefinition } from './claims/claim.ts';
import { type Decision, decideClaim, judgeCase } from './claims/decide.ts';
import { type LedgerClaim, ledger } from './claims/ledger.ts';
import { nearest } from './claims/nearest.ts';
import type { UserClaim } from './claims/user.ts';
import { describeEnvironment, ticks } from './environment.ts';

export { ledger };

/** Of the ledger, or of a user's file. */
export type AnyClaim = LedgerClaim | ClaimDefinition | UserClaim;

export interface VerifyOptions {
  /** Ids of those to be judged; all if left out. */
  only?: readonly string[] | undefined;
  /** Instead of the ledger. */
  claims?: readonly AnyClaim[] | undefined;
  /** How long one claim may take, in milliseconds. Default 10,000. */
  patience?: number;
  signal?: AbortSignal | undefined;
  onEvent?: ((event: VerifyProgress) => void) | undefined;
}

export interface VerifyProgress {
  id: string;
  /** Claims judged so far, and in all. */
  done: number;
  total: number;
}

const PATIENCE_MS = 10_000;
/** So long a claim that was told to stop may take to clean up. */
const GRACE_MS = 3000;

const NOTES = [
  'Counts decide wherever there is something to count. Where a claim is about cost, it is the time of the least disturbed of many windows, and the thresholds are wide.',
  'modeSwitches are two for each system call and two for each page fault taken in user mode; contextSwitches are those of the scheduler, from one thread to another. Many texts say "context switch" and mean the first.',
];

/** What a system call answers when this machine does not have or allow something, or somebody else has taken it all. */
const WANTS = new Set(
  'EACCES EPERM ENOSYS ENODEV EOPNOTSUPP ENOSPC EBUSY EMFILE ENFILE ENOMEM EAFNOSUPPORT EPROTONOSUPPORT'.split(' '),
);

/** Rejects with a `RangeError` that names the nearest ids for one in `only` that there is not. */
export function chooseClaims(all: readonly AnyClaim[], only: readonly string[] | undefined): readonly AnyClaim[] {
  if (only === undefined) return all;
  const ids = all.map(({ id }) => id);
  for (const id of only)
    if (!ids.includes(id))
      throw new RangeError(`there is no claim ${id}; the nearest are ${nearest(id, ids).join(', ')}`);
  return all.filter(({ id }) => only.includes(id));
}

/**
 * Judges the claims. When `signal` is aborted it answers those judged until then, with a warning; it rejects with the
 * signal's reason if there are none, and with a RangeError for an unknown id, before anything is measured.
 */
export async function runVerify(options: VerifyOptions = {}): Promise<VerifyReport> {
  const { signal, patience = PATIENCE_MS } = options;
  const chosen = chooseClaims(options.claims ?? ledger, options.only);
  const started = new Date();
  const before = ticks();
  const claims: Claim[] = [];
  const warnings: string[] = [];
  let disturbed: string | undefined;
  for (const definition of chosen) {
    if (signal?.aborted) break;
    options.onEvent?.({ id: definition.id, done: claims.length, total: chosen.length });
    const from = performance.now();
    const trial =
      disturbed === undefined
        ? await attempt(definition, patience, signal)
        : {
            failed: new Error(
              `not judged: ${disturbed} did not end when it was told to, and would disturb what is counted`,
            ),
          };
    if (signal?.aborted) break;
    if (trial.running) disturbed = definition.id;
    claims.push(assemble(definition, trial, (performance.now() - from) / 1000));
  }
  if (signal?.aborted) {
    if (claims.length === 0) signal.throwIfAborted();
    warnings.push(`It was interrupted after ${claims.length} of ${chosen.length} claims.`);
  }
  return {
    schema: VERIFY_SCHEMA,
    startedAt: started.toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
    environment: describeEnvironment(tmpdir(), before),
    claims,
    warnings,
    notes: NOTES,
  };
}

interface Trial {
  cases?: readonly Case[];
  failed?: unknown;
  /** It was told to stop and has not. */
  running?: boolean;
}

/** Never rejects. Comes back when the judge has ended: what is still at work would be counted in the next claim. */
async function attempt(claim: AnyClaim, patience: number, signal: AbortSignal | undefined): Promise<Trial> {
  const stop = new AbortController();
  const abort = () => stop.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  const late = setTimeout(
    () => stop.abort(new Error(`it took longer than the ${patience / 1000} s that a claim may take`)),
    patience,
  );
  const judging = Promise.resolve().then(() => claim.judge(stop.signal));
  judging.catch(() => {});
  let grace: NodeJS.Timeout | undefined;
  const given = new Promise<Trial>((resolve) => {
    stop.signal.addEventListener('abort', () => {
      grace = setTimeout(() => resolve({ failed: stop.signal.reason, running: true }), GRACE_MS);
    });
  });
  try {
    return await Promise.race([judging.then((cases): Trial => ({ cases })), given]);
  } catch (error) {
    // what a judge throws that was told to stop is of no interest
    return { failed: stop.signal.aborted ? stop.signal.reason : error };
  } finally {
    clearTimeout(late);
    clearTimeout(grace);
    signal?.removeEventListener('abort', abort);
  }
}

/** An experiment that threw found nothing; why it did is the cause. */
function undone(error: unknown): Decision {
  const because = error instanceof Error ? error.message : String(error);
  const want = error instanceof SystemError && WANTS.has(error.code);
  return { verdict: 'unknown', because, wanting: want ? [because] : [] };
}

function assemble(definition: AnyClaim, { cases, failed }: Trial, seconds: number): Claim {
  const { id, statement, source, scope, expected, note } = definition;
  const judged = (cases ?? []).map((tried) => ({ condition: tried.condition, ...judgeCase(expected, tried) }));
  const outcomes = judged.map(({ condition, decision }) => ({ condition, ...decision }));
  const { verdict, because, wanting } = cases === undefined ? undone(failed) : decideClaim(outcomes);
  const stored = judged.map((one) => one.stored);
  const nothing = Object.keys(expected).map((name) => [name, lacking(because || 'no case was tried')]);
  return {
    id,
    ...('topic' in definition ? { topic: { ...definition.topic } } : {}),
    statement: { ...statement },
    source,
    scope,
    verdict,
    because,
    recorded: definition.recorded,
    expected: { ...expected },
    measured: stored[0]?.measured ?? Object.fromEntries(nothing),
    conditions: stored.map(({ condition }) => condition).filter((condition) => condition !== ''),
    cases: stored,
    wanting: [...wanting],
    evidence: stored.flatMap(({ evidence }) => evidence),
    ...(note === undefined ? {} : { note: { ...note } }),
    repeat: 'repeat' in definition ? definition.repeat : `iolab verify --only ${id}`,
    seconds,
  };
}

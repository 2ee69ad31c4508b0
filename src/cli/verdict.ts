/** What the verdicts of `verify` and `compare` mean for the exit code. */
import type { Claim } from '../model/claim.ts';
import type { Comparison } from '../model/compare.ts';
import type { VerifyReport } from '../model/verify.ts';

/** Ends the command with a sentence and a code. */
export class Judged extends Error {
  readonly exitCode: number;

  constructor(sentence: string, exitCode: number) {
    super(sentence);
    this.name = 'Judged';
    this.exitCode = exitCode;
  }
}

const WRONG = 1;
const CANNOT = 3;

/** A user's claim is to hold, a built-in one to come out as recorded; what cannot be tried here is no disappointment. */
function disappoints({ verdict, recorded, wanting }: Claim): boolean {
  if (recorded === null) return verdict === 'fails';
  return verdict !== recorded && !(verdict === 'unknown' && wanting.length > 0);
}

const names = (claims: readonly Claim[]) => claims.map(({ id }) => id).join(', ');

/** Throws {@link Judged} if a claim came out as it should not. */
export function refuseWrong({ claims }: VerifyReport): void {
  const wrong = claims.filter(disappoints);
  const own = wrong.filter(({ recorded }) => recorded === null);
  if (own.length > 0) throw new Judged(`refuted: ${names(own)}`, WRONG);
  if (wrong.length > 0) throw new Judged(`another verdict than the ledger records: ${names(wrong)}`, WRONG);
}

/** The same, and if none could be judged. */
export function settle(report: VerifyReport): void {
  refuseWrong(report);
  const { claims } = report;
  if (claims.length > 0 && claims.every(({ verdict }) => verdict === 'unknown'))
    throw new Judged('nothing could be judged here (iolab doctor says what this environment allows)', CANNOT);
}

/** Throws {@link Judged} if anything is worse in B, or if nothing could be compared. */
export function settleComparison({ arms }: Comparison): void {
  const figures = arms.flatMap((arm) => arm.figures);
  const worse = figures.filter(({ verdict }) => verdict === 'worse').length;
  if (worse > 0)
    throw new Judged(
      worse === 1 ? 'one figure is worse in B than in A' : `${worse} figures are worse in B than in A`,
      WRONG,
    );
  if (arms.length === 0) throw new Judged('nothing to compare: no run of A has its like in B', CANNOT);
  if (figures.every(({ verdict }) => verdict === 'unknown'))
    throw new Judged('nothing could be compared: each figure is missing in A or in B', CANNOT);
}

/** Why a test of an instrument cannot run here, for its name. */
import type { Capability } from '../../src/model/works.ts';

type Instrumental = { capability(): Capability } | (() => Capability);

/** undefined if it works. */
export function causeOf(instrument: Instrumental): string | undefined {
  const answer = typeof instrument === 'function' ? instrument() : instrument.capability();
  return answer.works ? undefined : answer.cause;
}

export function because(cause: string | undefined): string {
  return `(skipped if: ${cause ?? 'it works here'})`;
}

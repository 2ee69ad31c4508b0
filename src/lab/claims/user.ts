/** Claims of a user's own: each is judged by sending a file in the way that it names, and counting. */
import { measurePath } from '../measure-path.ts';
import type { ClaimDefinition, Wording } from './claim.ts';
import { type PlacedClaim, readClaims } from './user-file.ts';
import type { Figure } from './user-schema.ts';

/** As a built-in one, but in one language if its author wrote no more, and without a verdict to compare with. */
export interface UserClaim extends Omit<ClaimDefinition, 'statement' | 'recorded'> {
  readonly statement: Wording;
  readonly recorded: null;
  /** The command that judges it again. */
  readonly repeat: string;
}

const OVER = { tcp: 'TCP loopback', unix: 'a UNIX socket', veth: 'TCP between two network namespaces' };

/** Figures that are shown with each other: who writes one often means the other. */
const COMPANIONS: Partial<Record<Figure, Figure>> = {
  modeSwitches: 'contextSwitches',
  contextSwitches: 'modeSwitches',
};

const quoted = (word: string) => (/^[\w./:@%+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

function definition(file: string, claim: PlacedClaim): UserClaim {
  const { id, statement, path, size, chunk, cache, place } = claim;
  const route = claim.route ?? claim.sink ?? 'tcp';
  const named = Object.keys(claim.expect) as Figure[];
  const figures = [...new Set(named.flatMap((name) => [name, COMPANIONS[name] ?? name]))];
  return {
    id,
    statement,
    source: place,
    scope:
      `the sender's calls in one transfer of ${size} bytes by ${path} over ${OVER[route]}, at most ${chunk} bytes a call, ` +
      `${cache} page cache`,
    expected: claim.expect,
    recorded: null,
    repeat: `iolab verify --claims ${quoted(file)} --only ${id}`,
    async judge(signal) {
      const found = await measurePath({ path, route, size, chunk, cache }, figures, signal);
      return [{ condition: '', ...found }];
    },
  };
}

/** Throws RangeError with a line for each thing that is wrong with the file. */
export function loadUserClaims(file: string): UserClaim[] {
  return readClaims(file).map((claim) => definition(file, claim));
}

/**
 * The copies of each path, found by aliasing and by watchpoints on a transfer of its own: see docs/copies.md. Once for each path
 * and socket, whatever the file's size: what is copied does not depend on it.
 */
import { type Evidence, lacking } from '../../model/evidence.ts';
import type { Sink } from '../../model/results.ts';
import { type CopiesFound, measureCopies, PAYLOAD } from '../copies.ts';
import { type ArmName, isLabPath } from '../options.ts';
import { openRoute } from '../routes.ts';
import { scrambled, unnamedFile } from '../unnamed.ts';

export type Copies = Pick<CopiesFound, 'cpuCopies' | 'cpuCopiesTotal'>;

/** Answers for any arm; those whose bytes cannot be followed say why. `directory`: where the bench's files lie. */
export function copiesOf(
  arms: readonly { path: ArmName; sink: Sink }[],
  directory: string,
): (path: ArmName, sink: Sink) => Copies {
  const found = new Map<string, Copies>();
  const file = unnamedFile('disk', scrambled(PAYLOAD), directory);
  try {
    for (const { path, sink } of arms) {
      const key = `${path} ${sink}`;
      if (!isLabPath(path) || path === 'null' || found.has(key)) continue;
      const pair = openRoute(sink);
      try {
        const { cpuCopies, cpuCopiesTotal } = measureCopies({ path, pair, file });
        found.set(key, { cpuCopies, cpuCopiesTotal });
      } catch (error) {
        found.set(key, both(lacking(error instanceof Error ? error.message : String(error))));
      } finally {
        pair.close();
      }
    }
  } finally {
    file.close();
  }
  return (path, sink) => found.get(`${path} ${sink}`) ?? both(lacking(unfollowed(path)));
}

function both(evidence: Evidence): Copies {
  return { cpuCopies: evidence, cpuCopiesTotal: evidence };
}

function unfollowed(path: ArmName): string {
  if (path === 'null') return 'it sends no bytes of a file, so there is nothing to follow';
  if (path.startsWith('pump-'))
    return 'its memory is inside the addon and cannot be watched; it makes the calls of the path of that name';
  return "its memory is inside Node's streams and cannot be watched";
}

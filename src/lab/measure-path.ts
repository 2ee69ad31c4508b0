/** The figures that a user's own claims are judged by: what one transfer costs, and how often it copies. */
import { type Evidence, lacking } from '../model/evidence.ts';
import type { Control, Finding } from './claims/claim.ts';
import type { Figure } from './claims/user-schema.ts';
import { measureCopies, PAYLOAD } from './copies.ts';
import { countPath, makeSource, type PathRequest } from './count-path.ts';
import { openRoute } from './routes.ts';

export interface PathMeasured {
  /** One for each figure that was asked for. */
  readonly measured: Readonly<Record<string, Evidence>>;
  readonly controls: readonly Control[];
  readonly evidence: readonly Finding[];
}

const NOTHING: PathMeasured = { measured: {}, controls: [], evidence: [] };

/** In a transfer of its own, of a few pages: copies are per byte, so that the size of the file does not matter. */
function copiesOf({ path, route: name }: PathRequest): PathMeasured {
  if (path === 'null') {
    const none = lacking('null sends memory of its own: there is no file whose bytes could be followed');
    return { ...NOTHING, measured: { cpuCopies: none, cpuCopiesTotal: none } };
  }
  const file = makeSource(PAYLOAD);
  try {
    using route = openRoute(name);
    const { cpuCopies, cpuCopiesTotal, evidence } = measureCopies({ path, pair: route, file });
    return { measured: { cpuCopies, cpuCopiesTotal }, controls: [], evidence };
  } finally {
    file.close();
  }
}

const isCopies = (figure: Figure) => figure.startsWith('cpuCopies');

/**
 * The figures that are asked for, of one transfer. Throws SystemError where a socket or file cannot be had, and Error where
 * the page cache cannot be brought into the state that was asked for.
 */
export async function measurePath(
  request: PathRequest,
  figures: readonly Figure[],
  signal: AbortSignal,
): Promise<PathMeasured> {
  const counts = figures.every(isCopies) ? NOTHING : await countPath(request, signal);
  const copies = figures.some(isCopies) ? copiesOf(request) : NOTHING;
  const known = { ...counts.measured, ...copies.measured };
  return {
    measured: Object.fromEntries(figures.map((name) => [name, known[name] ?? lacking('nothing here counts it')])),
    controls: [...counts.controls, ...copies.controls],
    evidence: copies.evidence,
  };
}

/** A result as a table for other programs: a line for each run and metric. RFC 4180. */
import type { Evidence } from '../model/evidence.ts';
import type { Results } from '../model/results.ts';

export type Cell = string | number | undefined;

const HEAD = [
  'path',
  'sink',
  'fileBytes',
  'chunkBytes',
  'cache',
  'metric',
  'value',
  'unit',
  'instrument',
  'ci_lo',
  'ci_hi',
  'missing',
] as const;

function field(cell: Cell): string {
  const text = cell === undefined ? '' : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Lines end in CRLF, as the RFC has it; what is undefined is an empty field. */
export function csv(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

/** An absent value stays empty, with the reason in the last column: it is never 0. */
function cells(evidence: Evidence): Cell[] {
  if ('missing' in evidence) return [undefined, undefined, undefined, undefined, undefined, evidence.missing];
  const { value, unit, instrument, ci } = evidence;
  return [value, unit, instrument, ci?.[0], ci?.[1], undefined];
}

export function csvOfResults({ runs }: Results): string {
  const rows = runs.flatMap(({ path, sink, fileBytes, chunkBytes, cache, metrics, overPump }) =>
    Object.entries({ ...metrics, overPump }).map(([metric, evidence]) => [
      ...[path, sink, fileBytes, chunkBytes, cache, metric],
      ...cells(evidence),
    ]),
  );
  return csv([HEAD, ...rows]);
}

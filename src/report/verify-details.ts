/** A claim with all its cases and figures: as expected, as measured, and by whom. */
import type { Claim, ClaimCase } from '../model/claim.ts';
import { isMeasured } from '../model/evidence.ts';
import { columnsOf, grid, type Reasons, wrap } from './text.ts';
import { causesOf, causesOfCase } from './verify-causes.ts';
import { sayExpectation, sayMeasured, spoken, type Words } from './verify-words.ts';

const INDENT = '  ';
const GAP = 2;

export function details(claim: Claim, room: number, words: Words, reasons: Reasons): string {
  const { id, statement, cases, expected, note, verdict, recorded } = claim;
  const lines = [id, wrap(spoken(statement, words), room)];
  // a single case without a name is the claim itself
  const named = cases.some(({ condition }) => condition !== '');
  const open = (cause: string) => wrap(`${words.verdicts.unknown}${words.colon}${cause}`, room, INDENT);
  for (const tried of cases) {
    if (named)
      lines.push(wrap(`${words.term(tried.condition)}${words.colon}${words.verdicts[tried.verdict]}`, room, INDENT));
    lines.push(figures(tried, expected, room, words, reasons));
    if (tried.verdict !== 'unknown') continue;
    const told = new Set(Object.values(tried.measured).flatMap((one) => (isMeasured(one) ? [] : [one.missing])));
    lines.push(
      ...causesOfCase(tried, expected, words)
        .filter((cause) => !told.has(cause))
        .map(open),
    );
  }
  if (cases.length === 0) lines.push(...causesOf(claim, words).map((cause) => open(reasons.mark(cause))));
  if (recorded !== null && verdict !== recorded && verdict !== 'unknown')
    lines.push(wrap(words.recorded(words.verdicts[recorded]), room));
  if (note !== undefined) lines.push(wrap(`${words.note}${words.colon}${spoken(note, words)}`, room));
  return lines.filter((line) => line !== '').join('\n');
}

/** As wide as the content asks for, but no wider than these; who measured gets what is left. */
const MOST = [24, 14, 18] as const;
const LEAST = 16;

function figures(tried: ClaimCase, expected: Claim['expected'], room: number, words: Words, reasons: Reasons): string {
  const rows = Object.entries(tried.measured).map(([name, evidence]) => {
    const expectation = Object.hasOwn(expected, name) ? expected[name] : undefined;
    const wanted = expectation === undefined ? '' : sayExpectation(expectation, words);
    return isMeasured(evidence)
      ? [name, wanted, sayMeasured(name, evidence.value, evidence.unit, words), words.term(evidence.instrument)]
      : [name, wanted, reasons.mark(evidence.missing), ''];
  });
  if (rows.length === 0) return '';
  const all = [[words.figure, words.expected, words.measured, words.by], ...rows];
  const widths = MOST.map((most, i) => Math.min(most, Math.max(...all.map((row) => columnsOf(row[i] ?? '')))));
  const left = () => room - INDENT.length - widths.reduce((sum, width) => sum + width + GAP, 0);
  // the widest gives way: a line must not be wider than the terminal
  while (left() < LEAST) {
    const widest = Math.max(...widths);
    widths[widths.indexOf(widest)] = widest - 1;
  }
  return grid([...widths, left()], all)
    .split('\n')
    .map((line) => INDENT + line)
    .join('\n');
}

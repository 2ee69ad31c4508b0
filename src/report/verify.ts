/** `verify` as text: claims by topic, each with its verdict and the figures that decide it, or with all figures. */
import { styleText } from 'node:util';
import type { Claim, Verdict, Wording } from '../model/claim.ts';
import type { VerifyReport } from '../model/verify.ts';
import { columnsOf, Reasons, wrap } from './text.ts';
import { brief, tellOnce } from './verify-brief.ts';
import { causesOf } from './verify-causes.ts';
import { details } from './verify-details.ts';
import { type Language, spoken, WORDS, type Words } from './verify-words.ts';

export { LANGUAGES, type Language } from './verify-words.ts';

const VERDICT = 7;
const GAP = 2;
/** So few claims are shown with all their figures. */
const FEW = 5;

export interface VerifyLook {
  readonly language?: Language;
  /** All cases, figures, instruments and notes. Default: of at most 5 claims. */
  readonly details?: boolean;
  /** Escape sequences for a terminal. */
  readonly colour?: boolean;
}

const COLOURS = { holds: 'green', fails: 'red', depends: 'yellow', unknown: 'magenta' } as const;

export function renderVerify(report: VerifyReport, width = 80, look: VerifyLook = {}): string {
  const { claims } = report;
  const words = WORDS[look.language ?? 'en'];
  const full = look.details ?? claims.length <= FEW;
  const reasons = new Reasons();
  const tell = tellOnce(count(claims.flatMap((claim) => causesOf(claim, words))), reasons);
  const room = width - VERDICT - GAP;
  const style = (format: Parameters<typeof styleText>[0], text: string) =>
    // whether the terminal wants it was asked by who knows which stream it is
    look.colour === true ? styleText(format, text, { validateStream: false }) : text;
  const block = (claim: Claim) => {
    const text = full ? details(claim, room, words, reasons) : brief(claim, room, words, tell);
    return beside(style(COLOURS[claim.verdict], words.marks[claim.verdict]), text);
  };
  const parts = byTopic(claims, words).map(({ topic, claims: about }) => {
    const heading = topic === '' ? [] : [style('bold', topic), '-'.repeat(columnsOf(topic))];
    return [...heading, about.map(block).join(full ? '\n\n' : '\n')].join('\n');
  });
  const causes = reasons.render(width);
  if (causes.length > 0) parts.push([`${words.missing}${words.colon.trimEnd()}`, ...causes].join('\n'));
  const said = (title: string, lines: readonly string[]) =>
    lines.map((line) => wrap(`${title}${words.colon}${line}`, width, '  '));
  parts.push(wrap(words.summary(countVerdicts(claims), report.environment.kernel.replace(/ .*/, '')), width));
  if (!full) parts.push(wrap(words.hint, width));
  parts.push(...said(words.warning, report.warnings));
  if (full) parts.push(said(words.note, words.notes ?? report.notes).join('\n'));
  return `${parts.join('\n\n')}\n`;
}

function count(causes: readonly string[]): Map<string, number> {
  const told = new Map<string, number>();
  for (const cause of causes) told.set(cause, (told.get(cause) ?? 0) + 1);
  return told;
}

/** In the order in which the topics come up. */
function byTopic(claims: readonly Claim[], words: Words): { topic: string; claims: Claim[] }[] {
  const topics = new Map<string, Claim[]>();
  for (const claim of claims) {
    const topic = claim.topic === undefined ? '' : spoken(claim.topic, words);
    topics.set(topic, [...(topics.get(topic) ?? []), claim]);
  }
  return [...topics].map(([topic, about]) => ({ topic, claims: about }));
}

/** The verdict's column, and the lines of the claim's. Not by cli-table3, which is slow with cells of many lines. */
function beside(verdict: string, text: string): string {
  const first = `${verdict}${' '.repeat(Math.max(0, VERDICT - columnsOf(verdict)) + GAP)}`;
  return text
    .split('\n')
    .map((line, i) => (i === 0 ? first : ' '.repeat(VERDICT + GAP)) + line)
    .join('\n');
}

export function countVerdicts(claims: readonly Claim[]): Record<Verdict, number> {
  const counts = { holds: 0, fails: 0, depends: 0, unknown: 0 };
  for (const { verdict } of claims) counts[verdict]++;
  return counts;
}

/** The claims as they are said, before any of them is judged. */
export function renderClaimList(
  claims: readonly { id: string; topic?: Wording; statement: Wording; source: string }[],
  width = 80,
  language: Language = 'en',
): string {
  const words = WORDS[language];
  const entries = claims.map(({ id, statement, source }) =>
    [id, wrap(spoken(statement, words), width, '  ', '  '), wrap(`(${source})`, width, '  ', '  ')].join('\n'),
  );
  return `${entries.join('\n')}\n`;
}

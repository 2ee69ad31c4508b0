/** `verify` as text: each claim with its verdict, and under it each figure as expected and as measured, and by whom. */
import type { Claim, ClaimCase, Expectation, Verdict, Wording } from '../model/claim.ts';
import { isMeasured } from '../model/evidence.ts';
import type { VerifyReport } from '../model/verify.ts';
import { columnsOf, grid, wrap } from './text.ts';

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

interface Words {
  readonly verdicts: Readonly<Record<Verdict, string>>;
  readonly verdict: string;
  readonly claim: string;
  readonly figure: string;
  readonly expected: string;
  readonly measured: string;
  readonly by: string;
  readonly not: string;
  readonly between: (min: string, max: string) => string;
  readonly least: (min: string) => string;
  readonly most: (max: string) => string;
  readonly summary: (counts: Readonly<Record<Verdict, number>>) => string;
  readonly recorded: (verdict: string) => string;
  readonly unknown: string;
  readonly warning: string;
  readonly note: string;
  /** What `notes` says, in this language; undefined where it says so itself. */
  readonly notes?: readonly string[];
}

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    verdicts: { holds: 'holds', fails: 'fails', depends: 'depends', unknown: 'unknown' },
    verdict: 'verdict',
    claim: 'claim',
    figure: 'figure',
    expected: 'expected',
    measured: 'measured',
    by: 'by',
    not: 'not measured, see below',
    between: (min, max) => `${min} to ${max}`,
    least: (min) => `at least ${min}`,
    most: (max) => `at most ${max}`,
    summary: ({ holds, fails, depends, unknown }) =>
      `${holds} hold, ${fails} fail, ${depends} depend, ${unknown} unknown.`,
    recorded: (verdict) => `The ledger records another verdict: ${verdict}.`,
    unknown: 'Unknown, because',
    warning: 'Warning',
    note: 'Note',
  },
  zh: {
    verdicts: { holds: '成立', fails: '不成立', depends: '视条件', unknown: '未知' },
    verdict: '结论',
    claim: '说法',
    figure: '指标',
    expected: '预期',
    measured: '实测',
    by: '测量者',
    not: '未测得，原因见下',
    between: (min, max) => `${min} 至 ${max}`,
    least: (min) => `至少 ${min}`,
    most: (max) => `至多 ${max}`,
    summary: ({ holds, fails, depends, unknown }) =>
      `${holds} 条成立，${fails} 条不成立，${depends} 条视条件而定，${unknown} 条未知。`,
    recorded: (verdict) => `与账本所记的结论不同：${verdict}。`,
    unknown: '未知的原因',
    warning: '警告',
    note: '说明',
    notes: [
      '能计数的都以计数为准。关于开销的说法看线程自身的 CPU 时间，取多个窗口中的最小值，阈值放得很宽。',
      'modeSwitches：每次系统调用两次，每次在用户态发生的缺页两次；contextSwitches：调度器从一个线程切换到另一个线程的次数。许多资料写“上下文切换”，指的其实是前者。',
    ],
  },
};

const VERDICT = 8;
const GAP = 2;
const INDENT = '  ';

export function renderVerify(report: VerifyReport, width = 80, language: Language = 'en'): string {
  const words = WORDS[language];
  const room = width - VERDICT - GAP;
  const blocks = report.claims.map((claim) =>
    beside(words.verdicts[claim.verdict], block(claim, room, language, words)),
  );
  const judged = [beside(words.verdict, words.claim), '-'.repeat(width), blocks.join('\n\n')].join('\n');
  const said = (title: string, lines: readonly string[]) =>
    lines.map((line) => wrap(`${title}: ${line}`, width, INDENT));
  const tail = [...said(words.warning, report.warnings), ...said(words.note, words.notes ?? report.notes)];
  return `${[
    judged,
    ...unknowns(report.claims, width, words),
    words.summary(countVerdicts(report.claims)),
    tail.join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
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

const spoken = (wording: Wording, language: Language) => (language === 'zh' ? wording.zh : undefined) ?? wording.en;

function block(claim: Claim, room: number, language: Language, words: Words): string {
  const { id, statement, cases, expected, note, verdict, recorded } = claim;
  const lines = [id, wrap(spoken(statement, language), room)];
  // a single case without a name is the claim itself
  const named = cases.some(({ condition }) => condition !== '');
  for (const tried of cases) {
    if (named) lines.push(wrap(`${tried.condition}: ${words.verdicts[tried.verdict]}`, room, INDENT));
    lines.push(figures(tried, expected, room, words));
  }
  if (recorded !== null && verdict !== recorded && verdict !== 'unknown')
    lines.push(wrap(words.recorded(words.verdicts[recorded]), room));
  if (note !== undefined) lines.push(wrap(`${words.note}: ${spoken(note, language)}`, room));
  return lines.filter((line) => line !== '').join('\n');
}

/** As wide as the content asks for, but no wider than these; who measured gets what is left. */
const MOST = [24, 14, 14] as const;
const LEAST = 16;

function figures(tried: ClaimCase, expected: Claim['expected'], room: number, words: Words): string {
  const rows = Object.entries(tried.measured).map(([name, evidence]) => {
    const wanted = Object.hasOwn(expected, name) ? expectation(expected[name] as Expectation, words) : '';
    return isMeasured(evidence)
      ? [name, wanted, String(rounded(evidence.value)), `${evidence.instrument} (${evidence.unit})`]
      : [name, wanted, '-', words.not];
  });
  if (rows.length === 0) return '';
  const all = [[words.figure, words.expected, words.measured, words.by], ...rows];
  const widths = MOST.map((most, i) => Math.min(most, Math.max(...all.map((row) => columnsOf(row[i] ?? '')))));
  const left = room - INDENT.length - widths.reduce((sum, width) => sum + width + GAP, 0);
  return grid([...widths, Math.max(LEAST, left)], all)
    .split('\n')
    .map((line) => INDENT + line)
    .join('\n');
}

/** Counts as they are; what was divided to six digits. */
function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(6));
}

function expectation(wanted: Expectation, words: Words): string {
  if (typeof wanted === 'number') return String(wanted);
  const { min, max } = wanted;
  if (min !== undefined && max !== undefined) return words.between(String(min), String(max));
  if (min !== undefined) return words.least(String(min));
  return max === undefined ? '' : words.most(String(max));
}

/** Each cause once, with the claims that it leaves open. */
function unknowns(claims: readonly Claim[], width: number, words: Words): string[] {
  const by = new Map<string, string[]>();
  for (const { id, verdict, because, wanting } of claims) {
    if (verdict !== 'unknown') continue;
    for (const cause of wanting.length > 0 ? wanting : [because]) by.set(cause, [...(by.get(cause) ?? []), id]);
  }
  if (by.size === 0) return [];
  const lines = [...by].flatMap(([cause, ids]) => [
    wrap(cause, width, INDENT.repeat(2), INDENT),
    wrap(ids.join(', '), width, INDENT.repeat(3), INDENT.repeat(3)),
  ]);
  return [[words.unknown, ...lines].join('\n')];
}

/** The claims as they are said, before any of them is judged. */
export function renderClaimList(
  claims: readonly { id: string; statement: Wording; source: string }[],
  width = 80,
  language: Language = 'en',
): string {
  const entries = claims.map(({ id, statement, source }) =>
    [id, wrap(spoken(statement, language), width, INDENT, INDENT), wrap(`(${source})`, width, INDENT, INDENT)].join(
      '\n',
    ),
  );
  return `${entries.join('\n')}\n`;
}

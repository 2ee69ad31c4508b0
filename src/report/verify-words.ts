/** What `verify` says in each language, beside what the claims say themselves. */
import type { Expectation, Verdict, Wording } from '../model/claim.ts';
import { conditionInChinese } from './verify-chinese.ts';

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Words {
  readonly language: Language;
  readonly verdicts: Readonly<Record<Verdict, string>>;
  /** In the column at the left. */
  readonly marks: Readonly<Record<Verdict, string>>;
  readonly figure: string;
  readonly expected: string;
  readonly measured: string;
  readonly by: string;
  readonly between: (min: string, max: string) => string;
  readonly least: (min: string) => string;
  readonly most: (max: string) => string;
  readonly list: string;
  /** Between clauses of a line. */
  readonly clause: string;
  /** Before figures that came out as they were expected. */
  readonly both: string;
  /** Between conditions, which may have commas of their own. */
  readonly cases: string;
  readonly colon: string;
  readonly brackets: (text: string) => string;
  /** One instrument, where others could not be had. */
  readonly alone: (instrument: string) => string;
  readonly allCases: (count: number) => string;
  readonly more: (count: number) => string;
  readonly control: (what: string, expected: string, measured: string) => string;
  readonly summary: (counts: Readonly<Record<Verdict, number>>, kernel: string) => string;
  readonly recorded: (verdict: string) => string;
  readonly missing: string;
  readonly hint: string;
  readonly warning: string;
  readonly note: string;
  /** What the report's notes say, in this language; undefined where they say it themselves. */
  readonly notes?: readonly string[];
  /** Conditions, units and names of instruments as they are told in this language. */
  readonly term: (text: string) => string;
}

const EN: Words = {
  language: 'en',
  verdicts: { holds: 'holds', fails: 'fails', depends: 'depends', unknown: 'unknown' },
  marks: { holds: 'HOLDS', fails: 'FAILS', depends: 'DEPENDS', unknown: 'UNKNOWN' },
  figure: 'figure',
  expected: 'expected',
  measured: 'measured',
  by: 'by',
  between: (min, max) => `${min} to ${max}`,
  least: (min) => `at least ${min}`,
  most: (max) => `at most ${max}`,
  list: ', ',
  clause: ', ',
  both: 'expected and measured ',
  cases: '; ',
  colon: ': ',
  brackets: (text) => ` (${text})`,
  alone: (instrument) => `${instrument} alone`,
  allCases: (count) => `in ${count} cases`,
  more: (count) => `${count} more`,
  control: (what, expected, measured) => `control "${what}": expected ${expected}, measured ${measured}`,
  summary: ({ holds, fails, depends, unknown }, kernel) =>
    `${holds + fails + depends + unknown} claims on Linux ${kernel}: ${holds} hold, ${fails} fail, ${depends} depend, ${unknown} unknown.`,
  recorded: (verdict) => `The ledger records another verdict: ${verdict}.`,
  missing: 'Not measured, because',
  hint: 'All cases and figures, who measured them, and notes: iolab verify --details, or --only ID for one claim. Each is explained in docs/claims/ID.md.',
  warning: 'Warning',
  note: 'Note',
  term: (text) => text,
};

const ZH: Words = {
  language: 'zh',
  verdicts: { holds: '成立', fails: '不成立', depends: '视条件', unknown: '未知' },
  marks: { holds: '成立', fails: '不成立', depends: '视条件', unknown: '未知' },
  figure: '指标',
  expected: '预期',
  measured: '实测',
  by: '测量者',
  between: (min, max) => `${min} 至 ${max}`,
  least: (min) => `至少 ${min}`,
  most: (max) => `至多 ${max}`,
  list: '、',
  clause: '，',
  both: '预期与实测均为 ',
  cases: '；',
  colon: '：',
  brackets: (text) => `（${text}）`,
  alone: (instrument) => `仅 ${instrument}`,
  allCases: (count) => `全部 ${count} 种情形`,
  more: (count) => `另有 ${count} 种`,
  control: (what, expected, measured) => `对照“${what}”：预期 ${expected}，实测 ${measured}`,
  summary: ({ holds, fails, depends, unknown }, kernel) =>
    `Linux ${kernel} 上的 ${holds + fails + depends + unknown} 条说法：${holds} 条成立，${fails} 条不成立，${depends} 条视条件而定，${unknown} 条未知。`,
  recorded: (verdict) => `与账本所记的结论不同：${verdict}。`,
  missing: '未测得的原因',
  hint: '全部情形、指标、测量者与说明：iolab verify --details，单条用 --only ID。每条说法的讲解见 docs/claims/ID.md。',
  warning: '警告',
  note: '说明',
  notes: [
    '能计数的都以计数为准。关于开销的说法看时间，取多个窗口中受干扰最少的一个，阈值放得很宽。',
    'modeSwitches（模式切换）：每次系统调用两次，每次在用户态发生的缺页两次；contextSwitches（上下文切换）：调度器从一个线程切换到另一个线程的次数。许多资料写“上下文切换”，指的其实是前者。',
  ],
  term: conditionInChinese,
};

export const WORDS: Readonly<Record<Language, Words>> = { en: EN, zh: ZH };

/** In the language that is asked for, if it is there. */
export function spoken(wording: Wording, { language }: Words): string {
  return (language === 'zh' ? wording.zh : undefined) ?? wording.en;
}

export function sayExpectation(wanted: Expectation, words: Words): string {
  if (typeof wanted === 'number') return String(wanted);
  const { min, max } = wanted;
  if (min !== undefined && max !== undefined) return words.between(String(min), String(max));
  if (min !== undefined) return words.least(String(min));
  return max === undefined ? '' : words.most(String(max));
}

/** `userFaults` and `faults`, `cpuNs` and `ns`: the name says already what is counted. */
function namesUnit(name: string, unit: string): boolean {
  const parts = name.split(/(?=[A-Z])/).map((part) => bare(part.toLowerCase()));
  return unit.split(' ').some((word) => parts.some((part) => part.endsWith(bare(word))));
}
const bare = (word: string) => (word.length > 2 ? word.replace(/s$/, '') : word);

/** A value with its unit, where the figure's name does not say it: `10000 sockets`. */
export function sayMeasured(name: string, value: number, unit: string, words: Words): string {
  const shown = String(round(value, 6));
  return namesUnit(name, unit) ? shown : `${shown} ${words.term(unit)}`;
}

/** Counts as they are; what was divided to so many digits. */
export function round(value: number, digits: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(digits));
}

/** A claim in a few lines: what is said, and the figures that decide it. */
import { type Claim, type ClaimCase, meets, type Verdict } from '../model/claim.ts';
import { isMeasured } from '../model/evidence.ts';
import { columnsOf, type Reasons, wrap } from './text.ts';
import { causesOf, causesOfCase } from './verify-causes.ts';
import { round, sayExpectation, spoken, type Words } from './verify-words.ts';

const INDENT = '  ';
/** Lines that the conditions of one verdict may take. */
const LINES = 2;

/** How a cause is told: itself where it is told once only, else by its number. */
export type Tell = (cause: string) => string;

export function tellOnce(told: ReadonlyMap<string, number>, reasons: Reasons): Tell {
  return (cause) => ((told.get(cause) ?? 0) > 1 ? reasons.mark(cause) : cause);
}

export function brief(claim: Claim, room: number, words: Words, tell: Tell): string {
  const { id, statement, verdict, recorded, cases } = claim;
  const said = wrap(spoken(statement, words), room).split('\n');
  const lines: string[] = [];
  const names = deciding(claim);
  const wanted = names.map((name) => `${name} ${wish(claim, name, words)}`).join(words.list);
  const expected = `${words.expected} ${wanted}`;
  const groups = byVerdict(cases);
  const [only] = groups;
  if (only === undefined) {
    const why = verdict === 'unknown' ? causesOf(claim, words).map(tell).join(words.cases) : claim.because;
    lines.push(wrap(`${words.verdicts[verdict]}${words.colon}${why}`, room, INDENT));
  } else if (groups.length === 1 && verdict !== 'unknown') {
    const many = cases.length > 1 ? `${words.clause}${words.allCases(cases.length)}` : '';
    const figures =
      verdict === 'holds' && names.length > 1 && names.every((name) => typeof claim.expected[name] === 'number')
        ? `${words.both}${wanted}`
        : `${expected}${names.length > 1 ? words.cases : words.clause}${measured(names, only.tried, words)}`;
    const by = instruments(names, only.tried, words);
    lines.push(
      wrap(fits(`${figures}${by}${many}`, room) ? `${figures}${by}${many}` : `${figures}${many}`, room, INDENT),
    );
  } else {
    const by = instruments(names, cases, words);
    lines.push(wrap(fits(expected + by, room) ? expected + by : expected, room, INDENT));
    for (const group of groups) lines.push(grouped(group, claim, names, room, words, tell));
  }
  if (recorded !== null && verdict !== recorded && verdict !== 'unknown')
    lines.push(wrap(words.recorded(words.verdicts[recorded]), room));
  return placed(`[${id}]`, said, lines.join('\n').split('\n'), room).join('\n');
}

/** The id where there is room for it: after the sentence, after the first or last line of figures, or alone. */
function placed(id: string, said: readonly string[], figures: readonly string[], room: number): string[] {
  const lines = [...said, ...figures];
  const place = [said.length - 1, said.length, lines.length - 1].find((i) => fits(`${lines[i]} ${id}`, room));
  if (place === undefined) return [...said, wrap(id, room), ...figures];
  return lines.map((line, i) => (i === place ? `${line} ${id}` : line));
}

const fits = (line: string, room: number) => columnsOf(line) <= room;

function wish({ expected }: Claim, name: string, words: Words): string {
  const expectation = expected[name];
  return expectation === undefined ? '' : sayExpectation(expectation, words);
}

/** Where something was refuted, the figures that did it; else all that are expected. */
function deciding({ expected, cases }: Claim): string[] {
  const names = Object.keys(expected);
  const refuting = names.filter((name) =>
    cases.some(({ verdict, measured }) => {
      const [evidence, expectation] = [measured[name], expected[name]];
      if (verdict !== 'fails' || evidence === undefined || expectation === undefined) return false;
      return isMeasured(evidence) && !meets(evidence.value, expectation);
    }),
  );
  return refuting.length > 0 ? refuting : names;
}

interface Group {
  readonly verdict: Verdict;
  readonly tried: readonly ClaimCase[];
}

function byVerdict(cases: readonly ClaimCase[]): Group[] {
  const verdicts = ['holds', 'fails', 'unknown'] as const;
  return verdicts
    .map((verdict) => ({ verdict, tried: cases.filter((tried) => tried.verdict === verdict) }))
    .filter(({ tried }) => tried.length > 0);
}

/** `measured 2, 4`: in the order of the figures; the range where cases differ. */
function measured(names: readonly string[], tried: readonly ClaimCase[], words: Words): string {
  const values = names.map((name) => {
    const found = tried.flatMap(({ measured }) => {
      const evidence = measured[name];
      return evidence !== undefined && isMeasured(evidence) ? [round(evidence.value, 3)] : [];
    });
    if (found.length === 0) return '-';
    const [min, max] = [Math.min(...found), Math.max(...found)];
    return min === max ? String(min) : words.between(String(min), String(max));
  });
  return `${words.measured} ${values.join(words.list)}`;
}

/** `aliasing (one instrument)` would have brackets in brackets. */
function instrument(name: string, words: Words): string {
  const several = name.replace(/ \(one instrument\)$/, '');
  return several === name ? words.term(name) : words.alone(words.term(several));
}

/** Who measured it, in brackets; nothing where nobody did. */
function instruments(names: readonly string[], tried: readonly ClaimCase[], words: Words): string {
  const all = tried.flatMap(({ measured }) =>
    names.flatMap((name) => {
      const evidence = measured[name];
      return evidence !== undefined && isMeasured(evidence) ? [instrument(evidence.instrument, words)] : [];
    }),
  );
  return all.length === 0 ? '' : words.brackets([...new Set(all)].join(words.cases));
}

/** The cases of one verdict, with what was measured in them or why nothing was. */
function grouped(group: Group, claim: Claim, names: readonly string[], room: number, words: Words, tell: Tell): string {
  const { verdict, tried } = group;
  const causes = [...new Set(tried.flatMap((one) => causesOfCase(one, claim.expected, words)))];
  const why = verdict === 'unknown' ? causes.map(tell).join(words.cases) : measured(names, tried, words);
  const said = words.verdicts[verdict];
  const conditions = tried.map(({ condition }) => words.term(condition)).filter((condition) => condition !== '');
  if (conditions.length === 0) return wrap(`${said}${words.colon}${why}`, room, INDENT);
  const line = (count: number) => {
    const left = conditions.length - count;
    const told = [...conditions.slice(0, count), ...(left > 0 ? [words.more(left)] : [])].join(words.cases);
    return wrap(
      verdict === 'unknown'
        ? `${said}${words.colon}${told}${words.brackets(why)}`
        : `${said}${words.clause}${why}${words.colon}${told}`,
      room,
      INDENT,
    );
  };
  let count = conditions.length;
  if (verdict === 'unknown') return line(count);
  while (count > 1 && line(count).split('\n').length > LINES) count--;
  return line(count);
}

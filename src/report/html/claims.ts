/** What is said, with its verdict and everything that led to it. Filtered by verdict with radio buttons and a style sheet. */
import type { Claim, ClaimCase, Control, Expectation, Verdict } from '../../model/claim.ts';
import { behaved } from '../../model/claim.ts';
import { type Evidence, isMeasured } from '../../model/evidence.ts';
import { conditionInChinese } from '../verify-chinese.ts';
import { both, spoken } from './both.ts';
import { html, type Markup, type Part } from './markup.ts';

const VERDICTS: readonly Verdict[] = ['holds', 'fails', 'depends', 'unknown'];

export const VERDICT_NAMES: Readonly<Record<Verdict, Markup>> = {
  holds: both('holds', '成立'),
  fails: both('fails', '不成立'),
  depends: both('depends', '视条件'),
  unknown: both('unknown', '未知'),
};

/** Not by colour alone. */
const SIGNS: Readonly<Record<Verdict, string>> = { holds: '✓', fails: '✕', depends: '◐', unknown: '?' };

export function badge(verdict: Verdict): Markup {
  return html`<span class="verdict ${verdict}"><span aria-hidden="true">${SIGNS[verdict]}</span> ${VERDICT_NAMES[verdict]}</span>`;
}

export function countOf(claims: readonly Claim[], verdict: Verdict): number {
  return claims.filter((claim) => claim.verdict === verdict).length;
}

export function claimList(claims: readonly Claim[]): Markup {
  const choice = (value: string, name: Part, checked: boolean) =>
    html`<label><input type="radio" name="verdict" id="only-${value}" value="${value}"${checked ? html` checked` : ''}> ${name}</label>`;
  const choices = VERDICTS.map((verdict) =>
    choice(verdict, html`${badge(verdict)} ${countOf(claims, verdict)}`, false),
  );
  return html`<fieldset class="pick"><legend>${both('Show', '显示')}</legend>${choice('all', html`${both('all', '全部')} ${claims.length}`, true)}${choices}</fieldset>
${topics(claims).map(
  ([topic, about]) =>
    html`<section class="topic">${topic === undefined ? '' : html`<h3>${topic}</h3>`}${about.map(entry)}</section>`,
)}`;
}

function topics(claims: readonly Claim[]): (readonly [Markup | undefined, readonly Claim[]])[] {
  const found = new Map<string, { name: Markup | undefined; about: Claim[] }>();
  for (const claim of claims) {
    const key = claim.topic?.en ?? '';
    const topic = found.get(key);
    if (topic !== undefined) topic.about.push(claim);
    else found.set(key, { name: claim.topic && spoken(claim.topic), about: [claim] });
  }
  return [...found.values()].map(({ name, about }) => [name, about]);
}

function entry(claim: Claim): Markup {
  const { verdict, statement, note, cases, recorded, wanting, source, scope, repeat, id } = claim;
  const other = recorded !== null && recorded !== verdict;
  return html`<details class="claim ${verdict}"><summary>${badge(verdict)}<span class="statement">${spoken(statement)}</span></summary><div class="inside">
${note === undefined ? '' : html`<p>${spoken(note)}</p>`}
${other ? html`<p class="warning">${both('The ledger expects another verdict:', '账本预期的结论不同：')} ${badge(recorded)}</p>` : ''}
${wanting.length === 0 ? '' : html`<p>${both('This machine lacks:', '本机缺少：')} ${wanting.join('; ')}</p>`}
${cases.length === 0 ? html`<p>${claim.because}</p>` : ''}
${cases.map((one) => caseOf(one, claim))}
<dl class="terms"><dt>${both('where it is said', '出处')}</dt><dd>${source}</dd><dt>${both('what the figures cover', '范围')}</dt><dd>${scope}</dd></dl>
${command(repeat)}<p class="quiet"><code>${id}</code></p></div></details>`;
}

/** With a button that copies it. */
export function command(text: string): Markup {
  return html`<p class="command"><code>${text}</code> <button type="button" class="copy-command">${both('Copy', '复制')}</button></p>`;
}

function caseOf({ condition, verdict, because, measured, controls, evidence }: ClaimCase, { expected }: Claim): Markup {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(measured)])];
  const rows = names.map((name) => row(name, expected[name], measured[name]));
  return html`<div class="case"><h4>${badge(verdict)} ${translated(condition)}</h4>
${names.length === 0 ? html`<p>${because}</p>` : html`<div class="scroll" tabindex="0" role="group" aria-label="${condition === '' ? 'figures' : condition}"><table><thead><tr><th scope="col">${both('figure', '指标')}</th><th scope="col">${both('expected', '预期')}</th><th scope="col">${both('measured', '实测')}</th><th scope="col">${both('by', '测量者')}</th></tr></thead><tbody>${rows}</tbody></table></div>`}
${evidence.length === 0 && controls.length === 0 ? '' : html`<ul class="seen">${evidence.map(({ instrument, saw }) => html`<li><b>${instrument}</b> ${saw}</li>`)}${controls.map(controlOf)}</ul>`}</div>`;
}

/** A condition, unit or instrument, which results name in English. */
function translated(text: string): Part {
  const chinese = conditionInChinese(text);
  return chinese === text ? text : both(text, chinese);
}

function row(name: string, wanted: Expectation | undefined, measured: Evidence | undefined): Markup {
  const value =
    measured === undefined
      ? '–'
      : isMeasured(measured)
        ? html`<b>${rounded(measured.value)}</b> ${translated(measured.unit)}`
        : '–';
  const by =
    measured === undefined
      ? ''
      : isMeasured(measured)
        ? translated(measured.instrument)
        : html`<span class="missing">${measured.missing}</span>`;
  return html`<tr><th scope="row">${name}</th><td>${wanted === undefined ? '' : sayExpected(wanted)}</td><td>${value}</td><td>${by}</td></tr>`;
}

const rounded = (value: number) => (Number.isInteger(value) ? value : Number(value.toPrecision(4)));

function sayExpected(wanted: Expectation): Part {
  if (typeof wanted === 'number') return wanted;
  const { min, max } = wanted;
  return `${min === undefined ? '' : `≥ ${min}`}${min !== undefined && max !== undefined ? ', ' : ''}${max === undefined ? '' : `≤ ${max}`}`;
}

function controlOf(control: Control): Markup {
  const { what, expected, measured } = control;
  const seen = isMeasured(measured) ? rounded(measured.value) : measured.missing;
  const sign = behaved(control) ? '✓' : '✕';
  return html`<li class="control">${both('control', '对照')}: ${what}: ${both('expected', '预期')} ${expected}, ${both('measured', '实测')} ${seen} ${sign}</li>`;
}

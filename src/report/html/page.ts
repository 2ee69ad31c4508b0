/** The page as a whole: one file that asks the network for nothing, and a browser that would not let it. */
import { createHash } from 'node:crypto';
import type { Claim } from '../../model/claim.ts';
import type { Environment } from '../../model/environment.ts';
import type { Results } from '../../model/results.ts';
import { figure, size } from '../text.ts';
import { against, cheapest, measurable, standing } from './answer.ts';
import { both } from './both.ts';
import { claimList, countOf } from './claims.ts';
import { controlsBlock } from './controls.ts';
import { environmentBlock } from './environment.ts';
import { figures } from './figures.ts';
import { html, type Markup, type Part, raw } from './markup.ts';
import { legend, pathCards } from './paths.ts';
import { settings, toneOf } from './runs.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

export interface Content {
  readonly startedAt: string;
  readonly environment: Environment;
  readonly claims: readonly Claim[];
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
  /** Undefined if claims were judged and nothing was timed. */
  readonly results: Results | undefined;
}

const HASH = createHash('sha256').update(SCRIPT).digest('base64');
const POLICY = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${HASH}'; base-uri 'none'; form-action 'none'`;

export function page(content: Content, language: 'en' | 'zh'): string {
  const { results, claims, environment } = content;
  const title = `${language === 'zh' ? 'iolab 报告' : 'iolab report'}: Linux ${environment.kernel.split(' ')[0]}, ${content.startedAt.slice(0, 10)}`;
  const sections: Section[] = [
    ...(results === undefined
      ? []
      : [
          {
            id: 'ways',
            title: both('The way of a byte', '一个字节的路程'),
            lead: both(
              'Each way of sending a file: as it was measured, beside what is said of it. A hop that nothing looked at is unknown.',
              '每种发送方式：左为实测，右为说法。没有观察到的环节标为未知。',
            ),
            body: html`${legend()}<div class="paths">${pathCards(results)}</div>`,
          },
          {
            id: 'figures',
            title: both('What it costs', '开销'),
            lead: both(
              'CPU time is the first figure: throughput over loopback hides what a transfer costs. Controls (null, pump-*) are in the tables.',
              '首先看 CPU 时间：回环上的吞吐量会掩盖传输的开销。对照组（null、pump-*）只列在表中。',
            ),
            body: figures(results),
          },
        ]),
    ...(claims.length === 0
      ? []
      : [
          {
            id: 'claims',
            title: both('What is said, and what is seen', '说法与实测'),
            lead: both(
              'Each claim was tried here. Open one for its figures, instruments, controls and the command that repeats it.',
              '每条说法都在本机上试过。展开可见数值、测量手段、对照与重做的命令。',
            ),
            body: claimList(claims),
          },
        ]),
    ...(results === undefined
      ? []
      : [
          {
            id: 'controls',
            title: both('How far to trust this', '可信程度'),
            lead: undefined,
            body: controlsBlock(results),
          },
        ]),
    { id: 'environment', title: both('Environment', '环境'), lead: undefined, body: environmentBlock(environment) },
  ];
  return html`<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}" data-lang="${language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${title}</title><style>${raw(STYLE)}</style></head><body>
<a class="skip" href="#answer">${both('To the answer', '跳到结论')}</a>
<header class="bar"><nav aria-label="${language === 'zh' ? '目录' : 'contents'}">${sections.map(({ id, title }) => html`<a href="#${id}">${title}</a>`)}</nav>
<div role="group" aria-label="language" hidden>${button('en', 'English', 'en')}${button('zh', '中文', 'zh-CN')}</div></header>
<main>${hero(content)}${sections.map(section)}${notes(content.notes)}</main>
<footer>${both(html`iolab ${environment.iolab}. This file needs no network; the data is in the JSON that it was made from.`, html`iolab ${environment.iolab}。本文件不需要网络；数据在生成它的 JSON 中。`)}</footer>
<div id="status" role="status" aria-live="polite"></div><script>${raw(SCRIPT)}</script></body></html>
`.text;
}

interface Section {
  readonly id: string;
  readonly title: Markup;
  readonly lead: Markup | undefined;
  readonly body: Markup;
}

function section({ id, title, lead, body }: Section): Markup {
  return html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${lead === undefined ? '' : html`<p class="lead">${lead}</p>`}${body}</section>\n`;
}

const button = (to: string, name: string, lang: string) =>
  html`<button type="button" data-to="${to}" lang="${lang}">${name}</button> `;

function hero({ results, claims, warnings, environment, startedAt }: Content): Markup {
  const [first, ...others] = results === undefined ? [] : settings(results.runs, results.controls);
  const answer =
    first === undefined
      ? claimsAnswer(claims)
      : html`<p>${cheapest(first)}</p>${paragraph(against(first, 'read-write', 'read and write', 'read 与 write '))}${paragraph(against(first, 'node-stream', 'Node’s streams', 'Node 的流'))}${others.map((setting) => html`<p>${cheapest(setting)}</p>`).slice(0, 3)}`;
  return html`<section class="hero" id="answer" aria-labelledby="answer-title"><p class="quiet">iolab · Linux ${environment.kernel.split(' ')[0]} · ${environment.cpu.model}, ${environment.cpu.online} CPU · ${startedAt.slice(0, 16).replace('T', ' ')} UTC</p>
<h1 id="answer-title">${results === undefined ? both('What is said about sending files, tried on this machine', '关于发送文件的说法，在本机上的检验') : both('Which way to send a file on this machine', '在这台机器上，用哪种方式发送文件')}</h1>
<div class="answer">${answer}</div>${tiles(results, claims)}
<p class="quiet">${first === undefined ? '' : both('× : CPU over that of the other, with the interval that both 95 % intervals allow. ', '×：与对方的 CPU 之比，括号内为两个 95% 区间所允许的范围。')}${measurable({ environment })}</p>
${warnings.length === 0 ? '' : html`<ul class="warnings">${warnings.map((warning) => html`<li><b>${both('Doubtful', '存疑')}:</b> <span lang="en">${warning}</span></li>`)}</ul>`}</section>\n`;
}

const paragraph = (text: Markup | undefined): Part => (text === undefined ? '' : html`<p>${text}</p>`);

function claimsAnswer(claims: readonly Claim[]): Markup {
  const of = (verdict: Claim['verdict']) => countOf(claims, verdict);
  return html`<p>${both(
    `Of ${claims.length} claims ${of('holds')} hold here, ${of('fails')} fail, ${of('depends')} depend on conditions, and ${of('unknown')} could not be judged.`,
    `${claims.length} 条说法中，${of('holds')} 条在本机成立，${of('fails')} 条不成立，${of('depends')} 条视条件而定，${of('unknown')} 条无法判断。`,
  )}</p>`;
}

/** A few figures that are seen before anything is read. */
function tiles(results: Results | undefined, claims: readonly Claim[]): Markup {
  const [setting] = results === undefined ? [] : settings(results.runs, results.controls);
  const costs = (setting?.groups ?? []).slice(0, 4).flatMap((group) => {
    const [best, ...near] = standing(group)?.least ?? [];
    if (best === undefined) return [];
    const name =
      near.length === 0
        ? best.path
        : both(`${best.path} and ${near.length} more, no winner`, `${best.path} 等 ${near.length + 1} 种，无胜者`);
    return [
      html`<li style="--tone:var(--tone${toneOf(best.path)})"><b>${figure(best.cost.value)}</b><span>${both('CPU s/GiB at', 'CPU 秒/GiB，')} ${size(group.fileBytes)}: ${name}</span></li>`,
    ];
  });
  const judged =
    claims.length === 0
      ? ''
      : html`<li><b>${countOf(claims, 'holds')} / ${claims.length}</b><span>${both('claims hold as they are said', '条说法照原话成立')}</span></li>`;
  return html`<ul class="tiles">${costs}${judged}</ul>`;
}

function notes(all: readonly string[]): Markup | '' {
  if (all.length === 0) return '';
  return html`<section aria-labelledby="notes-title"><h2 id="notes-title">${both('To read the figures', '阅读说明')}</h2><ul class="plain" lang="en">${all.map((note) => html`<li>${note}</li>`)}</ul></section>`;
}

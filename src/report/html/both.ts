/** The page holds both languages; a rule of its style sheet shows one of them. */
import type { Wording } from '../../model/claim.ts';
import { html, type Markup, type Part } from './markup.ts';

export function both(en: Part, zh: Part): Markup {
  return html`<span class="en" lang="en">${en}</span><span class="zh" lang="zh-CN">${zh}</span>`;
}

/** What a result says in both languages, or in English only. */
export function spoken({ en, zh }: Wording): Markup {
  return zh === undefined ? html`<span lang="en">${en}</span>` : both(en, zh);
}

/** The same in SVG, at a place. */
export function label(x: number, y: number, kind: string, en: string, zh: string): Markup {
  const text = (language: string, tag: string, words: string) =>
    html`<text class="${language} ${kind}" lang="${tag}" x="${x}" y="${y}">${words}</text>`;
  return html`${text('en', 'en', en)}${text('zh', 'zh-CN', zh)}`;
}

/** A table that can be copied: the button takes the cells as they are, values with all their digits. */
import { type Evidence, isMeasured } from '../../model/evidence.ts';
import { both } from './both.ts';
import { html, type Markup, type Part } from './markup.ts';

export interface Cell {
  readonly shown: Part;
  /** For a spreadsheet, where it is another text than the one shown. */
  readonly data?: string | number;
  readonly numeric?: boolean;
}

/** Causes for what is missing, each told once below the table. */
export class Causes {
  readonly #known = new Map<string, number>();

  mark(cause: string): Cell {
    let number = this.#known.get(cause);
    if (number === undefined) {
      number = this.#known.size + 1;
      this.#known.set(cause, number);
    }
    // the copy takes the cause from the list: a thousand rows would repeat it a thousand times
    return { shown: html`–<sup>${number}</sup>`, numeric: true };
  }

  render(): Markup | undefined {
    if (this.#known.size === 0) return undefined;
    const told = [...this.#known].map(([cause, number]) => html`<li><sup>${number}</sup> <span>${cause}</span></li>`);
    return html`<ul class="causes">${told}</ul>`;
  }
}

export function figureCell(evidence: Evidence, show: (value: number) => Part, causes: Causes): Cell {
  if (!isMeasured(evidence)) return causes.mark(evidence.missing);
  return { shown: show(evidence.value), data: evidence.value, numeric: true };
}

export function table(caption: Part, heads: readonly Part[], rows: readonly (readonly Cell[])[], below?: Part): Markup {
  // for the copy, a name of a column is its English one
  return html`<div class="table"><div class="scroll" tabindex="0" role="group" aria-label="table"><table><caption>${caption}</caption><thead><tr>${heads.map(
    (head) => html`<th scope="col">${head}</th>`,
  )}</tr></thead><tbody>${rows.map((row) => html`<tr>${row.map(cell)}</tr>\n`)}</tbody></table></div>${below}${COPY}</div>`;
}

const COPY = html`<button type="button" class="copy">${both('Copy the data', '复制数据')}</button>`;

function cell({ shown, data, numeric }: Cell, i: number): Markup {
  const kind = numeric === true ? html` class="n"` : '';
  const value = data === undefined || String(data) === shown ? '' : html` data-v="${data}"`;
  return i === 0 ? html`<th scope="row"${value}>${shown}</th>` : html`<td${kind}${value}>${shown}</td>`;
}

/** A table that is opened when it is wanted. */
export function folded(title: Part, content: Part): Markup {
  return html`<details class="fold"><summary>${title}</summary>${content}</details>`;
}

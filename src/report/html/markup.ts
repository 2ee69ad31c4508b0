/** Markup, and the one way to make it: whatever is put into {@link html} is escaped unless it is markup itself. */

export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Part = Markup | string | number | undefined | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For content and for attributes in quotes. A null character is an error anywhere in HTML, so it is replaced. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] as string).replaceAll('\0', '\ufffd');
}

function told(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'string' || typeof part === 'number') return escapeText(String(part));
  return part.map(told).join('');
}

export function html(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(strings.reduce((text, string, i) => text + told(parts[i - 1]) + string));
}

/** Text that is markup already: of this package's own making only, never out of a result. */
export function raw(text: string): Markup {
  return new Markup(text);
}

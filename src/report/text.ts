/** Text for a terminal of so many columns. What it is made of has no colour: the same text goes into files and pipes. */
import Table from 'cli-table3';
// the very one that cli-table3 pads with
import stringWidth from 'string-width';

/** Columns of a terminal that a line fills: a Chinese sign is two wide. */
export function columnsOf(line: string): number {
  // string-width takes microseconds, which is much for who asks after each word
  return /^[\x20-\x7e]*$/.test(line) ? line.length : stringWidth(line);
}

/** Chinese and Japanese signs, which a line may be broken between; full stops and closing brackets stay with what they close. */
const WIDE = /[\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60]/u;
const CLOSING = /[、。，．：；？！）」』】》”’]/u;
/** What stays with that which it opens. */
const OPENING = /[（「『【《“‘]/u;

interface Piece {
  readonly text: string;
  /** What stands between it and the one before, unless a line is broken there. */
  readonly gap: '' | ' ';
}

/** What a line may be broken between. */
function pieces(text: string): Piece[] {
  return text.split(/\s+/).flatMap((word) => {
    const parts: string[] = [];
    let open = false;
    let opened = false;
    for (const sign of word) {
      const wide = WIDE.test(sign);
      if (parts.length > 0 && (opened || CLOSING.test(sign) || (!wide && open))) parts[parts.length - 1] += sign;
      else parts.push(sign);
      open = !wide;
      opened = OPENING.test(sign);
    }
    return parts.map((part, i): Piece => ({ text: part, gap: i === 0 ? ' ' : '' }));
  });
}

/** The beginning of `text` that fills at most `room` columns, one sign at least. */
function fitting(text: string, room: number): string {
  let taken = '';
  for (const sign of text) {
    if (taken !== '' && columnsOf(taken + sign) > room) break;
    taken += sign;
  }
  return taken;
}

/**
 * Breaks a paragraph at spaces and between Chinese signs; its first line begins with `first`, the others with `indent`. A
 * word that is longer than the line is cut: nothing is ever wider than `width` columns.
 */
export function wrap(text: string, width: number, indent = '', first = ''): string {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  const next = () => {
    lines.push(line);
    line = indent;
    empty = true;
  };
  for (const { text: piece, gap } of pieces(text.trim())) {
    let rest = piece;
    if (!empty && columnsOf(line + gap + rest) > width) next();
    while (columnsOf(line + rest) > width) {
      const begin = fitting(rest, width - columnsOf(line));
      if (begin === rest) break;
      line += begin;
      rest = rest.slice(begin.length);
      next();
    }
    line += empty ? rest : `${gap}${rest}`;
    empty = false;
  }
  lines.push(line);
  return lines.join('\n');
}

export type Align = 'left' | 'right';

export interface Column {
  readonly head: string;
  readonly align?: Align;
  /** Columns of the terminal; as wide as its content if left out. */
  readonly width?: number;
}

/** Lines of ASCII and spaces between the columns: what is copied from a terminal stays readable. */
const RULES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Lines of cells, those with a width wrapped to it; what a column has beside its content is two spaces. */
function lines(columns: readonly Column[], rows: readonly (readonly string[])[], headed: boolean): string[] {
  const made = new Table({
    ...(headed ? { head: columns.map(({ head }) => head) } : {}),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    colWidths: columns.map(({ width }) => width ?? null),
    chars: RULES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  // cli-table3's own wrapping lets a long path stand out
  made.push(
    ...rows.map((row) =>
      row.map((cell, i) => {
        const room = columns[i]?.width;
        return room === undefined ? cell : wrap(cell, room);
      }),
    ),
  );
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const all = lines(columns, rows, true);
  const heads = Math.max(...columns.map((column) => column.head.split('\n').length));
  const rule = '-'.repeat(Math.max(...all.map((line) => columnsOf(line))));
  return [...all.slice(0, heads), rule, ...all.slice(heads)].join('\n');
}

/** Rows of cells in columns of the given widths, without heads or rules. */
export function grid(widths: readonly number[], rows: readonly (readonly string[])[]): string {
  const columns = widths.map((width) => ({ head: '', width }));
  return lines(columns, rows, false).join('\n');
}

/** Reasons for what is missing: each is told once, and referred to by its number. */
export class Reasons {
  readonly #known: string[] = [];

  /** `-1` for the first reason, `-2` for another one. */
  mark(reason: string): string {
    let i = this.#known.indexOf(reason);
    if (i < 0) i = this.#known.push(reason) - 1;
    return `-[${i + 1}]`;
  }

  render(width: number): string[] {
    return this.#known.map((reason, i) => wrap(`-[${i + 1}] ${reason}`, width, '     '));
  }
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `64 KiB`; bytes that are no whole number of any unit stay bytes. */
export function size(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && value % 1024 === 0 && unit < UNITS.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${value} ${UNITS[unit]}`;
}

/** Three digits that count: `0.123`, `1.23`, `12.3`, `1234`. */
export function figure(value: number): string {
  if (value === 0) return '0';
  const digits = Math.floor(Math.log10(Math.abs(value))) + 1;
  return value.toFixed(Math.min(6, Math.max(0, 3 - digits)));
}

/** A count: whole as it is, else with one digit, since medians of an even number of counts lie between. */
export function count(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

/** Half the interval's width in percent of the value, the wider side. */
export function spread(value: number, ci: readonly [number, number] | undefined): string {
  if (ci === undefined || value === 0) return '';
  const half = Math.max(ci[1] - value, value - ci[0]) / Math.abs(value);
  const percent = 100 * half;
  return `±${percent < 0.95 ? percent.toFixed(1) : Math.round(percent)}%`;
}

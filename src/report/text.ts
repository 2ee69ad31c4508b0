/** Text for a terminal of so many columns. No colour: the same text goes into files and pipes. */
import Table from 'cli-table3';

/**
 * Breaks a paragraph at spaces; its first line begins with `first`, the others with `indent`. A word that is longer than
 * the line is cut: nothing is ever wider than `width`.
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
  for (let word of text.trim().split(/\s+/)) {
    if (!empty && line.length + 1 + word.length > width) next();
    while (line.length + word.length > width) {
      const room = Math.max(1, width - line.length);
      line += word.slice(0, room);
      word = word.slice(room);
      next();
    }
    line += empty ? word : ` ${word}`;
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

export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const made = new Table({
    head: columns.map(({ head }) => head),
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
  const [head = '', ...rest] = made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
  const heads = Math.max(...columns.map((column) => column.head.split('\n').length));
  const lines = [head, ...rest];
  const rule = '-'.repeat(Math.max(...lines.map((line) => line.length)));
  return [...lines.slice(0, heads), rule, ...lines.slice(heads)].join('\n');
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

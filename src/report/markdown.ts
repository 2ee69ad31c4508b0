/** A result as Markdown (GitHub's tables), to be pasted into an issue or a page. */
import type { Results } from '../model/results.ts';
import { leaders } from './leaders.ts';
import { COLUMNS, groups, row, title } from './paths.ts';
import { type Column, figure, Reasons } from './text.ts';

/** Nothing in a text of ours is meant as markup, and a bar or a line's end would break a table. */
export function escaped(text: string): string {
  return text.replace(/[\\|*_<>`[\]~#]/g, '\\$&').replace(/\s*[\r\n]+\s*/g, ' ');
}

export function markdownTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => escaped(cell.trim())).join(' | ')} |`;
  const rule = columns.map(({ align }) => (align === 'right' ? '--:' : ':--'));
  return [line(columns.map(({ head }) => head)), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

const list = (lines: readonly string[]) => lines.map((line) => `- ${line}`).join('\n');

export function markdownOfResults(results: Results): string {
  const reasons = new Reasons();
  const blocks = groups(results.runs).map((group) =>
    [
      `## ${escaped(title(group))}`,
      markdownTable(
        COLUMNS,
        group.map((run) => row(run, reasons, 2)),
      ),
      list(leaders(group, results.controls).map(escaped)),
    ]
      .filter((block) => block !== '')
      .join('\n\n'),
  );
  const { kernel, cpu, node, iolab, fileSystem } = results.environment;
  const { aa } = results.controls;
  const about = [
    `${results.startedAt}; iolab ${iolab}, Node ${node}, Linux ${kernel}, ${cpu.online} CPUs of ${cpu.model}, ${fileSystem}`,
    `The same arm against itself: ${figure(aa.value)} (${figure(aa.ci[0])} to ${figure(aa.ci[1])}).`,
    ...reasons.render(Number.POSITIVE_INFINITY),
    ...results.warnings.map((line) => `Warning: ${line}`),
    ...results.notes.map((line) => `Note: ${line}`),
  ];
  return `${[...blocks, list(about.map(escaped))].join('\n\n')}\n`;
}

/** Two results side by side: what is worse or better first, then all of it. */
import type { Arm, ComparedArm, ComparedFigure, ComparedVerdict, Comparison } from '../model/compare.ts';
import { type Evidence, isMeasured } from '../model/evidence.ts';
import { groups, title } from './paths.ts';
import { type Column, count, figure, Reasons, size, table, wrap } from './text.ts';

type Metric = ComparedFigure['metric'];

const NAMES: Readonly<Record<Metric, string>> = {
  throughput: 'throughput',
  senderCpuPerGiB: 'sender CPU',
  receiverCpuPerGiB: 'receiver CPU',
  userCpuPerGiB: 'sender CPU in user mode',
  sysCpuPerGiB: 'sender CPU in the kernel',
  syscalls: 'system calls',
  modeSwitches: 'mode switches',
  cpuCopies: 'CPU copies until it has arrived',
  cpuCopiesTotal: 'CPU copies until the receiver holds it',
};

/** A count takes two lines where its verdict leaves no room. */
const COUNT = { align: 'right', width: 8 } as const;
const COLUMNS: readonly (Column & { metric?: Metric })[] = [
  { head: '\npath' },
  { head: 'MiB/s\nB/A', align: 'right', metric: 'throughput' },
  { head: 'CPU/GiB\nB/A', align: 'right', metric: 'senderCpuPerGiB' },
  { head: 'calls\nB-A', ...COUNT, metric: 'syscalls' },
  { head: 'switches\nB-A', ...COUNT, metric: 'modeSwitches' },
  { head: 'copies\nB-A', ...COUNT, metric: 'cpuCopiesTotal' },
];

export function renderComparison(comparison: Comparison, width = 80): string {
  const { a, b, arms, differences, onlyInA, onlyInB, warnings } = comparison;
  const reasons = new Reasons();
  const tables = groups(arms).map(
    (group) =>
      `${title(group)}\n\n${table(
        COLUMNS,
        group.map((arm) => row(arm, reasons)),
      )}`,
  );
  const told = reasons.render(width);
  const blocks = [
    [source('A', a), source('B', b)],
    differences.map(({ field, a, b }) => wrap(`Differs: ${field}: A has ${a}, B has ${b}`, width, '  ')),
    [wrap(tally(arms), width)],
    changes(arms, 'worse', width),
    changes(arms, 'better', width),
    ...tables.map((text) => [text]),
    arms.length === 0 ? [] : [wrap(LEGEND, width)],
    told,
    [...absent('A', onlyInA), ...absent('B', onlyInB)].map((line) => wrap(line, width, '  ')),
    warnings.map((line) => wrap(`Warning: ${line}`, width, '  ')),
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

const LEGEND =
  'B/A is a ratio, B-A a difference in one transfer. What bears no verdict is the same as far as these two results can ' +
  'tell: within the 95 % interval and the noise that an arm shows against itself. CPU is the sender’s; the receiver’s, ' +
  'and user and kernel apart, are judged, too, and stand above if they changed; all figures are in the JSON.';

function source(name: string, { startedAt, iolab, git }: Comparison['a']): string {
  return `${name}: ${startedAt}, iolab ${iolab}${git === null ? '' : ` (${git.slice(0, 12)}${git.endsWith('-dirty') ? '-dirty' : ''})`}`;
}

function tally(arms: readonly ComparedArm[]): string {
  const all = arms.flatMap(({ figures }) => figures);
  const of = (verdict: ComparedVerdict) => all.filter((figure) => figure.verdict === verdict).length;
  return `${of('worse')} worse, ${of('better')} better, ${of('same')} same, ${of('unknown')} unknown, in ${arms.length} runs.`;
}

function name({ path, sink, fileBytes }: Arm): string {
  return `${path}, ${size(fileBytes)}, ${sink}`;
}

function changes(arms: readonly ComparedArm[], verdict: 'worse' | 'better', width: number): string[] {
  const said = verdict === 'worse' ? 'Worse' : 'Better';
  return arms.flatMap((arm) =>
    arm.figures
      .filter((figure) => figure.verdict === verdict)
      .map((figure) => wrap(`${said}: ${name(arm)}: ${change(figure)}`, width, '  ')),
  );
}

const MIB = 2 ** 20;

function change({ metric, a, b, change }: ComparedFigure): string {
  const [per, unit] = metric === 'throughput' ? [MIB, 'MiB/s'] : [1, isMeasured(b) ? b.unit : ''];
  const show = (evidence: Evidence, as: (value: number) => string) =>
    isMeasured(evidence) ? as(evidence.value / per) : 'nothing';
  if ('ratio' in change) {
    const { value, ci } = change.ratio;
    const range = `${figure(ci[0])} to ${figure(ci[1])}`;
    return `${NAMES[metric]} ${show(a, figure)}, then ${show(b, figure)} ${unit}: ${figure(value)} times (${range}; noise ${figure(change.noise)})`;
  }
  return `${NAMES[metric]} ${show(a, count)}, then ${show(b, count)} ${unit}`;
}

function row(arm: ComparedArm, reasons: Reasons): string[] {
  return COLUMNS.map(({ metric }) => {
    if (metric === undefined) return arm.path;
    const figure = arm.figures.find((one) => one.metric === metric);
    return figure === undefined ? '' : cell(figure, reasons);
  });
}

function cell({ change, verdict }: ComparedFigure, reasons: Reasons): string {
  if ('missing' in change) return reasons.mark(change.missing);
  const said = verdict === 'same' ? '' : ` ${verdict}`;
  if ('ratio' in change) return `${figure(change.ratio.value)}${said}`;
  return `${change.difference > 0 ? '+' : ''}${count(change.difference)}${said}`;
}

function absent(side: 'A' | 'B', arms: readonly Arm[]): string[] {
  return arms.length === 0 ? [] : [`Only in ${side}: ${arms.map(name).join('; ')}`];
}

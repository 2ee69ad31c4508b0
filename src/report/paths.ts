/** `bench paths` as text: one table for each socket and file size. */
import { type Evidence, isMeasured } from '../model/evidence.ts';
import type { MetricName, Results, Run } from '../model/results.ts';
import { leaders } from './leaders.ts';
import { type Column, count, figure, Reasons, size, spread, table, wrap } from './text.ts';

export const COLUMNS: readonly Column[] = [
  { head: 'path' },
  { head: '\nMiB/s', align: 'right' },
  { head: 'CPU\ns/GiB', align: 'right' },
  { head: 'system\ncalls', align: 'right' },
  { head: 'mode\nswitches', align: 'right' },
  { head: 'context\nswitches', align: 'right' },
  { head: 'page\nfaults', align: 'right' },
  { head: 'CPU\ncopies', align: 'right' },
];

export function renderResults(results: Results, width = 80): string {
  const reasons = new Reasons();
  const blocks: string[] = [];
  for (const group of groups(results.runs)) {
    blocks.push(`${title(group)}\n\n${fitted(group, reasons, width)}`);
    blocks.push(
      leaders(group, results.controls)
        .map((line) => wrap(line, width))
        .join('\n'),
    );
  }
  const hashed = results.runs.reduce((sum, { verified }) => sum + verified.transfers, 0);
  const legend = [
    wrap(
      'Of one transfer, medians: system calls, mode switches (two a call; page faults come on top), context switches ' +
        '(voluntary/involuntary), page faults (minor + major), copies of each byte by the CPU (until it has arrived/' +
        'until the receiver holds it). CPU: seconds of the sender for 1 GiB. ' +
        '±: 95 % interval. null and pump-* are controls: bytes from memory, and the same calls looped in C++.',
      width,
    ),
    wrap(
      `Every byte was hashed by the receiver, and equal to what was sent, in all ${hashed} transfers of the verifying pass.`,
      width,
    ),
    ...instruments(results.runs).map((line) => wrap(line, width, '  ')),
  ];
  const { aa, receiverHeadroom: room } = results.controls;
  const controls = [
    wrap(
      `Noise: the same arm against itself gave ${figure(aa.value)} (${figure(aa.ci[0])} to ${figure(aa.ci[1])}). ` +
        `The receiver alone takes at least ${figure(room.value)} times what it was sent (${room.path}, ${size(room.fileBytes)}).`,
      width,
    ),
  ];
  const { pinning } = results;
  controls.push(
    pinning === null
      ? 'Sender and receiver ran where the scheduler put them.'
      : `Senders ran on CPU ${pinning.sender}, the receiver on CPU ${pinning.receiver}.`,
  );
  const said = (title: string, lines: readonly string[]) => lines.map((line) => wrap(`${title}: ${line}`, width, '  '));
  const tail = [...reasons.render(width), ...said('Warning', results.warnings), ...said('Note', results.notes)];
  return (
    [...blocks, legend.join('\n'), controls.join('\n'), tail.join('\n')].filter((block) => block !== '').join('\n\n') +
    '\n'
  );
}

type Arm = Pick<Run, 'sink' | 'fileBytes' | 'chunkBytes' | 'cache'>;

/** Of a table. */
export function title(group: readonly Arm[]): string {
  const { sink, fileBytes, chunkBytes, cache } = group[0] as Arm;
  const where = sink === 'tcp' ? 'TCP loopback' : 'a UNIX socket';
  return `${size(fileBytes)} over ${where}, ${size(chunkBytes)} a call, ${cache} page cache`;
}

/** Runs that stand in one table. */
export function groups<T extends Arm>(runs: readonly T[]): T[][] {
  const by = new Map<string, T[]>();
  for (const run of runs) {
    const key = [run.sink, run.fileBytes, run.chunkBytes, run.cache].join();
    by.set(key, [...(by.get(key) ?? []), run]);
  }
  return [...by.values()];
}

/** With the intervals of both timed columns, or one, or none: as much as the terminal has room for. */
function fitted(group: readonly Run[], reasons: Reasons, width: number): string {
  let text = '';
  for (const intervals of [2, 1, 0]) {
    text = table(
      COLUMNS,
      group.map((run) => row(run, reasons, intervals)),
    );
    if (text.split('\n').every((line) => line.length <= width)) break;
  }
  return text;
}

const MIB = 2 ** 20;

/** `intervals`: how many of the timed columns show theirs. */
export function row({ path, metrics }: Run, reasons: Reasons, intervals: number): string[] {
  const cell = (evidence: Evidence, show: (value: number) => string) =>
    isMeasured(evidence) ? show(evidence.value) : reasons.mark(evidence.missing);
  const timed = (evidence: Evidence, per: number, interval: boolean) =>
    cell(evidence, (value) => {
      const ci = isMeasured(evidence) && interval ? evidence.ci : undefined;
      return `${figure(value / per)}${spread(value, ci)}`;
    });
  const pair = (a: Evidence, b: Evidence, join: (a: number, b: number) => string) => {
    if (!isMeasured(a)) return reasons.mark(a.missing);
    return isMeasured(b) ? join(a.value, b.value) : reasons.mark(b.missing);
  };
  const { voluntarySwitches, involuntarySwitches, minorFaults, majorFaults } = metrics;
  return [
    path,
    timed(metrics.throughput, MIB, intervals > 0),
    timed(metrics.senderCpuPerGiB, 1, intervals > 1),
    cell(metrics.syscalls, count),
    cell(metrics.modeSwitches, count),
    pair(voluntarySwitches, involuntarySwitches, (v, i) => `${count(v)}/${count(i)}`),
    pair(minorFaults, majorFaults, (minor, major) => count(minor + major)),
    pair(metrics.cpuCopies, metrics.cpuCopiesTotal, (sender, total) => `${count(sender)}/${count(total)}`),
  ];
}

const SHOWN: Readonly<Partial<Record<MetricName, string>>> = {
  throughput: 'MiB/s',
  senderCpuPerGiB: 'CPU',
  syscalls: 'system calls',
  modeSwitches: 'mode switches',
  voluntarySwitches: 'context switches',
  minorFaults: 'page faults',
  cpuCopies: 'CPU copies',
};

/** What counted each column. */
function instruments(runs: readonly Run[]): string[] {
  const by = new Map<string, string[]>();
  for (const [metric, title] of Object.entries(SHOWN)) {
    const used = new Set<string>();
    for (const { metrics } of runs) {
      const evidence = metrics[metric as MetricName];
      if (isMeasured(evidence)) used.add(evidence.instrument);
    }
    for (const instrument of used) by.set(instrument, [...(by.get(instrument) ?? []), title]);
  }
  if (by.size === 0) return [];
  return [`Counted by: ${[...by].map(([instrument, titles]) => `${instrument} (${titles.join(', ')})`).join('; ')}.`];
}

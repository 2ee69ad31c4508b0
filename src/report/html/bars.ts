/** Counts of one transfer: a bar for each path, in parts where the count has parts. */
import { type Evidence, isMeasured } from '../../model/evidence.ts';
import type { Metrics, Run } from '../../model/results.ts';
import { isControl } from '../leaders.ts';
import { count } from '../text.ts';
import { both } from './both.ts';
import { chart, FONT, INK, short } from './chart.ts';
import type { Markup } from './markup.ts';

const WIDTH = 400;
const ROW = 25;

export interface Counted {
  readonly title: Markup;
  /** What the parts of a bar are, dark and light; none where there is one part only. */
  readonly parts: readonly Markup[];
  readonly of: (metrics: Metrics) => readonly Evidence[];
}

export const COUNTED: readonly Counted[] = [
  { title: both('system calls', '系统调用'), parts: [], of: ({ syscalls }) => [syscalls] },
  {
    title: both('mode switches', '模式切换'),
    parts: [both('by calls', '系统调用引起'), both('by page faults', '缺页引起')],
    of: ({ modeSwitches: all, syscalls }) =>
      isMeasured(all) && isMeasured(syscalls)
        ? [
            { ...all, value: 2 * syscalls.value },
            { ...all, value: all.value - 2 * syscalls.value },
          ]
        : [all],
  },
  {
    title: both('context switches', '上下文切换'),
    parts: [both('voluntary', '自愿'), both('involuntary', '非自愿')],
    of: ({ voluntarySwitches, involuntarySwitches }) => [voluntarySwitches, involuntarySwitches],
  },
  {
    title: both('page faults', '缺页'),
    parts: [both('minor', '次缺页'), both('major', '主缺页')],
    of: ({ minorFaults, majorFaults }) => [minorFaults, majorFaults],
  },
];

const COLOURS = ['var(--bar)', 'var(--bar2)'];

/** Undefined where it was counted for none of them. A path without the count has a sign instead of a bar: no bar is a 0. */
export function bars({ of }: Counted, all: readonly Run[]): Markup | undefined {
  const runs = all.filter(({ path }) => !isControl(path));
  const values = runs.map(({ metrics }) => {
    const parts = of(metrics);
    return parts.every(isMeasured) ? parts.map(({ value }) => Math.max(0, value)) : undefined;
  });
  if (values.every((parts) => parts === undefined)) return undefined;
  const depth = Math.max(...values.map((parts) => parts?.length ?? 0));
  const sums = values.map((parts) => parts?.reduce((sum, value) => sum + value, 0));
  const series = Array.from({ length: depth }, (_, part) => ({
    type: 'bar',
    stack: 'all',
    silent: true,
    clip: false,
    barWidth: 13,
    itemStyle: { color: COLOURS[part] },
    data: values.map((parts) => parts?.[part] ?? 0),
  }));
  // the total stands behind the last part; a bar of no length carries it
  const total = {
    type: 'bar',
    stack: 'all',
    silent: true,
    clip: false,
    barWidth: 13,
    data: values.map(() => 0),
    label: {
      show: true,
      position: 'right',
      color: INK,
      fontSize: FONT,
      formatter: ({ dataIndex }: { dataIndex: number }) => said(sums[dataIndex]),
    },
  };
  return chart(WIDTH, runs.length * ROW + 10, {
    grid: { left: 108, right: 66, top: 4, bottom: 4 },
    xAxis: { type: 'value', show: false, min: 0, max: Math.max(1, ...sums.map((sum) => sum ?? 0)) },
    yAxis: {
      type: 'category',
      inverse: true,
      data: runs.map((_, i) => i),
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: {
        color: INK,
        fontSize: FONT,
        interval: 0,
        formatter: (i: string) => short(runs[Number(i)]?.path ?? '', 14),
      },
    },
    series: [...series, total],
  });
}

const said = (sum: number | undefined) => (sum === undefined ? '?' : count(sum));

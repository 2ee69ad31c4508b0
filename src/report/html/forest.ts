/** Ratios to one path as marks with their intervals, over the band that the same arm against itself spans. */
import { type Estimate, isMeasured } from '../../model/evidence.ts';
import { size } from '../text.ts';
import { chart, colourOf, FAINT, FONT, INK, short } from './chart.ts';
import type { Markup } from './markup.ts';
import { quotient, type Setting } from './runs.ts';

const WIDTH = 460;
const ROW = 21;
const MOST_ROWS = 80;

export interface Ratio {
  readonly fileBytes: number;
  /** Undefined: the same arm against itself. */
  readonly path: string | undefined;
  readonly ratio: Estimate;
  readonly noise: readonly [number, number];
}

/** As far from 1, in either direction, as the same arm was from itself. */
function band({ ci: [low, high] }: Estimate): [number, number] {
  return [Math.min(low, 1 / high), Math.max(high, 1 / low)];
}

/** Sender CPU per GiB of each path over that of `reference`. */
export function ratios({ groups, paths }: Setting, reference: string): Ratio[] {
  return groups.flatMap(({ fileBytes, runs, noise }) => {
    const of = (path: string) => runs.find((run) => run.path === path)?.metrics.senderCpuPerGiB;
    const under = of(reference);
    const found = paths.flatMap((path): Ratio[] => {
      const over = of(path);
      if (path === reference || over === undefined || under === undefined) return [];
      const ratio = isMeasured(over) && isMeasured(under) ? quotient(over, under) : undefined;
      return ratio === undefined || ratio.value <= 0 ? [] : [{ fileBytes, path, ratio, noise: band(noise) }];
    });
    return [...found, { fileBytes, path: undefined, ratio: noise, noise: band(noise) }];
  });
}

/** `itself` is what the row of the control is called: a sign that both languages know. */
export function forest(all: readonly Ratio[], itself = 'A/A'): Markup | undefined {
  const rows = all.slice(0, MOST_ROWS);
  if (rows.length === 0) return undefined;
  const values = rows.flatMap(({ ratio, noise }) => [ratio.value, ...ratio.ci, ...noise]).filter((value) => value > 0);
  const [low, high] = [Math.min(0.5, ...values), Math.max(2, ...values)].map(Math.log10) as [number, number];
  const ticks = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].map(Math.log10).filter((at) => low <= at && at <= high);
  const name = ({ path, fileBytes }: Ratio) => `${path === undefined ? itself : short(path, 14)}, ${size(fileBytes)}`;
  return chart(WIDTH, rows.length * ROW + 34, {
    grid: { left: 148, right: 16, top: 4, bottom: 28 },
    xAxis: {
      type: 'value',
      min: low - 0.03,
      max: high + 0.03,
      axisLine: { show: false },
      splitLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: INK, fontSize: FONT, customValues: ticks, formatter: (at: number) => `× ${plain(10 ** at)}` },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: rows.map((_, i) => i),
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: { color: INK, fontSize: FONT, interval: 0, formatter: (i: string) => name(rows[Number(i)] as Ratio) },
    },
    series: [
      {
        type: 'custom',
        silent: true,
        data: rows.map((_, i) => [0, i]),
        renderItem: (_: unknown, api: Api) => row(rows, api, ticks),
      },
    ],
  });
}

const plain = (value: number) => Number(value.toPrecision(2));

interface Api {
  value(dimension: number): number;
  coord(point: readonly [number, number]): [number, number];
}

function row(rows: readonly Ratio[], api: Api, ticks: readonly number[]): object {
  const i = api.value(1);
  const { path, ratio, noise, fileBytes } = rows[i] as Ratio;
  const x = (value: number) => api.coord([Math.log10(value), i])[0];
  const y = api.coord([0, i])[1];
  const colour = path === undefined ? INK : colourOf(path);
  const line = (x1: number, y1: number, x2: number, y2: number, stroke: string, lineWidth: number) => ({
    type: 'line',
    shape: { x1, y1, x2, y2 },
    style: { stroke, lineWidth, fill: 'none' },
  });
  const [top, bottom] = [y - ROW / 2, y + ROW / 2];
  const least = Math.max(ratio.ci[0], ratio.value / 100);
  const next = rows[i + 1];
  return {
    type: 'group',
    children: [
      {
        type: 'rect',
        shape: { x: x(noise[0]), y: top, width: x(noise[1]) - x(noise[0]), height: ROW + 0.5 },
        style: { fill: 'var(--band)' },
      },
      ...ticks.map((at) => line(x(10 ** at), top, x(10 ** at), bottom, FAINT, at === 0 ? 2 : 1)),
      line(x(least), y, x(ratio.ci[1]), y, colour, 2),
      line(x(least), y - 4, x(least), y + 4, colour, 2),
      line(x(ratio.ci[1]), y - 4, x(ratio.ci[1]), y + 4, colour, 2),
      { type: 'circle', shape: { cx: x(ratio.value), cy: y, r: 4.5 }, style: { fill: colour } },
      ...(next !== undefined && next.fileBytes !== fileBytes ? [line(0, bottom, WIDTH, bottom, FAINT, 1)] : []),
    ],
  };
}

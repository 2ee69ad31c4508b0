/** A figure over the file's size, a line for each path, each value with its interval. Both axes are logarithmic. */
import { isMeasured, type Measured } from '../../model/evidence.ts';
import type { MetricName } from '../../model/results.ts';
import { size } from '../text.ts';
import { chart, colourOf, FAINT, FONT, INK, short } from './chart.ts';
import type { Markup } from './markup.ts';
import type { Setting } from './runs.ts';

const WIDTH = 460;
const HEIGHT = 330;
const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond', 'roundRect'];

interface Dot {
  readonly at: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Undefined where nothing of it was measured. `per` is the unit in which it is shown. */
export function curves(setting: Setting, metric: MetricName, per: number): Markup | undefined {
  const { groups } = setting;
  const places = groups.map(({ fileBytes }) => Math.log2(Math.max(1, fileBytes)));
  const span = Math.max(1, (places.at(-1) ?? 0) - (places[0] ?? 0));
  const lines = setting.paths.flatMap((path, i) => {
    // beside each other, or the intervals would hide one another
    const aside = (i - (setting.paths.length - 1) / 2) * span * 0.008;
    const dots = groups.flatMap(({ runs }, at): Dot[] => {
      const evidence = runs.find((run) => run.path === path)?.metrics[metric];
      if (evidence === undefined || !isMeasured(evidence) || evidence.value <= 0) return [];
      return [{ at: (places[at] ?? 0) + aside, ...scaled(evidence, per) }];
    });
    return dots.length === 0 ? [] : [{ path, dots }];
  });
  if (lines.length === 0) return undefined;
  const all = lines.flatMap(({ dots }) => dots.flatMap(({ value, low, high }) => [value, low, high]));
  const [low, high] = [Math.log10(Math.min(...all)) - 0.06, Math.log10(Math.max(...all)) + 0.06];
  const x = { min: (places[0] ?? 0) - span * 0.06, max: (places.at(-1) ?? 0) + span * 0.06 };
  return chart(WIDTH, HEIGHT, {
    grid: { left: 44, right: 100, top: 12, bottom: 30 },
    xAxis: {
      ...AXIS,
      ...x,
      splitLine: { show: false },
      axisLabel: { ...LABEL, hideOverlap: true, customValues: places, formatter: (at: number) => nameOf(setting, at) },
      axisTick: { customValues: places },
    },
    yAxis: {
      ...AXIS,
      min: low,
      max: high,
      axisLine: { show: false },
      axisLabel: { ...LABEL, customValues: steps(low, high), formatter: (at: number) => String(plain(10 ** at)) },
      axisTick: { show: false, customValues: steps(low, high) },
      splitLine: { show: false },
    },
    series: [
      rules(steps(low, high), x),
      ...lines.flatMap(({ path, dots }, i) => series(path, dots, SYMBOLS[i % SYMBOLS.length] as string)),
    ],
  });
}

const AXIS = { type: 'value', axisLine: { onZero: false, lineStyle: { color: FAINT } } };
const LABEL = { color: INK, fontSize: FONT };

function scaled({ value, ci }: Measured, per: number) {
  const [low, high] = ci ?? [value, value];
  // a logarithmic axis has no 0: an interval that reaches it ends at a tenth of the value
  return { value: value / per, low: Math.max(low, value / 10) / per, high: high / per };
}

function nameOf({ groups }: Setting, at: number): string {
  const found = groups.find(({ fileBytes }) => Math.abs(Math.log2(Math.max(1, fileBytes)) - at) < 1e-6);
  return found === undefined ? '' : size(found.fileBytes);
}

const plain = (value: number) => Number(value.toPrecision(3));

/** 1, 2, 5, 10 and so on; fewer where there would be too many. */
function steps(low: number, high: number): number[] {
  const wanted = high - low > 3 ? [1] : [1, 2, 5];
  const found: number[] = [];
  for (let decade = Math.floor(low); decade <= high; decade++)
    for (const step of wanted) {
      const at = decade + Math.log10(step);
      if (at >= low && at <= high) found.push(at);
    }
  return found;
}

interface Api {
  value(dimension: number): number;
  coord(point: readonly [number, number]): [number, number];
}
const stroke = (colour: string, lineWidth: number) => ({ stroke: colour, fill: 'none', lineWidth });
const segment = (from: readonly number[], to: readonly number[], style: object) => ({
  type: 'line',
  shape: { x1: from[0], y1: from[1], x2: to[0], y2: to[1] },
  style,
});

/** The axis draws its lines where it likes, not where its labels are. */
function rules(at: readonly number[], x: { min: number; max: number }): object {
  return {
    type: 'custom',
    silent: true,
    data: at.map((y) => [x.min, y]),
    renderItem: (_: unknown, api: Api) =>
      segment(api.coord([x.min, api.value(1)]), api.coord([x.max, api.value(1)]), stroke(FAINT, 1)),
  };
}

function series(path: string, dots: readonly Dot[], symbol: string): object[] {
  const colour = colourOf(path);
  const line = {
    type: 'line',
    name: path,
    silent: true,
    clip: false,
    data: dots.map(({ at, value }) => [at, Math.log10(value)]),
    symbol,
    symbolSize: 8,
    itemStyle: { color: colour },
    lineStyle: { color: colour, width: 2 },
    endLabel: { show: true, formatter: () => short(path), color: colour, fontSize: FONT, distance: 6 },
    labelLayout: { moveOverlap: 'shiftY' },
  };
  const intervals = {
    type: 'custom',
    silent: true,
    data: dots.map(({ at, low, high }) => [at, Math.log10(low), Math.log10(high)]),
    renderItem: (_: unknown, api: Api) => {
      const [x, bottom] = api.coord([api.value(0), api.value(1)]);
      const [, top] = api.coord([api.value(0), api.value(2)]);
      const points = [
        [x - 3, bottom],
        [x + 3, bottom],
        [x, bottom],
        [x, top],
        [x - 3, top],
        [x + 3, top],
      ];
      return { type: 'polyline', shape: { points }, style: stroke(colour, 1.5) };
    },
  };
  return [intervals, line];
}

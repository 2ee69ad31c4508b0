/** Charts by echarts, as SVG and without a DOM. Colours are custom properties, so that light and dark share one drawing. */
import { BarChart, CustomChart, LineChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { LabelLayout } from 'echarts/features';
import { SVGRenderer } from 'echarts/renderers';
import { html, type Markup, raw } from './markup.ts';
import { toneOf } from './runs.ts';

echarts.use([BarChart, CustomChart, LineChart, GridComponent, LabelLayout, SVGRenderer]);

export type Option = echarts.EChartsCoreOption;

export const INK = 'var(--ink)';
export const FAINT = 'var(--rule)';
export const FONT = 12;
export const colourOf = (path: string) => `var(--tone${toneOf(path)})`;

/** Names that are too long for a chart are whole in its table. */
export const short = (name: string, most = 18) => {
  const line = name.replace(/\s+/g, ' ');
  return [...line].length > most ? `${[...line].slice(0, most - 1).join('')}…` : line;
};

/** Not for assistive technology: each chart has a table beside it that says the same. */
export function chart(width: number, height: number, option: Option): Markup {
  const instance = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    instance.setOption({
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: 'inherit', fontSize: FONT, color: INK },
      ...option,
    });
    // echarts escapes what it writes; its size comes from the style sheet
    return html`<div class="chart" aria-hidden="true">${raw(trimmed(instance.renderToSVGString()))}</div>`;
  } finally {
    // or its timers keep the process alive
    instance.dispose();
  }
}

/**
 * Without the size in pixels, and without what echarts' own script would need in a browser: it numbers the charts of a process.
 * Nothing is drawn outside, so nothing needs clipping.
 */
function trimmed(svg: string): string {
  return svg
    .replace(/<svg width="[\d.]+" height="[\d.]+"/, '<svg')
    .replace(/<defs ?>[\s\S]*?<\/defs>| clip-path="[^"]*"/g, '')
    .replace(/<style >[\s\S]*?<\/style>/g, '')
    .replaceAll(` style="font-size:${FONT}px;font-family:inherit;"`, '')
    .replace(/ class="zr[^"]*"| pointer-events="\w+"/g, '')
    .replace(/ ecmeta_\w+="[^"]*"/g, '')
    .replace(/ (?:xml:space|baseProfile|version)="[^"]*"/g, '');
}

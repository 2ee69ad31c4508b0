/** Charts of what was timed and counted, each with its table. Settings and sizes beyond a number are in the tables only. */
import { isMeasured } from '../../model/evidence.ts';
import type { Metrics, Results, Run } from '../../model/results.ts';
import { count, figure, size, spread } from '../text.ts';
import { bars, COUNTED } from './bars.ts';
import { both } from './both.ts';
import { curves } from './curves.ts';
import { forest, type Ratio, ratios } from './forest.ts';
import { html, type Markup, type Part } from './markup.ts';
import { type Group, type Setting, settingName, settings } from './runs.ts';
import { Causes, type Cell, figureCell, folded, table } from './table.ts';

const MOST_SETTINGS = 4;
const MOST_GROUPS = 6;
const MIB = 2 ** 20;

export function figures({ runs, controls }: Results): Markup {
  const all = settings(runs, controls);
  const more = all.length - MOST_SETTINGS;
  const rest =
    more > 0
      ? html`<p class="quiet">${both(`${more} more settings are in the tables below and have no charts.`, `另有 ${more} 种设置只列在下表中，不画图。`)}</p>`
      : '';
  return html`${all.slice(0, MOST_SETTINGS).map(ofSetting)}${rest}${tables(runs)}`;
}

function ofSetting(setting: Setting): Markup {
  const cost = curves(setting, 'senderCpuPerGiB', 1);
  const rate = curves(setting, 'throughput', MIB);
  const reference = setting.paths.includes('read-write') ? 'read-write' : setting.paths[0];
  const compared = reference === undefined ? [] : ratios(setting, reference);
  const noise = html`<span class="swatch band"></span>`;
  return html`<section class="setting"><h3>${settingName(setting)}</h3><div class="grid">
${plot(both('Sender CPU seconds per GiB, over the file’s size', '发送方每 GiB 的 CPU 秒数，随文件大小'), both('lower is cheaper; whiskers: 95 % interval', '越低越省；竖线：95% 区间'), cost)}
${plot(
  both(`Sender CPU, over that of ${reference}`, `发送方 CPU 开销，与 ${reference} 之比`),
  html`${noise} ${both('noise: what the same arm against itself (A/A, by throughput) spans. Within it nothing is told apart.', '噪声：同一路径与自身之比（A/A，按吞吐量）的范围，范围内不算差别。')}`,
  compared.length > 1 ? forest(compared) : undefined,
  ratioTable(compared, reference ?? ''),
  'plot tall',
)}
${plot(both('Throughput in MiB/s, over the file’s size', '吞吐量（MiB/s），随文件大小'), both('higher is faster', '越高越快'), rate)}</div>${counts(setting)}</section>`;
}

function plot(title: Part, note: Part, drawing: Markup | undefined, below?: Part, kind = 'plot'): Markup | '' {
  if (drawing === undefined) return '';
  return html`<figure class="${kind}"><figcaption><b>${title}</b><span class="quiet">${note}</span></figcaption>${drawing}${below}</figure>`;
}

function ratioTable(all: readonly Ratio[], reference: string): Markup {
  const rows = all.map(({ path, fileBytes, ratio }): Cell[] => [
    { shown: path ?? 'A/A' },
    { shown: size(fileBytes), data: fileBytes, numeric: true },
    ...[ratio.value, ...ratio.ci].map((value) => ({ shown: figure(value), data: value, numeric: true })),
  ]);
  const heads = [
    both('path', '路径'),
    both('size', '大小'),
    both('ratio', '比值'),
    both('from', '下限'),
    both('to', '上限'),
  ];
  return folded(
    both('Table', '数据表'),
    table(both(`Sender CPU over that of ${reference}`, `发送方 CPU 与 ${reference} 之比`), heads, rows),
  );
}

/** One size is shown at a time, the others are a choice away: no script is needed for it. */
function counts(setting: Setting): Markup {
  const groups = spreadOut(setting.groups, MOST_GROUPS);
  const id = ['counts', setting.sink, setting.chunkBytes, setting.cache].join('-');
  const middle = Math.floor((groups.length - 1) / 2);
  const choices = groups.map(
    ({ fileBytes }, i) =>
      html`<label><input type="radio" name="${id}" value="${i}"${i === middle ? html` checked` : ''}> ${size(fileBytes)}</label>`,
  );
  return html`<fieldset class="pick"><legend>${both('What one transfer took, at', '一次传输的次数，文件大小')}</legend>${choices}</fieldset><div class="panes">${groups.map(pane)}</div>`;
}

/** So many of them, from the first to the last. */
function spreadOut<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, i) => all[Math.round((i * (all.length - 1)) / (most - 1))] as T);
}

function pane({ fileBytes, runs }: Group): Markup {
  const plots = COUNTED.map((counted) => {
    const key = counted.parts.map((part, i) => html`<span class="swatch part${i}"></span>${part} `);
    return plot(counted.title, key, bars(counted, runs));
  });
  return html`<div class="pane"><h4>${size(fileBytes)}</h4><div class="grid">${plots}</div></div>`;
}

type Column = readonly [title: Markup, of: keyof Metrics, show: (value: number) => string];

const TIMED: readonly Column[] = [
  [both('MiB/s', 'MiB/秒'), 'throughput', (value) => figure(value / MIB)],
  [both('sender CPU s/GiB', '发送方 CPU 秒/GiB'), 'senderCpuPerGiB', figure],
  [both('user', '用户态'), 'userCpuPerGiB', figure],
  [both('system', '内核态'), 'sysCpuPerGiB', figure],
  [both('receiver CPU s/GiB', '接收方 CPU 秒/GiB'), 'receiverCpuPerGiB', figure],
];

const TOLD: readonly Column[] = [
  [both('system calls', '系统调用'), 'syscalls', count],
  [both('mode switches', '模式切换'), 'modeSwitches', count],
  [both('voluntary context switches', '自愿上下文切换'), 'voluntarySwitches', count],
  [both('involuntary', '非自愿'), 'involuntarySwitches', count],
  [both('minor faults', '次缺页'), 'minorFaults', count],
  [both('major faults', '主缺页'), 'majorFaults', count],
  [both('CPU copies', 'CPU 拷贝'), 'cpuCopies', count],
  [both('with the receiver’s', '含接收方'), 'cpuCopiesTotal', count],
  [both('disk bytes', '磁盘字节'), 'diskBytes', count],
];

function tables(runs: readonly Run[]): Markup {
  const made = (caption: Markup, columns: readonly Column[]) => {
    const causes = new Causes();
    const rows = runs.map((run): Cell[] => [
      { shown: run.path },
      {
        shown: html`${run.sink}, ${run.cache}, ${size(run.chunkBytes)}`,
        data: `${run.sink} ${run.cache} ${run.chunkBytes}`,
      },
      { shown: size(run.fileBytes), data: run.fileBytes, numeric: true },
      ...columns.map(([, of, show]) => {
        const evidence = run.metrics[of];
        const ci = isMeasured(evidence) ? spread(evidence.value, evidence.ci) : '';
        return figureCell(
          evidence,
          (value) => (ci === '' ? show(value) : html`${show(value)} <small>${ci}</small>`),
          causes,
        );
      }),
    ]);
    const heads = [
      both('path', '路径'),
      both('socket, cache, chunk', '套接字、缓存、块'),
      both('size', '大小'),
      ...columns.map(([title]) => title),
    ];
    return table(caption, heads, rows, causes.render());
  };
  return html`${folded(both('Table: time and CPU', '数据表：时间与 CPU'), made(both('Medians over slices; ±: 95 % interval', '各时间片的中位数；±：95% 区间'), TIMED))}
${folded(both('Table: counts', '数据表：次数'), made(both('Medians of single transfers', '单次传输的中位数'), TOLD))}`;
}

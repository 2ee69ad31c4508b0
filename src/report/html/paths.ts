/** A card for each path: its picture as it was said and as it was measured, and what one transfer took. */
import { type Evidence, isMeasured } from '../../model/evidence.ts';
import type { Results, Run } from '../../model/results.ts';
import { isControl } from '../leaders.ts';
import { count, figure, size } from '../text.ts';
import { both } from './both.ts';
import { html, type Markup } from './markup.ts';
import { picture } from './picture.ts';
import { toneOf } from './runs.ts';
import { SAID, type Said } from './said.ts';
import { type Hop, type Look, looks, type Passing, type Station, wayOf } from './way.ts';

const PASSINGS: Readonly<Record<Passing, Markup>> = {
  copied: both('copied by the CPU', 'CPU 拷贝'),
  reference: both('by reference', '按引用传递'),
  device: both('moved by a device', '由设备搬运'),
  none: both('not travelled', '未经过'),
  unknown: both('unknown', '未知'),
};

const NAMES: Readonly<Record<Station, Markup>> = {
  disk: both('disk', '磁盘'),
  file: both('page cache', '页缓存'),
  user: both('user buffer', '用户缓冲区'),
  mapping: both('mapping', '内存映射'),
  unseen: both('?', '？'),
  pipe: both('pipe', '管道'),
  socket: both('socket', '套接字缓冲区'),
  card: both('network card', '网卡'),
  receiver: both('receiver', '接收者内存'),
};

export function legend(): Markup {
  const all: Passing[] = ['copied', 'reference', 'device', 'unknown', 'none'];
  const sample = (passing: Passing) =>
    html`<li><svg class="way key" viewBox="0 0 44 14" aria-hidden="true"><g class="hop ${passing}"><line x1="1" y1="7" x2="32" y2="7"/><polygon points="42,7 32,1.5 32,12.5"/></g></svg>${PASSINGS[passing]}</li>`;
  return html`<ul class="keys">${all.map(sample)}</ul>`;
}

const over = ({ over }: { over: readonly Station[] }) =>
  html`${over.map((station, i) => html`${i === 0 ? '' : ' → '}${NAMES[station]}`)}`;

export function pathCards({ runs, claims }: Results): Markup {
  const seen = looks(claims);
  const all = [...new Set(runs.map(({ path }) => path))].filter((path) => !isControl(path));
  return html`${all.slice(0, MOST).map((path) => card(representative(runs, path), seen))}`;
}

/** Pictures; the tables have all paths. */
const MOST = 24;

/** The middle one of the sizes, over the first socket that was asked for. */
function representative(runs: readonly Run[], path: string): Run {
  const own = runs.filter((run) => run.path === path);
  const same = own.filter(({ sink }) => sink === own[0]?.sink).sort((a, b) => a.fileBytes - b.fileBytes);
  return same[Math.floor((same.length - 1) / 2)] as Run;
}

function card(run: Run, seen: readonly Look[]): Markup {
  const way = wayOf(run, seen);
  const said = SAID[run.path];
  return html`<article class="path${said === undefined ? '' : ' both'}" style="--tone:var(--tone${toneOf(run.path)})"><h3>${run.path}</h3>
<p class="facts">${facts(run)}</p><div class="pictures">
<figure><figcaption>${both('as measured', '实测')}</figcaption>${picture(way)}<ol class="hops">${way.map((hop, i) => measuredHop(hop, way[i - 1]))}</ol></figure>
${said === undefined ? nothingSaid : html`<figure class="said"><figcaption>${both('as the notes have it', '笔记中的说法')}</figcaption>${saidPicture(said)}</figure>`}
</div>${otherRoutes(run, seen)}</article>`;
}

const nothingSaid = html`<p class="quiet">${both('The notes do not speak of this path.', '笔记没有提到这种方式。')}</p>`;

function saidPicture({ hops, en, zh }: Said): Markup {
  return html`${picture(hops)}<ol class="hops">${hops.map((hop) => html`<li class="${hop.passing}">${over(hop)}: <b>${both(hop.en, hop.zh)}</b></li>`)}</ol><p class="quiet">${both(en, zh)}</p>`;
}

/** A cause that is the same as that of the hop before is not told again. */
function measuredHop(hop: Hop, before: Hop | undefined): Markup {
  const because = hop.because === before?.because ? '' : hop.because;
  return html`<li class="${hop.passing}">${over(hop)}: <b>${PASSINGS[hop.passing]}</b> <span class="because">${because}</span></li>`;
}

function facts({ metrics, fileBytes }: Run): Markup {
  const fact = (evidence: Evidence, name: Markup, show = count) =>
    isMeasured(evidence)
      ? html`<span class="fact"><b>${show(evidence.value)}</b> ${name}</span>`
      : html`<span class="fact missing" title="${evidence.missing}"><b>–</b> ${name}</span>`;
  return html`<span class="fact at">${both(`one transfer of ${size(fileBytes)}`, `一次传输 ${size(fileBytes)}`)}</span>
${fact(metrics.cpuCopies, both('CPU copies until it arrived', '次 CPU 拷贝（到达为止）'))}
${fact(metrics.cpuCopiesTotal, both('with the receiver’s', '次（含接收方）'))}
${fact(metrics.syscalls, both('system calls', '次系统调用'))}
${fact(metrics.modeSwitches, both('mode switches', '次模式切换'))}
${fact(metrics.voluntarySwitches, both('voluntary', '次自愿'))}
${fact(metrics.involuntarySwitches, both('involuntary context switches', '次非自愿上下文切换'))}
${fact(metrics.senderCpuPerGiB, both('CPU s/GiB', 'CPU 秒/GiB'), figure)}`;
}

/** What another socket, device or file makes of the same path. */
function otherRoutes({ path, sink }: Run, seen: readonly Look[]): Markup {
  const others = seen.filter((look) => look.path === path && !(look.via === sink && look.storage === 'disk'));
  if (others.length === 0) return html``;
  const rows = others.map(({ via, storage, hops }) => {
    const copies = hops.slice(0, -1).filter(({ copied }) => copied > 0).length;
    const told = hops.map(
      ({ hop, copied }) => html`<span class="mini ${copied > 0 ? 'copied' : 'reference'}">${hop}</span>`,
    );
    return html`<tr><th scope="row">${via}${storage === 'disk' ? '' : `, ${storage}`}</th><td class="n">${copies}</td><td>${told}</td></tr>`;
  });
  return html`<details class="fold"><summary>${both('On other routes', '其他路径与存储')} (${others.length})</summary><div class="scroll" tabindex="0" role="group" aria-label="${path}"><table><thead><tr><th scope="col">${both('route, storage', '路径，存储')}</th><th scope="col">${both('hops that copy until it arrived', '到达前有拷贝的环节')}</th><th scope="col">${both('hops', '环节')}</th></tr></thead><tbody>${rows}</tbody></table></div></details>`;
}

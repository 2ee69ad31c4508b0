/** A way as a drawing: user space above, the kernel in the middle, devices below, time from left to right. */
import { label } from './both.ts';
import { html, type Markup } from './markup.ts';
import type { Passing, Station } from './way.ts';

interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly en: string;
  readonly zh: string;
}

const BOXES: Readonly<Record<Station, Box>> = {
  disk: { x: 12, y: 196, w: 92, h: 34, en: 'disk', zh: '磁盘' },
  file: { x: 12, y: 111, w: 92, h: 42, en: 'page cache', zh: '页缓存' },
  user: { x: 134, y: 27, w: 104, h: 42, en: 'user buffer', zh: '用户缓冲区' },
  mapping: { x: 134, y: 27, w: 104, h: 42, en: 'mapping', zh: '内存映射' },
  unseen: { x: 134, y: 27, w: 104, h: 42, en: 'unobserved', zh: '未观察' },
  pipe: { x: 150, y: 111, w: 72, h: 42, en: 'pipe', zh: '管道' },
  socket: { x: 272, y: 111, w: 92, h: 42, en: 'socket', zh: '套接字缓冲区' },
  card: { x: 266, y: 196, w: 104, h: 34, en: 'network card', zh: '网卡' },
  receiver: { x: 340, y: 27, w: 92, h: 42, en: 'receiver', zh: '接收者内存' },
};

type Point = readonly [x: number, y: number];

/** From where to where an arrow goes, on the edges of the boxes. */
const ARROWS: Readonly<Record<string, readonly [Point, Point]>> = {
  'disk file': [
    [58, 196],
    [58, 155],
  ],
  'disk mapping': [
    [104, 208],
    [160, 71],
  ],
  'file user': [
    [78, 111],
    [134, 58],
  ],
  'file mapping': [
    [78, 111],
    [134, 58],
  ],
  'file unseen': [
    [78, 111],
    [134, 58],
  ],
  'file pipe': [
    [104, 132],
    [148, 132],
  ],
  'file socket': [
    [104, 132],
    [270, 132],
  ],
  'user socket': [
    [226, 69],
    [286, 109],
  ],
  'mapping socket': [
    [226, 69],
    [286, 109],
  ],
  'unseen socket': [
    [226, 69],
    [286, 109],
  ],
  'user pipe': [
    [186, 69],
    [186, 109],
  ],
  'pipe socket': [
    [222, 132],
    [270, 132],
  ],
  'socket receiver': [
    [336, 111],
    [374, 71],
  ],
  'socket card': [
    [318, 153],
    [318, 194],
  ],
};

/** What is drawn of a hop: its stations, and how it was passed. */
export interface Drawn {
  readonly over: readonly Station[];
  readonly passing: Passing;
}

export function picture(hops: readonly Drawn[]): Markup {
  const stations = new Set(hops.flatMap(({ over }) => over));
  return html`<svg class="way" viewBox="0 0 440 240" aria-hidden="true">
${lane(4, 82, 'user space', '用户态')}${lane(92, 78, 'kernel', '内核')}${lane(176, 60, 'devices', '设备')}
${[...stations].map(box)}${hops.map(({ over, passing }, i) => arrows(over, passing, i + 1))}</svg>`;
}

function lane(y: number, height: number, en: string, zh: string): Markup {
  return html`<rect class="lane" x="1" y="${y}" width="438" height="${height}" rx="9"/>${label(430, y + 14, 'lanename', en, zh)}`;
}

function box(station: Station): Markup {
  const { x, y, w, h, en, zh } = BOXES[station];
  const shape = html`<rect class="box ${station}" x="${x}" y="${y}" width="${w}" height="${h}" rx="7"/>`;
  return html`${shape}${label(x + w / 2, y + h / 2 + 4.5, 'boxname', en, zh)}`;
}

/** One arrow for each two stations; the number stands on the first, which is enough for a hop that was seen as one. */
function arrows(over: readonly Station[], passing: Passing, number: number): Markup {
  const pairs = over.slice(1).map((to, i) => ARROWS[`${over[i]} ${to}`]);
  return html`<g class="hop ${passing}">${pairs.map((ends) => (ends === undefined ? '' : arrow(ends)))}${pairs
    .slice(0, 1)
    .map((ends) => (ends === undefined ? '' : badge(ends, number)))}</g>`;
}

const HEAD = 9;

function arrow([[x1, y1], [x2, y2]]: readonly [Point, Point]): Markup {
  const length = Math.hypot(x2 - x1, y2 - y1);
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
  const [bx, by] = [x2 - dx * HEAD, y2 - dy * HEAD];
  const points = [
    [x2, y2],
    [bx - dy * HEAD * 0.6, by + dx * HEAD * 0.6],
    [bx + dy * HEAD * 0.6, by - dx * HEAD * 0.6],
  ];
  const head = points.map((point) => point.map((n) => n.toFixed(1)).join(',')).join(' ');
  return html`<line x1="${x1}" y1="${y1}" x2="${bx.toFixed(1)}" y2="${by.toFixed(1)}"/><polygon points="${head}"/>`;
}

function badge([[x1, y1], [x2, y2]]: readonly [Point, Point], number: number): Markup {
  const [x, y] = [(x1 + x2) / 2 - (x2 - x1) * 0.06, (y1 + y2) / 2 - (y2 - y1) * 0.06];
  return html`<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="9.5"/><text class="number" x="${x.toFixed(1)}" y="${(y + 4.2).toFixed(1)}">${number}</text>`;
}

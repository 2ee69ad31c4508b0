/** When epoll tells of a descriptor again: level-triggered, edge-triggered, once. */
import {
  EPOLL_CTL_MOD,
  EPOLL_EVENT_WORDS,
  EPOLLET,
  EPOLLIN,
  EPOLLONESHOT,
  epollCtl2,
  epollWait,
} from '../../sys/epoll.ts';
import { fionread, read } from '../../sys/fd.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import { control, Descriptors, errno, figure, send, watch } from './readiness.ts';
import { polled } from './readiness-sets.ts';

const SCOPE = 'one thread, one UNIX socket, waits with time-out 0';
/** Prime: so many waits, with nothing read in between. */
const WAITS = 23;
const events = new Uint32Array(EPOLL_EVENT_WORDS);

/** Whether a wait answered with the one event there is. */
const wakes = (epfd: number): number => epollWait(epfd, events, 1, 0);

function wakesOf(epfd: number, waits = WAITS): number {
  let sum = 0;
  for (let i = 0; i < waits; i++) sum += wakes(epfd);
  return sum;
}

/** The same socket behind two objects, one for each way; so both see the very same bytes come. */
interface Watched {
  readonly level: number;
  readonly edge: number;
  readonly fd: number;
  readonly peer: number;
}

function watched(own: Descriptors): Watched {
  const [fd, peer] = own.pair();
  const [level, edge] = [own.epoll(), own.epoll()];
  watch(level, fd, EPOLLIN);
  watch(edge, fd, EPOLLIN | EPOLLET);
  return { level, edge, fd, peer };
}

const take = (fd: number, bytes: number): number => read(fd, new Uint8Array(bytes));

function levelTriggered(): Case[] {
  using own = new Descriptors();
  const { level, edge, fd, peer } = watched(own);
  const before = wakesOf(level);
  send(peer);
  const undrained = { level: wakesOf(level), edge: wakesOf(edge) };
  // poll looks for itself each time: what it says is what "level" means
  let byPoll = 0;
  for (let i = 0; i < WAITS; i++) byPoll += polled([fd]).length;
  take(fd, 1);
  return [
    {
      condition: '',
      measured: {
        wakesUndrained: figure('wakes', { epoll_wait: undrained.level, poll: byPoll }),
        wakesDrained: figure('wakes', { epoll_wait: wakesOf(level), poll: polled([fd]).length }),
      },
      controls: [
        control(`wakes in ${WAITS} waits before anything was sent`, 0, 'epoll_wait', before),
        control(`wakes in ${WAITS} waits of an edge-triggered one`, 1, 'epoll_wait', undrained.edge),
      ],
      evidence: [],
    },
  ];
}

function edgeTriggered(): Case[] {
  using own = new Descriptors();
  const { level, edge, peer } = watched(own);
  const before = wakesOf(edge);
  send(peer);
  const first = wakesOf(edge);
  send(peer);
  const more = wakesOf(edge);
  return [
    {
      condition: '',
      measured: {
        wakesUndrained: figure('wakes', { epoll_wait: first }),
        wakesForMoreData: figure('wakes', { epoll_wait: more }),
      },
      controls: [
        control(`wakes in ${WAITS} waits before anything was sent`, 0, 'epoll_wait', before),
        control(`wakes in ${WAITS} waits of a level-triggered one`, WAITS, 'epoll_wait', wakesOf(level)),
      ],
      evidence: [],
    },
  ];
}

/** Prime; and what is read of them. */
const SENT = 101;
const TAKEN = 24;

function partialRead(): Case[] {
  using own = new Descriptors();
  const { level, edge, fd, peer } = watched(own);
  for (let i = 0; i < SENT; i++) send(peer);
  const told = wakes(edge);
  const taken = take(fd, TAKEN);
  const left = fionread(fd);
  const silence = wakesOf(edge);
  const readable = polled([fd]).length;
  const levelWakes = wakesOf(level);
  send(peer);
  const after = wakesOf(edge);
  const rest = take(fd, 2 * SENT);
  return [
    {
      condition: '',
      measured: {
        bytesLeft: figure('bytes', { FIONREAD: left, 'read afterwards, less the one sent since': rest - 1 }),
        wakesForTheRest: figure('wakes', { epoll_wait: silence }),
        readableByPoll: figure('descriptors', { poll: readable }),
        wakesForMoreData: figure('wakes', { epoll_wait: after }),
      },
      controls: [
        control('wakes when the bytes came', 1, 'epoll_wait', told),
        control('bytes read of them', TAKEN, 'read', taken),
        control(`wakes in ${WAITS} waits of a level-triggered one`, WAITS, 'epoll_wait', levelWakes),
      ],
      evidence: [
        { instrument: 'epoll_wait', saw: `${left} bytes in the socket and ${silence} wakes in ${WAITS} waits` },
      ],
    },
  ];
}

function oneShot(): Case[] {
  using own = new Descriptors();
  const { level, fd, peer } = watched(own);
  const once = own.epoll();
  watch(once, fd, EPOLLIN | EPOLLONESHOT);
  send(peer);
  const first = wakesOf(once);
  send(peer);
  const more = wakesOf(once);
  const rearm = () => errno(epollCtl2(once, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLONESHOT, fd, 0));
  const rearmed = rearm();
  const second = wakesOf(once);
  return [
    {
      condition: '',
      measured: {
        wakesArmed: figure('wakes', { epoll_wait: first }),
        wakesForMoreData: figure('wakes', { epoll_wait: more }),
        wakesRearmed: figure('wakes', { epoll_wait: second }),
      },
      controls: [
        control('arming it again by EPOLL_CTL_MOD fails with', 0, 'epoll_ctl', rearmed),
        control(`wakes in ${WAITS} waits of a level-triggered one`, WAITS, 'epoll_wait', wakesOf(level)),
      ],
      evidence: [],
    },
  ];
}

export const epollTriggerClaims: readonly ClaimDefinition[] = [
  {
    id: 'epoll-level-trigger',
    statement: {
      en: 'Level-triggered, epoll_wait tells of a readable socket at each call, until its bytes have been read.',
      zh: '水平触发：只要缓冲区的数据没有被读完，每次 epoll_wait 都会不断通知。',
    },
    source: 'xiaolincoder CS-Base, selete_poll_epoll.md; epoll(7)',
    scope: SCOPE,
    expected: { wakesUndrained: WAITS, wakesDrained: 0 },
    recorded: 'holds',
    judge: levelTriggered,
  },
  {
    id: 'epoll-edge-trigger',
    statement: {
      en: 'Edge-triggered, epoll_wait tells of a readable socket once, even if nothing is read, and again when more comes.',
      zh: '边缘触发：有数据到来时 epoll_wait 只通知一次，即使进程没有读取；新数据到来时再通知一次。',
    },
    source: 'xiaolincoder CS-Base, selete_poll_epoll.md; epoll(7)',
    scope: SCOPE,
    expected: { wakesUndrained: 1, wakesForMoreData: 1 },
    recorded: 'holds',
    note: {
      en: 'The edge is the arrival, not the change from empty to readable: more data for an undrained socket is told, too.',
      zh: '“边缘”指数据到达，而不是由空变为可读：未读空的 socket 再来数据，同样会通知。',
    },
    judge: edgeTriggered,
  },
  {
    id: 'epoll-edge-partial-read',
    statement: {
      en: 'Edge-triggered, what a read leaves in the socket is not told again until more comes: read until EAGAIN.',
      zh: '边缘触发时，没有一次读完的数据不会再被通知，直到又有新数据到来；因此要一直读到 EAGAIN。',
    },
    source: 'xiaolincoder CS-Base, selete_poll_epoll.md; epoll(7)',
    scope: `${SCOPE}; ${SENT} bytes sent, ${TAKEN} of them read`,
    expected: { bytesLeft: SENT - TAKEN, wakesForTheRest: 0, readableByPoll: 1, wakesForMoreData: 1 },
    recorded: 'holds',
    judge: partialRead,
  },
  {
    id: 'epoll-oneshot',
    statement: {
      en: 'With EPOLLONESHOT a descriptor is told once, and then no more, until EPOLL_CTL_MOD arms it again.',
      zh: '使用 EPOLLONESHOT 时，描述符只通知一次，之后不再通知，直到用 EPOLL_CTL_MOD 重新启用。',
    },
    source: 'epoll_ctl(2)',
    scope: SCOPE,
    expected: { wakesArmed: 1, wakesForMoreData: 0, wakesRearmed: 1 },
    recorded: 'holds',
    judge: oneShot,
  },
];

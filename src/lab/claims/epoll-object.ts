/** What is said of the epoll object: its size, what it holds, and what it takes in and hands out. */

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { Mapping } from '../../io/mapping.ts';
import { native } from '../../native.ts';
import { EPOLL_DATA_WORD, EPOLL_EVENT_WORDS, EPOLLIN, epollCreate, epollWait } from '../../sys/epoll.ts';
import { MAP_SHARED, mmap, PAGE_SIZE, PROT_READ } from '../../sys/mmap.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import { control, Descriptors, errno, figure, listedIn, send, watch } from './readiness.ts';
import { nsPerCall, repeatedly, timed } from './readiness-cost.ts';
import { kernelTouches } from './readiness-memory.ts';

const { EINVAL } = constants.errno;
/** Prime. */
const MANY = 10_007;

/** As many event records as may come. */
const room = (events: number) => new Uint32Array(events * EPOLL_EVENT_WORDS);

function sizeIgnored(): Case[] {
  using own = new Descriptors();
  const [silent, peer] = own.pair();
  const epfd = own.keep(epollCreate(1), 'epoll_create');
  const fds = own.duplicates(silent, MANY);
  for (const fd of fds) watch(epfd, fd, EPOLLIN);
  send(peer);
  const refused = [0, -1].map((size) => {
    const result = epollCreate(size);
    if (result >= 0) own.keep(result, 'epoll_create');
    return errno(result);
  });
  return [
    {
      condition: '',
      measured: {
        heldBySizeOne: figure('descriptors', {
          'lines of fdinfo': listedIn(epfd),
          "epoll_wait's answer": epollWait(epfd, room(MANY), MANY, 0),
        }),
        errnoOfSizeZero: figure('errno', { epoll_create: refused[0] ?? 0 }),
        errnoOfSizeMinusOne: figure('errno', { epoll_create: refused[1] ?? 0 }),
      },
      controls: [
        control(
          'a new object of size 1 holds',
          0,
          'lines of fdinfo',
          listedIn(own.keep(epollCreate(1), 'epoll_create')),
        ),
      ],
      evidence: [],
    },
  ];
}

const SOCKETS = 10_000;

function holdsManySockets(): Case[] {
  using own = new Descriptors();
  const epfd = own.epoll();
  const pairs = Array.from({ length: SOCKETS / 2 }, () => own.pair());
  const sockets = pairs.flat();
  for (const fd of sockets) watch(epfd, fd, EPOLLIN);
  const events = room(SOCKETS);
  const idle = epollWait(epfd, events, SOCKETS, 0);
  // one byte each way: all of them become readable
  for (const fd of sockets) send(fd);
  const all = epollWait(epfd, events, SOCKETS, 0);
  const told = new Set<number>();
  for (let i = 0; i < all; i++) told.add(events[i * EPOLL_EVENT_WORDS + EPOLL_DATA_WORD] ?? -1);
  return [
    {
      condition: '',
      measured: {
        watched: figure('sockets', { 'lines of fdinfo': listedIn(epfd) }),
        reportedAtOnce: figure('sockets', { "epoll_wait's answer": all, 'different numbers told': told.size }),
      },
      controls: [control('reported while nothing had been sent', 0, 'epoll_wait', idle)],
      evidence: [{ instrument: 'epoll_wait', saw: `${all} events of one object in one call` }],
    },
  ];
}

const FEW = 10;

function readyList(): Case[] {
  using own = new Descriptors();
  const [silent] = own.pair();
  const [readable, peer] = own.pair();
  send(peer);
  const watching = (quiet: number, ready: number) => {
    const epfd = own.epoll();
    for (const fd of own.duplicates(silent, quiet)) watch(epfd, fd, EPOLLIN);
    for (const fd of own.duplicates(readable, ready)) watch(epfd, fd, EPOLLIN);
    return epfd;
  };
  const events = room(1000);
  const objects = {
    few: watching(FEW - 1, 1),
    many: watching(SOCKETS - 1, 1),
    manyReady: watching(0, 1000),
  };
  const cost = (epfd: number, times: number) =>
    nsPerCall(times, () => repeatedly('epollWait', times, epfd, events, 1000, 0));
  const ns = { few: cost(objects.few, 200), many: cost(objects.many, 200), manyReady: cost(objects.manyReady, 2) };
  const answers = (epfd: number) => epollWait(epfd, events, 1000, 0);
  return [
    {
      condition: '',
      measured: {
        timesDearerToWatch1000Times: timed('times', ns.many / ns.few),
        timesDearerWith1000Ready: timed('times', ns.manyReady / ns.few),
        fewNs: timed('ns', ns.few),
        manyNs: timed('ns', ns.many),
        manyReadyNs: timed('ns', ns.manyReady),
      },
      controls: [
        control(`events of ${FEW} watched`, 1, 'epoll_wait', answers(objects.few)),
        control(`events of ${SOCKETS} watched`, 1, 'epoll_wait', answers(objects.many)),
        control('events of 1000 ready', 1000, 'epoll_wait', answers(objects.manyReady)),
        control(`descriptors watched of ${SOCKETS}`, SOCKETS, 'lines of fdinfo', listedIn(objects.many)),
      ],
      evidence: [
        {
          instrument: 'clock',
          saw: `1 ready of ${FEW}: ${Math.round(ns.few)} ns, 1 of ${SOCKETS}: ${Math.round(ns.many)} ns`,
        },
      ],
    },
  ];
}

const OFFERED = 23;

function sharedMemory(): Case[] {
  using own = new Descriptors();
  const epfd = own.epoll();
  const mapped = mmap(PAGE_SIZE, PROT_READ, MAP_SHARED, epfd, 0);
  if (mapped >= 0) native.runtime.unmap(mapped);
  using memory = Mapping.anonymous(PAGE_SIZE);
  memory.lock();
  const bytes = new Uint8Array(memory.view());
  const events = new Uint32Array(memory.view(), 0, OFFERED * EPOLL_EVENT_WORDS);
  const touched = kernelTouches(memory.address, () => {
    for (let i = 0; i < OFFERED; i++) {
      const [a, b] = own.pair();
      watch(epfd, a, EPOLLIN);
      send(b);
    }
  });
  const changed = bytes.filter((byte) => byte !== 0).length;
  const answer = epollWait(epfd, events, OFFERED, 0);
  const written = events.slice();
  // a list that were shared would have lost its entries by this
  events.fill(0);
  const again = epollWait(epfd, events, OFFERED, 0);
  const wait = kernelTouches(memory.address, () => epollWait(epfd, events, OFFERED, 0));
  const maps = readFileSync('/proc/self/maps', 'latin1');
  return [
    {
      condition: '',
      measured: {
        mappingsOfEpoll: figure('mappings', {
          '/proc/self/maps': maps.split('eventpoll').length - 1,
          mmap: mapped < 0 ? 0 : 1,
        }),
        bytesAppearingUnasked: figure('bytes', { 'bytes compared': changed, watchpoint: touched.writes }),
        eventsLostByErasing: figure('events', { epoll_wait: answer - again }),
        errnoOfMmap: figure('errno', { mmap: errno(mapped) }),
        copiesOutOfAnEvent: figure('writes by the kernel', { watchpoint: wait.writes }),
      },
      controls: [
        control('events copied out by epoll_wait', OFFERED, 'epoll_wait', answer),
        control(
          'of these are in the buffer afterwards',
          OFFERED,
          'words compared',
          Array.from({ length: OFFERED }, (_, i) => written[i * EPOLL_EVENT_WORDS]).filter((mask) => mask === EPOLLIN)
            .length,
        ),
      ],
      evidence: wait.chains.map((chain) => ({
        instrument: 'watchpoint',
        saw: chain.join(' < '),
        functions: [...chain],
      })),
    },
  ];
}

export const epollObjectClaims: readonly ClaimDefinition[] = [
  {
    id: 'epoll-size-ignored',
    statement: {
      en: 'The size that epoll_create takes is ignored, but must be greater than 0.',
      zh: 'epoll_create(int size) 的 size 参数会被忽略，但必须大于 0。',
    },
    source: 'notes, section 3 (int epoll_create(int size)); epoll_create(2)',
    scope: `one epoll object of size 1 and ${MANY} duplicates of a UNIX socket`,
    expected: { heldBySizeOne: MANY, errnoOfSizeZero: EINVAL, errnoOfSizeMinusOne: EINVAL },
    recorded: 'holds',
    judge: sizeIgnored,
  },
  {
    id: 'epoll-holds-10000',
    statement: {
      en: 'One eventpoll object holds all sockets: 10,000 of them are watched through one descriptor.',
      zh: 'epoll_create 创建一个 eventpoll 对象引用所有的 socket：一个描述符即可监控 10,000 个 socket。',
    },
    source: 'notes, section 3',
    scope: `${SOCKETS} UNIX stream sockets of this process`,
    expected: { watched: SOCKETS, reportedAtOnce: SOCKETS },
    recorded: 'holds',
    judge: holdsManySockets,
  },
  {
    id: 'epoll-ready-list',
    statement: {
      en: 'epoll_wait reads a list of those that are ready: its cost grows with how many are ready, not with how many are watched.',
      zh: 'epoll 用 rdlist 就绪列表记录有动作的 socket：epoll_wait 的开销取决于就绪的数量，而不是监控的数量。',
    },
    source: 'notes, section 3 (rdlist); xiaolincoder CS-Base, selete_poll_epoll.md',
    scope: `time of one epoll_wait that does not wait; duplicates of a silent and of a readable UNIX socket`,
    expected: { timesDearerToWatch1000Times: { max: 2 }, timesDearerWith1000Ready: { min: 5 } },
    recorded: 'holds',
    judge: readyList,
  },
  {
    id: 'epoll-shared-memory',
    statement: {
      en: 'epoll hands events over through memory that the kernel and the process share, without a copy.',
      zh: 'epoll 通过内核与用户空间共享内存（mmap）来传递就绪事件，避免了拷贝。',
    },
    source: 'widespread; refuted in xiaolincoder CS-Base, selete_poll_epoll.md',
    scope: `one epoll object, ${OFFERED} UNIX sockets that become readable, one wait`,
    expected: { mappingsOfEpoll: { min: 1 }, bytesAppearingUnasked: { min: 1 } },
    recorded: 'fails',
    note: {
      en: 'Each event is copied into the caller’s array by epoll_wait, and by nothing else: 12 bytes on x86-64.',
      zh: '每个事件都由 epoll_wait 拷贝到调用者的数组里（x86-64 上每个 12 字节），此外没有别的途径。',
    },
    judge: sharedMemory,
  },
];

/** What an epoll object takes, and what its registrations are. */
import { constants } from 'node:os';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_EVENT_WORDS,
  EPOLLIN,
  EPOLLOUT,
  epollCtl2,
  epollWait,
} from '../../sys/epoll.ts';
import { ftruncate, MFD_CLOEXEC, memfdCreate } from '../../sys/fd.ts';
import { POLLFD_WORDS, poll } from '../../sys/poll.ts';
import { bitmapBytes, select } from '../../sys/select.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import { control, Descriptors, errno, figure, listedIn, send, watch } from './readiness.ts';
import { bytesNeeded } from './readiness-memory.ts';
import { leftIn, polled, records, setOf, viaSelect } from './readiness-sets.ts';

const { EEXIST, ELOOP, EPERM } = constants.errno;

const add = (epfd: number, fd: number, events = EPOLLIN) => errno(epollCtl2(epfd, EPOLL_CTL_ADD, fd, events, fd, 0));
const wait = (epfd: number, most = 1) => epollWait(epfd, new Uint32Array(most * EPOLL_EVENT_WORDS), most, 0);

function regularFile(): Case[] {
  using own = new Descriptors();
  const epfd = own.epoll();
  const file = own.keep(memfdCreate('regular', MFD_CLOEXEC), 'memfd_create');
  ftruncate(file, 1);
  const [silent] = own.pair();
  const set = setOf([file], file + 1);
  viaSelect(file + 1, set, null);
  return [
    {
      condition: '',
      measured: {
        errnoOfAdd: figure('errno', {
          'epoll_ctl, to read': add(epfd, file),
          'epoll_ctl, to write': add(epfd, file, EPOLLOUT),
        }),
        readyBySelectAndPoll: figure('descriptors', {
          select: leftIn(set, [file]).length,
          poll: polled([file]).length,
        }),
        watched: figure('descriptors', { 'lines of fdinfo': listedIn(epfd) }),
      },
      controls: [
        control('adding a socket fails with', 0, 'epoll_ctl', add(epfd, silent)),
        control('a silent socket is ready', 0, 'poll', polled([silent]).length),
      ],
      evidence: [],
    },
  ];
}

function closedDescriptor(): Case[] {
  using own = new Descriptors();
  const run = (duplicated: boolean) => {
    const epfd = own.epoll();
    const [fd, peer] = own.pair();
    // far from the numbers that are free, so that nobody takes it once it is closed
    const number = own.duplicate(fd, 900);
    watch(epfd, number, EPOLLIN);
    if (!duplicated) own.close(fd);
    own.close(number);
    if (duplicated) send(peer);
    return {
      listed: listedIn(epfd),
      wakes: wait(epfd),
      refused: errno(epollCtl2(epfd, EPOLL_CTL_DEL, number, 0, 0, 0)),
    };
  };
  const [ghost, gone] = [run(true), run(false)];
  return [
    {
      condition: '',
      measured: {
        watchedAfterClose: figure('descriptors', {
          'lines of fdinfo': ghost.listed,
          "epoll_wait's answer": ghost.wakes,
        }),
        errnoOfDelete: figure('errno', { epoll_ctl: ghost.refused }),
      },
      controls: [
        control('without a duplicate it is watched after close', 0, 'lines of fdinfo', gone.listed),
        control('without a duplicate it is told of', 0, 'epoll_wait', gone.wakes),
      ],
      evidence: [
        {
          instrument: 'epoll_wait',
          saw: `an event for a number that is closed, and DEL of it answers ${ghost.refused}`,
        },
      ],
    },
  ];
}

function addTwice(): Case[] {
  using own = new Descriptors();
  const epfd = own.epoll();
  const [fd, peer] = own.pair();
  const first = add(epfd, fd);
  const second = add(epfd, fd);
  const duplicate = add(epfd, own.duplicate(fd));
  send(peer);
  return [
    {
      condition: '',
      measured: {
        errnoOfSecondAdd: figure('errno', { epoll_ctl: second }),
        errnoOfAddingDuplicate: figure('errno', { epoll_ctl: duplicate }),
        eventsOfBoth: figure('events', { epoll_wait: wait(epfd, 4), 'lines of fdinfo': listedIn(epfd) }),
      },
      controls: [control('the first add fails with', 0, 'epoll_ctl', first)],
      evidence: [],
    },
  ];
}

/** The kernel's EP_MAX_NESTS is 4: that many objects may stand above the one that watches the file. */
const DEEP = 9;

function nesting(): Case[] {
  using own = new Descriptors();
  const [fd, peer] = own.pair();
  const chain = [own.epoll()];
  watch(chain[0] as number, fd, EPOLLIN);
  let refused = 0;
  while (refused === 0 && chain.length < DEEP) {
    const next = own.epoll();
    refused = add(next, chain.at(-1) as number);
    if (refused === 0) chain.push(next);
  }
  const top = chain.at(-1) as number;
  const before = wait(top);
  send(peer);
  const [a, b] = [own.epoll(), own.epoll()];
  add(a, b);
  return [
    {
      condition: '',
      measured: {
        objectsInChain: figure('epoll objects', { epoll_ctl: chain.length }),
        errnoOfTheNext: figure('errno', { epoll_ctl: refused }),
        errnoOfLoop: figure('errno', { epoll_ctl: add(b, a) }),
        readableAtTop: figure('descriptors', { epoll_wait: wait(top), poll: polled([top]).length }),
      },
      controls: [control('readable at the top before anything was sent', 0, 'epoll_wait', before)],
      evidence: [
        { instrument: 'epoll_wait', saw: `an event through ${chain.length} epoll objects, one above the other` },
      ],
    },
  ];
}

const WATCHED = 1009;

/** What each call needs of its caller for WATCHED descriptors of which one is ready. */
function bytesPerWait(): Case[] {
  using own = new Descriptors();
  const [silent] = own.pair();
  const [readable, peer] = own.pair();
  send(peer);
  const fds = [own.duplicate(readable), ...own.duplicates(silent, WATCHED - 1)];
  const nfds = Math.max(...fds) + 1;
  const set = setOf(fds, nfds);
  const array = new Uint8Array(records(fds).buffer);
  const epfd = own.epoll();
  for (const fd of fds) watch(epfd, fd, EPOLLIN);
  const most = 64;
  const needed = (bytes: Uint8Array, step: number, call: (memory: Uint8Array<ArrayBuffer>) => number) =>
    bytesNeeded(bytes.length, step, (memory, there) => {
      memory.set(bytes.subarray(0, there));
      return call(memory);
    });
  const bySelect = needed(set, 8, (memory) => select(nfds, memory, null, null, 0));
  const byPoll = needed(array, 4, (memory) => poll(memory, WATCHED, 0));
  const byEpoll = needed(new Uint8Array(most * EPOLL_EVENT_WORDS * 4), 4, (memory) => epollWait(epfd, memory, most, 0));
  return [
    {
      condition: '',
      measured: {
        selectBytes: figure('bytes', { 'EFAULT at an edge': bySelect }),
        pollBytes: figure('bytes', { 'EFAULT at an edge': byPoll }),
        epollBytes: figure('bytes', { 'EFAULT at an edge': byEpoll }),
        setIsWholeWordsToHighest: figure('bytes', { 'EFAULT at an edge': bySelect - bitmapBytes(nfds) }),
        pollBytesPerDescriptor: figure('bytes', {
          'EFAULT at an edge': byPoll / WATCHED,
          'layout in C': POLLFD_WORDS * 4,
        }),
        epollBytesPerReady: figure('bytes', { 'EFAULT at an edge': byEpoll, 'layout in C': EPOLL_EVENT_WORDS * 4 }),
      },
      controls: [
        control('ready, by poll', 1, 'poll', poll(records(fds), WATCHED, 0)),
        control('ready, by select', 1, 'select', viaSelect(nfds, set.slice(), null)),
        control('ready, by epoll', 1, 'epoll_wait', wait(epfd, most)),
        control('watched by epoll', WATCHED, 'lines of fdinfo', listedIn(epfd)),
      ],
      evidence: [
        {
          instrument: 'EFAULT at an edge',
          saw: `one wait on ${WATCHED}: select ${bySelect}, poll ${byPoll}, epoll ${byEpoll} bytes`,
        },
      ],
    },
  ];
}

export const epollRuleClaims: readonly ClaimDefinition[] = [
  {
    id: 'epoll-regular-file',
    statement: {
      en: 'A regular file cannot be watched with epoll (EPERM); select and poll always call it ready.',
      zh: '普通文件不能用 epoll 监控（EPERM）；而 select 和 poll 总是报告它就绪。',
    },
    source: 'epoll_ctl(2), select(2)',
    scope: 'a regular file in memory (memfd), a UNIX socket beside it',
    expected: { errnoOfAdd: EPERM, readyBySelectAndPoll: 1 },
    recorded: 'holds',
    judge: regularFile,
  },
  {
    id: 'epoll-closed-descriptor',
    statement: {
      en: 'Closing a descriptor takes it out of all epoll objects.',
      zh: '关闭一个描述符，就会把它从所有 epoll 对象中移除。',
    },
    source: 'widespread; epoll(7), “Questions and answers”, says when it is not so',
    scope: 'one UNIX socket, registered by one number; another number for the same socket stays open',
    expected: { watchedAfterClose: 0 },
    recorded: 'fails',
    note: {
      en: 'It holds where no duplicate is left (dup, fork, SCM_RIGHTS): what is registered is the open file, under a number.',
      zh: '仅当没有其他副本（dup、fork、SCM_RIGHTS）时成立：登记的是打开的文件，编号只是键的一部分。',
    },
    judge: closedDescriptor,
  },
  {
    id: 'epoll-add-twice',
    statement: {
      en: 'A descriptor can be added to an epoll object once only (EEXIST); a duplicate of it counts as another.',
      zh: '同一个描述符只能加入 epoll 对象一次（EEXIST）；它的副本（dup）则算另一个。',
    },
    source: 'epoll_ctl(2); epoll(7), “Questions and answers”',
    scope: 'one epoll object, one UNIX socket under two numbers',
    expected: { errnoOfSecondAdd: EEXIST, errnoOfAddingDuplicate: 0, eventsOfBoth: 2 },
    recorded: 'holds',
    judge: addTwice,
  },
  {
    id: 'epoll-nesting',
    statement: {
      en: 'An epoll object can be watched itself, five deep at most; a sixth, or a circle, is refused (ELOOP).',
      zh: 'epoll 对象本身也可以被监控，最多嵌套五层；第六层或成环会被拒绝（ELOOP）。',
    },
    source: 'epoll_ctl(2), ELOOP; epoll(7)',
    scope: 'epoll objects one above the other over one UNIX socket',
    expected: { objectsInChain: 5, errnoOfTheNext: ELOOP, errnoOfLoop: ELOOP, readableAtTop: 1 },
    recorded: 'holds',
    judge: nesting,
  },
  {
    id: 'epoll-passes-nothing-in',
    statement: {
      en: 'select and poll pass the whole set to the kernel at each call; epoll_wait passes none of it, only events out.',
      zh: 'select 和 poll 每次调用都要把整个集合传给内核；epoll_wait 不传入集合，只传出就绪的事件。',
    },
    source: 'xiaolincoder CS-Base, selete_poll_epoll.md; notes, section 3',
    scope: `one wait on ${WATCHED} descriptors of which one is ready`,
    expected: { pollBytesPerDescriptor: 8, setIsWholeWordsToHighest: 0, epollBytesPerReady: EPOLL_EVENT_WORDS * 4 },
    recorded: 'holds',
    note: {
      en: 'The interest is in the kernel, put there by one epoll_ctl for each change: a call that select and poll do not need.',
      zh: '关注集合保存在内核里，每次变更需要一次 epoll_ctl——这是 select 和 poll 不需要的调用。',
    },
    judge: bytesPerWait,
  },
];

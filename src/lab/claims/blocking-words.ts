/** What the notes' pairs of words mean in calls: blocking and not, synchronous and not. */
import { constants } from 'node:os';
import { rusage } from '../../probe/rusage.ts';
import { EPOLL_EVENT_WORDS, EPOLLIN, epollWait } from '../../sys/epoll.ts';
import { fionread, read } from '../../sys/fd.ts';
import { poll, ppoll } from '../../sys/poll.ts';
import { MSG_DONTWAIT, recv, send } from '../../sys/socket.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import { control, Descriptors, errno, figure, watch } from './readiness.ts';
import { polled, records } from './readiness-sets.ts';

const { EAGAIN } = constants.errno;
/** Primes: how many calls, and how many bytes. */
const CALLS = 23;
const LENGTH = 101;

/** The fewest of a few windows: the runtime's own helpers may make the main thread wait for them. */
function fewestSwitches(work: () => void): number {
  const counter = rusage('thread').open();
  let fewest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 7; i++) {
    counter.begin();
    work();
    counter.end();
    fewest = Math.min(fewest, counter.difference().voluntarySwitches ?? Number.NaN);
  }
  counter.close();
  return fewest;
}

const NOBODY = new Int32Array(2);

function nonblocking(): Case[] {
  using own = new Descriptors();
  const [silent] = own.pair();
  const byte = new Uint8Array(1);
  const asked = records([silent]);
  const repeat = (call: () => unknown) => () => {
    for (let i = 0; i < CALLS; i++) call();
  };
  const receive = () => recv(silent, byte, 1, MSG_DONTWAIT);
  return [
    {
      condition: '',
      measured: {
        errnoOfReceive: figure('errno', { recv: errno(receive()) }),
        switchesOfReceives: figure('voluntary switches', { getrusage: fewestSwitches(repeat(receive)) }),
        switchesOfPolls: figure('voluntary switches', { getrusage: fewestSwitches(repeat(() => poll(asked, 1, 0))) }),
      },
      controls: [
        control(
          `switches of ${CALLS} calls that do wait (ppoll of nothing, 50 us)`,
          CALLS,
          'getrusage',
          fewestSwitches(repeat(() => ppoll(NOBODY, 0, 50_000n, null))),
        ),
      ],
      evidence: [{ instrument: 'getrusage', saw: `${CALLS} calls of each kind a window, the fewest of 7 windows` }],
    },
  ];
}

function readinessIsNotData(): Case[] {
  using own = new Descriptors();
  const [fd, peer] = own.pair();
  const epfd = own.epoll();
  watch(epfd, fd, EPOLLIN);
  const buffer = new Uint8Array(LENGTH);
  const arrived = () => buffer.filter((byte) => byte !== 0).length;
  const idle = epollWait(epfd, new Uint32Array(EPOLL_EVENT_WORDS), 1, 0);
  send(peer, new Uint8Array(LENGTH).fill(0x69), LENGTH, 0);
  const told = epollWait(epfd, new Uint32Array(EPOLL_EVENT_WORDS), 1, 0);
  const delivered = { compared: arrived(), queue: LENGTH - fionread(fd) };
  const fetched = read(fd, buffer);
  return [
    {
      condition: '',
      measured: {
        bytesDeliveredWhenTold: figure('bytes', { 'bytes compared': delivered.compared, FIONREAD: delivered.queue }),
        bytesFetchedByTheCaller: figure('bytes', { read: fetched, 'bytes compared': arrived() }),
      },
      controls: [
        control('events before anything was sent', 0, 'epoll_wait', idle),
        control('events after', 1, 'epoll_wait', told),
        control('readable once it was fetched', 0, 'poll', polled([fd]).length),
      ],
      evidence: [],
    },
  ];
}

export const blockingWordClaims: readonly ClaimDefinition[] = [
  {
    id: 'nonblocking-returns-at-once',
    statement: {
      en: 'A non-blocking call returns at once when nothing is there (EAGAIN): its thread is not suspended.',
      zh: '非阻塞调用在没有数据时立即返回（EAGAIN），调用线程不会被挂起。',
    },
    source: 'notes, section 3 (阻塞非阻塞 等待结果返回调用方的状态)',
    scope: `${CALLS} calls of the main thread on a UNIX socket without data`,
    expected: { errnoOfReceive: EAGAIN, switchesOfReceives: 0, switchesOfPolls: 0 },
    recorded: 'holds',
    judge: nonblocking,
  },
  {
    id: 'reactor-is-asynchronous',
    statement: {
      en: 'The reactor (epoll) is asynchronous I/O: when the caller is told, the result is in its memory.',
      zh: 'reactor 模式（epoll）是异步 IO：调用方得到通知时，结果已经在它的内存中。',
    },
    source: 'notes, section 2 (反应器模式 高效的异步io操作), by the definition in section 3',
    scope: `one message of ${LENGTH} bytes on a UNIX socket, one epoll_wait`,
    expected: { bytesDeliveredWhenTold: LENGTH },
    recorded: 'fails',
    note: {
      en: 'By the notes’ own definition (does the caller fetch the result itself?) it is synchronous: told is readiness, and read(2) copies. Asynchronous would be io_uring, or the proactor pattern.',
      zh: '按笔记自己的定义（调用方是否主动获取结果），它是同步的：通知的只是就绪，数据仍要由 read(2) 拷贝。异步的是 io_uring 或 proactor 模式。',
    },
    judge: readinessIsNotData,
  },
];

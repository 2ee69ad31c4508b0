/** What is said of blocking against non-blocking, and of synchronous against asynchronous. */
import fs from 'node:fs';
import { constants } from 'node:os';
import { Epoll } from '../../io/epoll.ts';
import type { Fd } from '../../io/fd.ts';
import { File } from '../../io/file.ts';
import { Mapping, PAGE_SIZE } from '../../io/mapping.ts';
import { Pipe } from '../../io/pipe.ts';
import { Socket } from '../../io/socket.ts';
import { rusage } from '../../probe/rusage.ts';
import { fionread, O_NONBLOCK, O_RDONLY, preadv2, RWF_NOWAIT, read } from '../../sys/fd.ts';
import { POLLFD_WORDS, POLLIN, poll, setPollFd } from '../../sys/poll.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import { coldFile, cool, diskBytes } from './memory-cache.ts';
import { control, figure } from './readiness.ts';
import { kernelTouches, type Touched } from './readiness-memory.ts';

const { EAGAIN } = constants.errno;
const TIMES = 23;

/** How often this thread gave up its CPU of its own accord while `work` ran. */
function sleeps(work: () => void): number {
  const usage = rusage('thread').open();
  usage.begin();
  work();
  usage.end();
  const { voluntarySwitches = Number.NaN } = usage.difference();
  usage.close();
  return voluntarySwitches;
}

function eagain(): Case[] {
  const [ours, peer] = Socket.pair();
  try {
    const buffer = new Uint8Array(TIMES);
    let refused = 0;
    const slept = sleeps(() => {
      for (let i = 0; i < TIMES; i++) if (read(ours.fd, buffer) === -EAGAIN) refused++;
    });
    let empty = 0;
    for (let i = 0; i < TIMES; i++) if (ours.recv(buffer) === undefined) empty++;
    peer.send(buffer);
    return [
      {
        condition: '',
        measured: {
          answeredEagain: figure(`of ${TIMES} reads`, { 'read(2)': refused, 'recv(2)': empty }),
          sleeps: figure('voluntary context switches', { 'getrusage (thread)': slept }),
        },
        controls: [control('with data there it reads them', TIMES, 'read(2)', read(ours.fd, buffer))],
        evidence: [{ instrument: 'read(2)', saw: `nothing to read: ${refused} of ${TIMES} answered EAGAIN` }],
      },
    ];
  } finally {
    ours.close();
    peer.close();
  }
}

/** What `poll(2)` says of it: 1 if it is readable. */
function pollReadable(fd: number): number {
  const record = new Int32Array(POLLFD_WORDS);
  setPollFd(record, 0, fd, POLLIN);
  return poll(record, 1, 0);
}

/** Reads where nothing is at hand: does the call come back at once (1), or wait (0)? */
function atOnce(condition: string, fd: number): Case {
  const buffer = new Uint8Array(PAGE_SIZE);
  const readable = pollReadable(fd);
  let result = 0;
  let disk: Record<string, number> = {};
  const slept = sleeps(() => {
    disk = diskBytes(() => {
      result = read(fd, buffer);
    });
  });
  return {
    condition,
    measured: {
      answersAtOnce: figure('1: EAGAIN; 0: it waited', {
        'read(2)': Number(result === -EAGAIN),
        // what came from a disk was waited for
        'bytes from the disk': Number(disk['getrusage (thread)'] === 0),
      }),
      pollSaysReadable: figure('1: yes', { 'poll(2)': readable }),
      diskBytes: figure('bytes', disk),
      sleeps: figure('voluntary context switches', { 'getrusage (thread)': slept }),
    },
    controls: [],
    evidence: [
      { instrument: 'poll(2)', saw: readable === 1 ? 'said that it was readable' : 'said that it was not readable' },
      { instrument: 'read(2)', saw: `answered ${result}` },
    ],
  };
}

function nonblock(): Case[] {
  const [ours, peer] = Socket.pair();
  using pipe = Pipe.open();
  using file = coldFile(1);
  using reopened = File.open(`/proc/self/fd/${file.fd}`, O_RDONLY | O_NONBLOCK);
  try {
    return [
      atOnce('an empty socket', ours.fd),
      atOnce('an empty pipe', pipe.readEnd.fd),
      atOnce('a file that is not in the page cache', reopened.fd),
    ];
  } finally {
    ours.close();
    peer.close();
  }
}

const ROUNDS = 5;

function nowait(): Case[] {
  using file = coldFile(1);
  const buffer = new Uint8Array(PAGE_SIZE);
  const ask = () => preadv2(file.fd, [buffer], 0, RWF_NOWAIT);
  let cold = 0;
  let disk: Record<string, number> = {};
  // it starts the reading all the same: a thread that loses its CPU in the middle may find the page there
  for (let round = 0; round < ROUNDS && cold !== -EAGAIN; round++) {
    cool(file);
    disk = diskBytes(() => {
      cold = ask();
    });
  }
  const ordinary = file.pread(buffer, 0);
  const warm = ask();
  return [
    {
      condition: '',
      measured: {
        cold: figure('result', { 'preadv2(2)': cold }),
        warm: figure('result', { 'preadv2(2)': warm }),
        diskBytesStarted: figure('bytes', disk),
      },
      controls: [control('an ordinary read waits, and gets the page', PAGE_SIZE, 'pread(2)', ordinary)],
      evidence: [
        { instrument: 'preadv2(2)', saw: `cold ${cold}, warm ${warm}` },
        {
          instrument: 'getrusage (thread)',
          saw: `while it answered ${cold}, it had ${disk['getrusage (thread)']} bytes fetched for the next one who asks`,
        },
      ],
    },
  ];
}

const SENT = Buffer.alloc(TIMES, 'd');

/** Bytes of `SENT` in this memory. */
const arrived = (memory: Mapping): number => {
  const now = Buffer.alloc(TIMES);
  memory.read(0, now);
  return now.filter((byte, i) => byte === SENT[i]).length;
};

/** As {@link kernelTouches}, and the work is done in any case. */
function watched(address: number, work: () => void): Touched {
  const touched = kernelTouches(address, work);
  if (typeof touched.writes !== 'number') work();
  return touched;
}

async function readinessOnly(): Promise<Case[]> {
  const [ours, peer] = Socket.pair();
  using epoll = Epoll.open<Fd>();
  using memory = Mapping.anonymous(PAGE_SIZE);
  memory.lock();
  epoll.add(ours, { in: true }, ours);
  try {
    peer.send(SENT);
    let told = 0;
    const touched = watched(memory.address, () => {
      told = epoll.wait(0);
    });
    const delivered = arrived(memory);
    const queued = fionread(ours.fd);
    const byRead = watched(memory.address, () => {
      read(ours.fd, memory.address, TIMES);
    });
    const after = arrived(memory);
    const measured = {
      bytesWhenTold: figure('bytes', { 'the buffer': delivered, FIONREAD: TIMES - queued }),
      touchesOfTheWait: figure('touches', { watchpoint: touched.writes }),
      touchesOfTheRead: figure('touches', { watchpoint: byRead.writes }),
    };
    return [
      {
        condition: 'a selector that tells of readiness',
        measured,
        controls: [
          control('the selector told of the socket', 1, 'epoll_wait', told),
          control('the caller’s own read fetches them', TIMES, 'the buffer', after),
        ],
        evidence: [
          { instrument: 'FIONREAD', saw: `when epoll_wait told of it, ${queued} bytes were still in the socket` },
          {
            instrument: 'watchpoint',
            saw: `written by ${byRead.chains[0]?.slice(0, 3).join(' < ') ?? 'whom is not known'}, in read(2)`,
          },
        ],
      },
      await completion(),
    ];
  } finally {
    ours.close();
    peer.close();
  }
}

/** Somebody else reads: a thread of libuv's pool. When it tells, the bytes are there. */
async function completion(): Promise<Case> {
  using pipe = Pipe.open({ nonblock: false });
  const buffer = Buffer.alloc(TIMES);
  const told = new Promise<number>((resolve, reject) => {
    fs.read(pipe.readEnd.fd, buffer, 0, TIMES, null, (error, bytes) => (error ? reject(error) : resolve(bytes)));
  });
  fs.writeSync(pipe.writeEnd.fd, SENT);
  const bytes = await told;
  return {
    condition: 'a call with a completion (fs.read)',
    measured: {
      bytesWhenTold: figure('bytes', {
        'the buffer': buffer.filter((byte, i) => byte === SENT[i]).length,
        FIONREAD: TIMES - pipe.residue(),
      }),
    },
    controls: [control('bytes that the completion told of', TIMES, 'fs.read', bytes)],
    evidence: [{ instrument: 'the buffer', saw: 'when the callback ran, the bytes were in the buffer' }],
  };
}

export const modeClaims: readonly ClaimDefinition[] = [
  {
    id: 'nonblocking-read-answers-eagain',
    statement: {
      en: 'A non-blocking read that finds nothing comes back at once with EAGAIN, and the thread goes on.',
      zh: '非阻塞读没有数据时立即返回 EAGAIN，线程不会被挂起。',
    },
    source: 'notes, section 3 (blocking and non-blocking); read(2)',
    scope: `${TIMES} reads of an empty UNIX socket with O_NONBLOCK`,
    expected: { answeredEagain: TIMES, sleeps: 0 },
    recorded: 'holds',
    judge: eagain,
  },
  {
    id: 'nonblock-keeps-read-from-waiting',
    statement: {
      en: 'On a descriptor with O_NONBLOCK no read ever waits.',
      zh: '设置了 O_NONBLOCK 的描述符，read 从不等待。',
    },
    source: 'notes, section 3 (blocking and non-blocking); many texts on NIO',
    scope: 'one read(2) where nothing is at hand: socket, pipe, a page of a file that is not in the page cache',
    expected: { answersAtOnce: 1 },
    recorded: 'depends',
    note: {
      en: 'For regular files the flag has no meaning: poll says that they are readable always, and a read waits for the disk.',
      zh: '对普通文件这个标志没有作用：poll 总说可读，而 read 会等待磁盘。',
    },
    judge: nonblock,
  },
  {
    id: 'nowait-tells-cold-from-warm',
    statement: {
      en: 'With RWF_NOWAIT a file read does not wait either: EAGAIN if a disk is needed, the bytes if not.',
      zh: '使用 RWF_NOWAIT 读文件也不会等待：需要访问磁盘时返回 EAGAIN，否则返回数据。',
    },
    source: 'preadv2(2), RWF_NOWAIT (Linux 4.14)',
    scope: 'preadv2 of one page of an unnamed file on a disk, cold and warm',
    expected: { cold: -EAGAIN, warm: PAGE_SIZE },
    recorded: 'holds',
    judge: nowait,
  },
  {
    id: 'selector-is-asynchronous',
    statement: {
      en: 'A selector (select, poll, epoll; NIO, reactor) is asynchronous I/O: when it tells of data, they have been delivered.',
      zh: '选择器（select、poll、epoll；NIO、reactor）是异步 I/O：它通知时数据已经送达。',
    },
    source: 'notes, section 2 (“reactor: efficient asynchronous I/O”) and 3 (synchronous and asynchronous)',
    scope: `${TIMES} bytes, looked for in the caller’s buffer when it is told of them`,
    expected: { bytesWhenTold: TIMES },
    recorded: 'depends',
    note: {
      en: 'A selector tells of readiness; the copy is made by the caller’s own read, in its own time: synchronous I/O. Told of completion, by a thread pool or io_uring, the caller finds the bytes in place.',
      zh: '选择器通知的是“就绪”，拷贝由调用方自己的 read 完成，占用它自己的时间，属于同步 I/O。由线程池或 io_uring 通知“完成”时，数据才已经在缓冲区里。',
    },
    judge: readinessOnly,
  },
];

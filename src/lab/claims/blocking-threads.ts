/** What is said of a thread for each connection, and of one selector for all of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { POLLFD_WORDS, POLLIN, poll, setPollFd } from '../../sys/poll.ts';
import { ACTIVE, ALL, IDLE, MESSAGE, Selected, Threaded, until } from './blocking-connections.ts';
import { idleCpu, memory, switches, WATCHED_MS } from './blocking-cost.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import { control, figure } from './readiness.ts';

const tasks = () => readdirSync('/proc/self/task').length;
const threads = () => Number(/^Threads:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]);

async function perConnection(): Promise<Case[]> {
  // the threads of Node's own pool are there from here on
  (await Selected.open(1)).close();
  const [tasksBefore, threadsBefore] = [tasks(), threads()];
  const threaded = await Threaded.open(ALL);
  let measured: Case['measured'];
  try {
    // one thread accepts, and serves nobody
    measured = {
      threadsPerConnection: figure('threads', {
        '/proc/self/task': (tasks() - tasksBefore - 1) / ALL,
        'Threads in /proc/self/status': (threads() - threadsBefore - 1) / ALL,
        'the service': threaded.service.stats().live / ALL,
      }),
    };
  } finally {
    threaded.close();
  }
  await until('the ended threads are gone from /proc', () => tasks() <= tasksBefore);
  const left = tasks() - tasksBefore;

  using selected = await Selected.open(ALL);
  const selector = {
    threadsPerConnection: figure('threads', {
      '/proc/self/task': (tasks() - tasksBefore) / ALL,
      'Threads in /proc/self/status': (threads() - threadsBefore) / ALL,
    }),
  };
  for (const peer of selected.peers.slice(IDLE)) peer.send(MESSAGE);
  const answered = selected.turn(Buffer.alloc(MESSAGE.length));
  return [
    {
      condition: 'blocking reads',
      measured,
      controls: [control('threads left after the service was stopped', 0, '/proc/self/task', left)],
      evidence: [
        { instrument: '/proc/self/task', saw: `a thread for each of ${ALL} connections, ${ACTIVE} of them active` },
      ],
    },
    {
      condition: 'one selector',
      measured: selector,
      controls: [control('messages that it answered', ACTIVE, 'epoll_wait', answered)],
      evidence: [{ instrument: '/proc/self/task', saw: `no thread more for ${ALL} connections` }],
    },
  ];
}

async function servesOne(): Promise<Case[]> {
  using threaded = await Threaded.open(2, { most: 1 });
  const [first, second] = threaded.peers;
  if (first === undefined || second === undefined) throw new Error('two connections were opened');
  const answers = async (peer: typeof first, patience: number) => {
    await peer.readable({ timeout: patience });
    return peer.recv(Buffer.alloc(MESSAGE.length)) === undefined ? 0 : 1;
  };
  second.send(MESSAGE);
  const held = await answers(second, 50);
  const readsHeld = threaded.service.stats().reads;
  const waiting = threaded.waiting().length;
  first.send(MESSAGE);
  const own = await answers(first, 5000);
  first.close();
  const after = await answers(second, 5000);
  return [
    {
      condition: '',
      measured: {
        answeredWhileHeld: figure('messages', { 'echo received': held, 'reads of the service': readsHeld }),
        answeredAfterwards: figure('messages', { 'echo received': after }),
      },
      controls: [
        control('the connection that has the thread is answered', 1, 'echo received', own),
        control('the thread was waiting in read(2) all the same', 1, '/proc/self/task/TID/syscall', waiting),
      ],
      evidence: [
        {
          instrument: '/proc/self/task/TID/syscall',
          saw: 'the only thread waited in read(2) on the silent connection',
        },
        {
          instrument: 'echo received',
          saw: 'the other one’s message was answered when the silent connection had gone',
        },
      ],
    },
  ];
}

async function blockedInRead(): Promise<Case[]> {
  using threaded = await Threaded.open(ALL);
  await threaded.exchange(threaded.peers.slice(IDLE), MESSAGE);
  const waiting = threaded.waiting();
  const asleep = waiting.filter(({ tid }) =>
    /^State:\s*S/m.test(readFileSync(`/proc/self/task/${tid}/status`, 'latin1')),
  );
  return [
    {
      condition: '',
      measured: {
        blockedInRead: figure('threads', {
          '/proc/self/task/TID/syscall': waiting.length,
          'State in /proc/self/task/TID/status': asleep.length,
        }),
      },
      controls: [control('threads that serve a connection', ALL, 'the service', threaded.service.stats().live)],
      evidence: [{ instrument: '/proc/self/task/TID/syscall', saw: `${waiting.length} threads are inside read(2)` }],
    },
  ];
}

async function oneWait(): Promise<Case[]> {
  using selected = await Selected.open(ALL);
  const active = selected.peers.slice(IDLE);
  const records = new Int32Array(ALL * POLLFD_WORDS);
  for (const [i, { fd }] of selected.served.entries()) setPollFd(records, i, fd, POLLIN);
  const silent = selected.epoll.wait(0);
  for (const peer of active) peer.send(MESSAGE);
  const byPoll = poll(records, ALL, 0);
  const answered = selected.turn(Buffer.alloc(MESSAGE.length));
  return [
    {
      condition: '',
      measured: {
        readyInOneWait: figure('connections', { epoll_wait: answered, poll: byPoll }),
        waitsPerMessage: figure('waits', { epoll_wait: 1 / answered }),
      },
      controls: [
        control('with nobody ready', 0, 'epoll_wait', silent),
        control('with everybody answered', 0, 'epoll_wait', selected.epoll.wait(0)),
      ],
      evidence: [{ instrument: 'epoll_wait', saw: `${ALL} connections watched, ${answered} ready in one call` }],
    },
  ];
}

const NOTES = 'notes, section 2 (bio)';
const SCOPE = `${IDLE} idle and ${ACTIVE} active TCP connections over loopback, in this process`;

export const threadClaims: readonly ClaimDefinition[] = [
  {
    id: 'thread-per-connection',
    statement: {
      en: 'A server needs a thread for each connection.',
      zh: '服务器的每个连接（请求）都需要一个独立的线程。',
    },
    source: NOTES,
    scope: SCOPE,
    expected: { threadsPerConnection: 1 },
    recorded: 'depends',
    note: {
      en: 'With blocking reads it does; one thread that asks a selector serves them all.',
      zh: '用阻塞读时确实如此；用选择器时一个线程就能服务所有连接。',
    },
    judge: perConnection,
  },
  {
    id: 'blocked-thread-serves-one',
    statement: {
      en: 'A thread that blocks in read serves that one connection: others wait until it has gone.',
      zh: '阻塞在 read 上的线程只能服务这一个连接：其他连接要等它结束。',
    },
    source: NOTES,
    scope: 'two TCP connections over loopback, a blocking service with one thread',
    expected: { answeredWhileHeld: 0, answeredAfterwards: 1 },
    recorded: 'holds',
    judge: servesOne,
  },
  {
    id: 'idle-thread-blocks-in-read',
    statement: {
      en: 'The thread of a connection without data is blocked in read all the time.',
      zh: '连接没有数据可读时，它的线程会一直阻塞在 read 操作上。',
    },
    source: NOTES,
    scope: SCOPE,
    expected: { blockedInRead: ALL },
    recorded: 'holds',
    judge: blockedInRead,
  },
  {
    id: 'blocked-thread-uses-cpu',
    statement: {
      en: 'Blocked threads waste CPU time.',
      zh: '阻塞的线程浪费 CPU 时间。',
    },
    source: `${NOTES}: “a waste of thread resources”`,
    scope: `${ALL} threads blocked in read(2) for ${WATCHED_MS} ms`,
    expected: { cpuNs: { min: 1 } },
    recorded: 'fails',
    note: {
      en: 'What a blocked thread holds is memory and a place among the scheduler’s tasks; it is not run, so it uses no time.',
      zh: '阻塞的线程占用的是内存和一个任务名额；它不会被调度运行，所以不消耗 CPU 时间。',
    },
    judge: idleCpu,
  },
  {
    id: 'thread-memory',
    statement: {
      en: 'Each thread takes a megabyte of memory or more.',
      zh: '每个线程要占用一兆字节以上的内存。',
    },
    source: `${NOTES}: “many threads, many resources”; documentation of -Xss`,
    scope: `stacks of ${ALL} threads with libc’s default size, after one message each; the kernel’s own stack not included`,
    expected: { bytesPerThread: { min: 2 ** 20 } },
    recorded: 'depends',
    note: {
      en: 'The stack is address space, which costs nothing until it is touched. In use are a few pages, and 16 KiB more in the kernel.',
      zh: '栈占的是地址空间，未触及时不占内存。真正占用的只有几页，另加内核里的 16 KiB。',
    },
    judge: memory,
  },
  {
    id: 'context-switch-per-message',
    statement: {
      en: 'Each message costs the server a context switch.',
      zh: '每条消息都要让服务器付出一次上下文切换。',
    },
    source: `${NOTES}; netty and nginx documentation on event loops`,
    scope: `${ACTIVE} messages of ${MESSAGE.length} bytes, one a connection; the server’s threads only`,
    expected: { switchesPerMessage: { min: 1 } },
    recorded: 'depends',
    note: {
      en: 'These are the scheduler’s switches between threads. Each message also takes two or more system calls, which are mode switches, on either side.',
      zh: '这里数的是调度器在线程之间的切换。两种方式下每条消息都另有两次以上的系统调用，那是用户态与内核态的切换。',
    },
    judge: switches,
  },
  {
    id: 'one-wait-many-ready',
    statement: {
      en: 'A selector tells of all connections that are ready in one call.',
      zh: '选择器一次调用就能得到所有就绪的连接。',
    },
    source: 'notes, sections 2 (nio) and 3',
    scope: SCOPE,
    expected: { readyInOneWait: ACTIVE },
    recorded: 'holds',
    judge: oneWait,
  },
];

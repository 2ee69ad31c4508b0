/** What is said of waiting in a socket's queue: who sleeps, what wakes it, and in which order. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type TracepointRecord, TracepointRecorder, threadRecorder } from '../../probe/recorder.ts';
import { fionread } from '../../sys/fd.ts';
import { gettid } from '../../sys/process.ts';
import type { Case, ClaimDefinition, Reading } from './claim.ts';
import { control, figure } from './readiness.ts';
import { Sleeper } from './sleeper.ts';

/** Primes: how many messages, and of how many bytes. */
const MESSAGES = 23;
const LENGTH = 101;
const message = new Uint8Array(LENGTH).fill(0x69);

type Event = 'net/net_dev_start_xmit' | 'sched/sched_waking' | 'skb/skb_copy_datagram_iovec';
const EVENTS = ['net/net_dev_start_xmit', 'sched/sched_waking', 'skb/skb_copy_datagram_iovec'] as const;

/** What the kernel passed on the way of one message. */
interface Passed {
  /** The packet was sent, then the sleeper was woken, then it took so many bytes. */
  readonly inOrder: boolean;
  /** The call that made it runnable had the arrival of a packet in its chain, from the sender's own send(2). */
  readonly inSend: boolean;
  readonly bytesTaken: number;
  readonly chain: readonly string[];
}

function passed(all: readonly TracepointRecord<Event>[], sleeper: Sleeper, sender: number): Passed {
  const waking = all.find(
    ({ event, fields }) => event === 'sched/sched_waking' && 'pid' in fields && fields.pid === sleeper.tid,
  );
  const sent = all.find(({ event, tid }) => event === 'net/net_dev_start_xmit' && tid === sender);
  const taken = all.find(
    (one): one is TracepointRecord<'skb/skb_copy_datagram_iovec'> =>
      one.event === 'skb/skb_copy_datagram_iovec' && one.tid === sleeper.tid,
  );
  const chain = waking?.functions ?? [];
  return {
    inOrder:
      waking !== undefined &&
      sent !== undefined &&
      taken !== undefined &&
      sent.time < waking.time &&
      waking.time < taken.time,
    inSend: waking?.tid === sender && chain.some((name) => /sendto|sendmsg/.test(name)),
    bytesTaken: taken?.fields.len ?? 0,
    chain,
  };
}

/** Sends the messages one by one to the blocked thread. */
async function deliver(sleeper: Sleeper, recorder: TracepointRecorder<Event> | undefined) {
  const seen = { blocked: 0, queuedBefore: 0, passed: [] as Passed[] };
  for (let i = 0; i < MESSAGES; i++) {
    if (sleeper.isBlocked()) seen.blocked++;
    seen.queuedBefore += fionread(sleeper.fd);
    recorder?.start();
    sleeper.send(message);
    await sleeper.asleep();
    recorder?.stop();
    if (recorder !== undefined) seen.passed.push(passed(recorder.drain(), sleeper, gettid()));
  }
  return seen;
}

/** What the kernel did with a message that is not enough to wake the thread, and with the next one, which is. */
interface Halves {
  readonly queuedWhileAsleep: number;
  /** The first message's share of what the thread took, in the one read that it made. */
  readonly takenAfterwards: number;
  readonly switchesForTheFirst: number;
}

/** The thread is to be woken when two messages are there: so one can be seen in its queue while it sleeps on. */
async function inHalves(sleeper: Sleeper): Promise<Halves> {
  sleeper.wakeAt(2 * LENGTH);
  const before = { bytes: sleeper.bytes, switches: sleeper.voluntarySwitches() };
  sleeper.send(message);
  const queuedWhileAsleep = fionread(sleeper.fd);
  const switchesForTheFirst = sleeper.voluntarySwitches() - before.switches + Number(!sleeper.isBlocked());
  sleeper.send(message);
  await sleeper.asleep();
  return { queuedWhileAsleep, switchesForTheFirst, takenAfterwards: sleeper.bytes - before.bytes - LENGTH };
}

async function dataBeforeWakeup(): Promise<Case[]> {
  using sleeper = await Sleeper.start();
  const able = threadRecorder();
  using recorder = able.works
    ? TracepointRecorder.open(EVENTS, { tids: [0, sleeper.tid] }, { callchain: true, pages: 8 })
    : undefined;
  const seen = await deliver(sleeper, recorder);
  const halves = await inHalves(sleeper);
  const missing = able.works ? 0 : { missing: able.cause };
  const count = (what: (one: Passed) => boolean): Reading['value'] =>
    able.works ? seen.passed.filter(what).length : missing;
  const chain = seen.passed.find(({ inSend }) => inSend)?.chain ?? [];
  return [
    {
      condition: '',
      measured: {
        sentThenWokenThenTaken: figure('messages', { tracepoints: count(({ inOrder }) => inOrder) }),
        bytesQueuedWhileAsleep: figure('bytes', {
          FIONREAD: halves.queuedWhileAsleep,
          'what it read once woken, less the second message': halves.takenAfterwards,
        }),
        wokenWithinSend: figure('messages', { tracepoints: count(({ inSend }) => inSend) }),
      },
      controls: [
        control(
          'times it was blocked in read(2) when a message was sent',
          MESSAGES,
          '/proc/self/task/TID/syscall',
          seen.blocked,
        ),
        control('bytes in its queue before', 0, 'FIONREAD', seen.queuedBefore),
        control('times it read: each message, and two at once', MESSAGES + 1, "the thread's own count", sleeper.reads),
        control(
          'times it ran for a message that was not enough',
          0,
          '/proc/self/task/TID/status',
          halves.switchesForTheFirst,
        ),
      ],
      evidence:
        chain.length === 0 ? [] : [{ instrument: 'sched_waking', saw: chain.join(' < '), functions: [...chain] }],
    },
  ];
}

const IDLE_MS = 50;

async function blockedSleeps(): Promise<Case[]> {
  using sleeper = await Sleeper.start();
  const start = { cpu: sleeper.cpuNs(), switches: sleeper.voluntarySwitches() };
  await sleep(IDLE_MS);
  const idle = { cpu: sleeper.cpuNs(), switches: sleeper.voluntarySwitches() };
  for (let i = 0; i < MESSAGES; i++) {
    sleeper.send(message);
    await sleeper.asleep();
  }
  const end = { cpu: sleeper.cpuNs(), switches: sleeper.voluntarySwitches() };
  const schedstat = idle.cpu.schedstat - start.cpu.schedstat;
  return [
    {
      condition: '',
      measured: {
        cpuNsWhileBlocked: figure('ns', {
          "the thread's CPU clock": idle.cpu.clock - start.cpu.clock,
          schedstat: Number.isNaN(schedstat) ? { missing: 'this kernel keeps no /proc/TID/schedstat' } : schedstat,
        }),
        switchesWhileBlocked: figure('voluntary switches', {
          '/proc/self/task/TID/status': idle.switches - start.switches,
        }),
        switchesForMessages: figure('voluntary switches', {
          '/proc/self/task/TID/status': end.switches - idle.switches,
        }),
      },
      controls: [
        control('its CPU clock moves when it reads', 1, 'CPU clock', Number(end.cpu.clock > idle.cpu.clock)),
        control('times it read', MESSAGES, "the thread's own count", sleeper.reads),
      ],
      evidence: [
        {
          instrument: 'CPU clock',
          saw: `${IDLE_MS} ms blocked; then ${MESSAGES} reads took ${end.cpu.clock - idle.cpu.clock} ns of CPU`,
        },
      ],
    },
  ];
}

export const socketWakeupClaims: readonly ClaimDefinition[] = [
  {
    id: 'socket-data-before-wakeup',
    statement: {
      en: 'The data is put into the receive buffer first; then the blocked thread is taken from the socket’s wait queue and woken.',
      zh: 'CPU 先将数据写入 socket 的接收缓冲区，然后唤醒等待队列中阻塞的线程，把它放入工作队列。',
    },
    source: 'notes, section 3',
    scope: `${MESSAGES} messages of ${LENGTH} bytes over TCP loopback to a thread blocked in read(2)`,
    expected: { sentThenWokenThenTaken: MESSAGES, bytesQueuedWhileAsleep: LENGTH },
    recorded: 'holds',
    note: {
      en: 'On loopback no device interrupts: the softirq that receives the packet runs inside the sender’s send(2).',
      zh: '回环接口没有硬件中断：接收数据包的软中断就在发送方的 send(2) 内执行。',
    },
    judge: dataBeforeWakeup,
  },
  {
    id: 'socket-blocked-thread-sleeps',
    statement: {
      en: 'A thread that blocks in a read waits in the socket’s queue: no CPU time while nothing comes, one context switch a message.',
      zh: '阻塞读的线程停在 socket 的等待队列中：没有数据时不消耗 CPU 时间，每条消息发生一次上下文切换。',
    },
    source: 'notes, section 3 (wait queue of blocked threads) and section 2 (bio)',
    scope: `one thread blocked in read(2) on a TCP connection, ${IDLE_MS} ms without and then ${MESSAGES} messages`,
    expected: { cpuNsWhileBlocked: 0, switchesWhileBlocked: 0, switchesForMessages: MESSAGES },
    recorded: 'holds',
    note: {
      en: 'Context switches proper are counted here, by the scheduler; each read is two mode switches besides.',
      zh: '这里统计的是调度器意义上的上下文切换；每次 read 另有两次模式切换。',
    },
    judge: blockedSleeps,
  },
];

/** The two things that are called a context switch, side by side: what each costs, and how many there were. */
import { randomBytes } from 'node:crypto';
import { check } from '../../io/errors.ts';
import { Listener } from '../../io/listener.ts';
import { Socket } from '../../io/socket.ts';
import { rusage } from '../../probe/rusage.ts';
import { schedGetaffinity, schedSetaffinity } from '../../sys/process.ts';
import { bitmap, isSet, setBit } from '../../sys/select.ts';
import { recv, send } from '../../sys/socket.ts';
import { ThreadService } from '../thread-service.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import { control, figure } from './readiness.ts';
import { repeatedly } from './readiness-cost.ts';
import { clockNs } from './transfer-time.ts';

const TURNS = 23;
const WINDOWS = 80;
const CALLS = 200;
const BYTE = new Uint8Array(1);
/** The largest NR_CPUS of distribution kernels. */
const MOST_CPUS = 8192;

/** This thread and those that it starts on one CPU, so that a switch is a switch and no wake-up of another CPU. */
function onOneCpu<T>(work: () => T): T {
  const before = bitmap(MOST_CPUS);
  const bytes = check(schedGetaffinity(0, before), 'sched_getaffinity');
  const first = Array.from({ length: bytes * 8 }, (_, cpu) => cpu).find((cpu) => isSet(before, cpu)) ?? 0;
  const one = bitmap(first + 1);
  setBit(one, first);
  check(schedSetaffinity(0, one), 'sched_setaffinity');
  try {
    return work();
  } finally {
    check(schedSetaffinity(0, before.subarray(0, bytes)), 'sched_setaffinity');
  }
}

interface Turns {
  /** The least of many windows. */
  readonly ns: number;
  /** Context switches of this thread in {@link TURNS} turns: the fewest of many windows, since others only add. */
  readonly switches: number;
}

function measure(turn: () => void): Turns {
  const usage = rusage('thread').open();
  let ns = Number.POSITIVE_INFINITY;
  let switches = Number.POSITIVE_INFINITY;
  for (let window = 0; window < WINDOWS; window++) {
    usage.begin();
    const from = clockNs();
    for (let i = 0; i < TURNS; i++) turn();
    ns = Math.min(ns, (clockNs() - from) / TURNS);
    usage.end();
    const { voluntarySwitches = 0, involuntarySwitches = 0 } = usage.difference();
    switches = Math.min(switches, voluntarySwitches + involuntarySwitches);
  }
  usage.close();
  return { ns, switches };
}

/** A byte to another thread, which answers it: four calls, and away from this thread and back. */
function betweenThreads(): Turns {
  const name = `iolab-${randomBytes(8).toString('hex')}`;
  using listener = Listener.unix({ abstract: name });
  using service = new ThreadService(listener);
  using socket = Socket.unix();
  socket.connect({ family: 'unix', abstract: name });
  socket.nonblocking = false;
  const { fd } = socket;
  const found = measure(() => {
    check(send(fd, BYTE, 1, 0), 'send');
    check(recv(fd, BYTE, 1, 0), 'recv');
  });
  if (service.stats().live !== 1) throw new Error('the other thread has ended');
  return found;
}

/** The same four calls made by one thread. */
function withinThread(): Turns {
  const [a, b] = Socket.pair();
  try {
    return measure(() => {
      check(send(a.fd, BYTE, 1, 0), 'send');
      check(recv(b.fd, BYTE, 1, 0), 'recv');
      check(send(b.fd, BYTE, 1, 0), 'send');
      check(recv(a.fd, BYTE, 1, 0), 'recv');
    });
  } finally {
    a.close();
    b.close();
  }
}

/** gettid(2) does nothing else: what remains is the way into the kernel and out of it. */
function emptyCall(): Turns {
  const { ns, switches } = measure(() => repeatedly('gettid', CALLS));
  return { ns: ns / CALLS, switches };
}

const rounded = (value: number, unit: string) => figure(unit, { 'clock, least of many windows': Math.round(value) });

function compared(): Case[] {
  const [call, two, one] = onOneCpu(() => [emptyCall(), betweenThreads(), withinThread()] as const);
  // away and back are two
  const contextSwitch = (two.ns - one.ns) / 2;
  const perTurn = (switches: number) => figure('context switches', { getrusage: switches / TURNS });
  return [
    {
      condition: '',
      measured: {
        ratio: figure('times', { 'clock, least of many windows': Number((contextSwitch / call.ns).toFixed(1)) }),
        systemCallNs: rounded(call.ns, 'ns'),
        contextSwitchNs: rounded(contextSwitch, 'ns'),
        switchesAwayPerTurn: perTurn(two.switches),
      },
      controls: [
        control('context switches in 4600 system calls', 0, 'getrusage', call.switches),
        control('context switches in 92 calls on sockets of one thread', 0, 'getrusage', one.switches),
        // a thread that is woken may also push its waker aside: more than one is no mistake
        control(
          'context switches in 23 turns between two threads, counted up to 23',
          TURNS,
          'getrusage',
          Math.min(two.switches, TURNS),
        ),
      ],
      evidence: [
        {
          instrument: 'clock, least of many windows',
          saw: `a turn between two threads ${Math.round(two.ns)} ns, the same calls in one thread ${Math.round(one.ns)} ns, an empty call ${Math.round(call.ns)} ns`,
        },
      ],
    },
  ];
}

export const switchCostClaims: readonly ClaimDefinition[] = [
  {
    id: 'mode-switch-costs-a-context-switch',
    statement: {
      en: 'The switch from user mode to the kernel and back is a context switch, and costs as much as one.',
      zh: '用户态与内核态之间的切换就是上下文切换，开销与之相同。',
    },
    source: 'notes, section 2 (四次上下文切换); xiaolincoder CS-Base, zero_copy.md',
    scope:
      'an empty system call against a switch between two threads of one process, both on one CPU; time of the clock',
    expected: { ratio: { max: 2 } },
    recorded: 'fails',
    note: {
      en: 'Where texts count "context switches" of a system call they mean mode switches: the same thread goes on in the kernel. A context switch gives the CPU to another thread: the scheduler runs and caches cool. getrusage counts only these.',
      zh: '教材里一次系统调用的“上下文切换”其实是模式切换：同一线程进入内核继续运行。真正的上下文切换会把 CPU 交给另一个线程：要运行调度器，缓存也会变冷。getrusage 只统计后者。',
    },
    judge: compared,
  },
];

/** How the price of select(2) and poll(2) grows with what is watched, beside that of epoll. */
import { EPOLL_EVENT_WORDS, EPOLLIN } from '../../sys/epoll.ts';
import { POLLFD_WORDS, POLLIN, poll, setPollFd } from '../../sys/poll.ts';
import { bitmap, select, setBit } from '../../sys/select.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import { control, Descriptors, send, watch } from './readiness.ts';
import { type CostAt, growthExponent, nsPerCall, repeatedly, timed } from './readiness-cost.ts';

const SIZES = [64, 128, 256, 512, 1024, 2048, 4096] as const;
/** Where duplicates begin, so that the sets of select hold nothing else. */
const FIRST = 1024;
/** How many descriptors one window looks at in all: half a millisecond of it, for each size. */
const LOOKS = 4096;

/** Time of one call on n descriptors of which one is ready, for each of {@link SIZES}. */
interface Curves {
  readonly select: readonly CostAt[];
  readonly poll: readonly CostAt[];
  readonly epoll: readonly CostAt[];
  /** What the calls of the largest size answered. */
  readonly answers: readonly [select: number, poll: number];
}

function curves(): Curves {
  using own = new Descriptors();
  const [silent] = own.pair();
  const [readable, peer] = own.pair();
  send(peer);
  const ready = own.duplicate(readable, FIRST);
  const fds = [ready, ...own.duplicates(silent, (SIZES.at(-1) ?? 0) - 1, FIRST)];
  const epfd = own.epoll();
  const events = new Uint32Array(EPOLL_EVENT_WORDS);
  const records = new Int32Array(fds.length * POLLFD_WORDS);
  for (const [i, fd] of fds.entries()) setPollFd(records, i, fd, POLLIN);
  const found = { select: [] as CostAt[], poll: [] as CostAt[], epoll: [] as CostAt[] };
  let answers: [number, number] = [-1, -1];
  let watched = 0;
  for (const n of SIZES) {
    const times = Math.ceil(LOOKS / n);
    const nfds = Math.max(...fds.slice(0, n)) + 1;
    const wanted = bitmap(nfds);
    for (const fd of fds.slice(0, n)) setBit(wanted, fd);
    const set = wanted.slice();
    // the set has to be filled again for each call: that is part of the price
    const selecting = () => {
      set.set(wanted);
      return select(nfds, set, null, null, 0);
    };
    const bySelect = nsPerCall(times, () => {
      for (let i = 0; i < times; i++) selecting();
    });
    found.select.push([n, bySelect]);
    found.poll.push([n, nsPerCall(times, () => repeatedly('poll', times, records, n, 0))]);
    for (; watched < n; watched++) watch(epfd, fds[watched] as number, EPOLLIN);
    found.epoll.push([n, nsPerCall(64, () => repeatedly('epollWait', 64, epfd, events, 1, 0))]);
    answers = [selecting(), poll(records, n, 0)];
  }
  return { ...found, answers };
}

const lastDoubling = (curve: readonly CostAt[]): number =>
  (curve.at(-1)?.[1] ?? Number.NaN) / (curve.at(-2)?.[1] ?? Number.NaN);
const shown = (curve: readonly CostAt[]): string => curve.map(([n, ns]) => `${n}: ${Math.round(ns)} ns`).join(', ');

function growth(): Case[] {
  const found = curves();
  return [
    {
      condition: '',
      measured: {
        selectExponent: timed('exponent', growthExponent(found.select)),
        pollExponent: timed('exponent', growthExponent(found.poll)),
        epollExponent: timed('exponent', growthExponent(found.epoll)),
        selectLastDoubling: timed('times', lastDoubling(found.select)),
        pollLastDoubling: timed('times', lastDoubling(found.poll)),
      },
      controls: [
        control('reported at the largest size', 1, 'select', found.answers[0]),
        control('reported at the largest size', 1, 'poll', found.answers[1]),
      ],
      evidence: (['select', 'poll', 'epoll'] as const).map((call) => ({
        instrument: 'clock',
        saw: `${call}, one ready of n: ${shown(found[call])}`,
      })),
    },
  ];
}

const SCOPE = `time of one call that does not wait; ${SIZES[0]} to ${SIZES.at(-1)} descriptors of one silent socket and a readable one`;
const EXPONENT = {
  en: 'The exponent is the slope of log(cost) over log(n): 1 is linear, 2 quadratic; an exponential is steeper than any.',
  zh: '指数是 log(开销) 对 log(n) 的斜率：1 为线性，2 为平方；指数级增长比任何固定斜率都陡。',
} as const;

export const costClaims: readonly ClaimDefinition[] = [
  {
    id: 'select-poll-cost-linear',
    statement: {
      en: 'The cost of a select or poll grows linearly with how many descriptors are watched.',
      zh: 'select 和 poll 的开销随所监控的描述符数量线性增长，时间复杂度为 O(n)。',
    },
    source: 'xiaolincoder CS-Base, selete_poll_epoll.md; Kerrisk, The Linux Programming Interface, 63.2.5',
    scope: SCOPE,
    expected: { selectExponent: { min: 0.6, max: 1.4 }, pollExponent: { min: 0.6, max: 1.4 } },
    recorded: 'holds',
    note: EXPONENT,
    judge: growth,
  },
  {
    id: 'select-poll-cost-exponential',
    statement: {
      en: 'As connections increase, the cost of select and poll grows exponentially.',
      zh: '随着并发数上来，select 和 poll 的性能损耗会呈指数级增长。',
    },
    source: 'xiaolincoder CS-Base, selete_poll_epoll.md',
    scope: SCOPE,
    expected: { selectExponent: { min: 2 }, pollExponent: { min: 2 } },
    recorded: 'fails',
    note: EXPONENT,
    judge: growth,
  },
];

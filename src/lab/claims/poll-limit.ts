/** What is said of poll(2): that it has no limit of 1024, and leaves alone what it was asked. */
import { constants } from 'node:os';
import { layout, offsetOf } from '../../native.ts';
import { poll, ppoll } from '../../sys/poll.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import { control, Descriptors, errno, figure, nofile, send, withNofile } from './readiness.ts';
import { count, records, SCOPE } from './readiness-sets.ts';

const { EINVAL } = constants.errno;
const RECORD = layout('pollfd');
const REVENTS = offsetOf(RECORD, 'revents');

/** Primes: so many are watched, and so many of them are ready. */
const WATCHED = 5003;
const READY = 23;
/** The first number beyond what libc's fd_set has room for. */
const BEYOND = 1024;
const LIMIT = 6007;

/** `READY` of `WATCHED` descriptors are readable: every 211th or so. */
function many(own: Descriptors): { fds: number[]; silent: number[] } {
  const [readable, peer] = own.pair();
  const [quiet] = own.pair();
  send(peer);
  const silent = own.duplicates(quiet, WATCHED, BEYOND);
  const ready = own.duplicates(readable, READY, BEYOND);
  const fds = [...silent];
  for (const [i, fd] of ready.entries()) fds[i * Math.floor(WATCHED / READY)] = fd;
  return { fds, silent };
}

function noLimit(): Case[] {
  using own = new Descriptors();
  const { fds, silent } = many(own);
  const [one, other] = [records(fds), records(fds)];
  const answer = poll(one, WATCHED, 0);
  const byPpoll = ppoll(other, WATCHED, 0, null);
  const passedOver = records(new Array(LIMIT + 1).fill(-1));
  const [at = -1, above = -1] = withNofile(LIMIT, () => [poll(passedOver, LIMIT, 0), poll(passedOver, LIMIT + 1, 0)]);
  return [
    {
      condition: '',
      measured: {
        watchedAtOnce: figure('descriptors', {
          poll: answer < 0 ? answer : WATCHED,
          ppoll: byPpoll < 0 ? byPpoll : WATCHED,
        }),
        reported: figure('descriptors', { poll: answer, ppoll: byPpoll, 'revents that are set': count(one) }),
        errnoAtLimit: figure('errno', { poll: errno(at) }),
        errnoAboveLimit: figure('errno', { poll: errno(above) }),
        softLimit: figure('descriptors', { 'prlimit(RLIMIT_NOFILE)': nofile() }),
      },
      controls: [control('of as many silent ones are reported', 0, 'poll', poll(records(silent), WATCHED, 0))],
      evidence: [
        {
          instrument: 'poll',
          saw: `${answer} of ${WATCHED} ready; with RLIMIT_NOFILE set to ${LIMIT} it took ${LIMIT} records and refused ${LIMIT + 1}`,
        },
      ],
    },
  ];
}

function keepsEvents(): Case[] {
  using own = new Descriptors();
  const { fds } = many(own);
  const all = records(fds);
  const before = new Uint8Array(all.buffer).slice();
  const first = poll(all, WATCHED, 0);
  const set = count(all);
  const after = new Uint8Array(all.buffer);
  const isInput = (at: number) => at % RECORD.size < REVENTS;
  const altered = after.filter((byte, at) => isInput(at) && byte !== before[at]).length;
  const second = poll(all, WATCHED, 0);
  return [
    {
      condition: '',
      measured: {
        inputBytesAltered: figure('bytes', { 'bytes compared': altered }),
        reported: figure('descriptors', { poll: first, 'revents that are set': set }),
        reportedWithoutRefill: figure('descriptors', { poll: second, 'revents that are set': count(all) }),
      },
      controls: [
        control(
          'records in which a byte of revents was altered',
          READY,
          'bytes compared',
          fds.filter((_fd, i) => after[i * RECORD.size + REVENTS] !== before[i * RECORD.size + REVENTS]).length,
        ),
      ],
      evidence: [],
    },
  ];
}

export const pollLimitClaims: readonly ClaimDefinition[] = [
  {
    id: 'poll-no-limit-1024',
    statement: {
      en: 'poll has no limit of 1024 descriptors; what bounds it is the limit of open files, RLIMIT_NOFILE.',
      zh: 'poll 没有 1024 个文件描述符的限制，它只受系统文件描述符上限（RLIMIT_NOFILE）的限制。',
    },
    source: 'xiaolincoder CS-Base, selete_poll_epoll.md; poll(2)',
    scope: SCOPE,
    expected: { watchedAtOnce: { min: 1025 }, reported: READY, errnoAtLimit: 0, errnoAboveLimit: EINVAL },
    recorded: 'holds',
    note: {
      en: 'The limit counts records, also those with a negative descriptor, which are passed over.',
      zh: '限制的是记录条数，负描述符（会被跳过）的记录也计算在内。',
    },
    judge: noLimit,
  },
  {
    id: 'poll-keeps-events',
    statement: {
      en: 'poll leaves what was asked for as it was (the answer has a field of its own), so the array is filled once.',
      zh: 'poll 不会破坏传入的关注事件（结果写在单独的 revents 字段），因此数组只需填充一次。',
    },
    source: 'poll(2)',
    scope: `${SCOPE}; ${WATCHED} records of which ${READY} are ready`,
    expected: { inputBytesAltered: 0, reported: READY, reportedWithoutRefill: READY },
    recorded: 'holds',
    judge: keepsEvents,
  },
];

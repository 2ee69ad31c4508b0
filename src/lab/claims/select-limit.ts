/** What is said of the limit of select(2), and of its sets being its answer. */
import { constants } from 'node:os';
import { F_DUPFD_CLOEXEC, fcntl, read } from '../../sys/fd.ts';
import { FD_SETSIZE, isSet } from '../../sys/select.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import { control, Descriptors, errno, figure, nofile, send } from './readiness.ts';
import { leftIn, polled, SCOPE, type Select, setOf, viaPselect6, viaSelect } from './readiness-sets.ts';

const { EBADF, EINVAL } = constants.errno;

/** Prime, and more than libc's type has room for. */
const MEMBERS = 1031;
const FIRST = 5000;

function limit1024(): Case[] {
  using own = new Descriptors();
  const [readable, peer] = own.pair();
  const [silent] = own.pair();
  send(peer);
  const quiet = own.duplicate(silent, FIRST - 1);
  const ready = own.duplicates(readable, MEMBERS, FIRST);
  const nfds = Math.max(...ready) + 1;
  const members = [quiet, ...ready];
  const reported = (call: Select) => {
    const set = setOf(members, nfds);
    return { answer: call(nfds, set, null), left: leftIn(set, members) };
  };
  const [one, other, byPoll] = [reported(viaSelect), reported(viaPselect6), polled(members)];
  const closed = own.duplicate(silent, nfds);
  own.close(closed);
  return [
    {
      condition: '',
      measured: {
        watchedAtOnce: figure('descriptors', { select: one.answer, pselect6: other.answer, poll: byPoll.length }),
        highestReported: figure('descriptor number', {
          select: Math.max(...one.left),
          pselect6: Math.max(...other.left),
          poll: Math.max(...byPoll),
        }),
      },
      controls: [
        control(
          'a silent descriptor above 1023 is reported so many times',
          0,
          'select',
          Number(one.left.includes(quiet)),
        ),
        control(
          'a closed descriptor above 1023 is noticed (EBADF)',
          EBADF,
          'select',
          errno(viaSelect(closed + 1, setOf([closed], closed + 1), null)),
        ),
      ],
      evidence: [
        {
          instrument: 'select',
          saw: `${one.answer} ready descriptors in one call, numbered ${Math.min(...one.left)} to ${Math.max(...one.left)}`,
        },
        { instrument: 'C headers', saw: `FD_SETSIZE, the bits of libc's fd_set, is ${FD_SETSIZE}` },
      ],
    },
  ];
}

/** Tables of open files are doubled as numbers grow: up to here that is cheap. */
const ENOUGH = 65_536;

function limitIsKernels(): Case[] {
  using own = new Descriptors();
  const [readable, peer] = own.pair();
  send(peer);
  const limit = nofile();
  const highest = own.duplicate(readable, Math.min(limit, ENOUGH) - 1);
  const nfds = highest + 1;
  const sees = (call: Select) => {
    const set = setOf([highest], nfds);
    return call(nfds, set, null) === 1 && isSet(set, highest) ? highest : -1;
  };
  return [
    {
      condition: '',
      measured: {
        highestWatched: figure('descriptor number', { select: sees(viaSelect), pselect6: sees(viaPselect6) }),
        fdSetSize: figure('descriptors', { 'C headers': FD_SETSIZE }),
        softLimit: figure('descriptors', { 'prlimit(RLIMIT_NOFILE)': limit }),
      },
      controls: [
        control(
          'a number at RLIMIT_NOFILE cannot be had at all (EINVAL)',
          EINVAL,
          'fcntl(F_DUPFD)',
          errno(fcntl(readable, F_DUPFD_CLOEXEC, limit)),
        ),
      ],
      evidence: [
        { instrument: 'select', saw: `descriptor ${highest} was watched; the process may have numbers below ${limit}` },
      ],
    },
  ];
}

function overwritten(): Case[] {
  using own = new Descriptors();
  const pairs = Array.from({ length: 7 }, () => own.pair());
  const members = pairs.map(([fd]) => fd);
  const peers = pairs.map(([, peer]) => peer);
  const nfds = Math.max(...members) + 1;
  for (const peer of peers.slice(0, 3)) send(peer);
  const set = setOf(members, nfds);
  const first = viaSelect(nfds, set, null);
  const kept = leftIn(set, members);
  for (const fd of kept) read(fd, new Uint8Array(1));
  const second = viaSelect(nfds, set, null);
  const keptAtTimeout = leftIn(set, members).length;
  send(peers[4] as number);
  const without = viaSelect(nfds, set, null);
  const refilled = viaSelect(nfds, setOf(members, nfds), null);
  return [
    {
      condition: '',
      measured: {
        leftOfSeven: figure('members', { "select's answer": first, 'bits in the set': kept.length }),
        leftAtTimeout: figure('members', { "select's answer": second, 'bits in the set': keptAtTimeout }),
        seenWithoutRefill: figure('members', { "select's answer": without }),
        seenAfterRefill: figure('members', { "select's answer": refilled }),
      },
      controls: [control('poll sees what the emptied set missed', 1, 'poll', polled(members).length)],
      evidence: [],
    },
  ];
}

export const selectLimitClaims: readonly ClaimDefinition[] = [
  {
    id: 'select-limit-1024',
    statement: {
      en: 'A process can watch at most 1024 descriptors with select.',
      zh: 'select 方式下，单个进程能监控的最大文件数量是 1024。',
    },
    source: 'notes, section 3',
    scope: SCOPE,
    expected: { watchedAtOnce: { max: 1024 }, highestReported: { max: 1023 } },
    recorded: 'fails',
    note: {
      en: '1024 is FD_SETSIZE, the size of the type fd_set in libc. The system call takes a bitmap of any size.',
      zh: '1024 是 libc 中 fd_set 类型的大小（FD_SETSIZE）。系统调用本身接受任意大小的位图。',
    },
    judge: limit1024,
  },
  {
    id: 'select-limit-is-kernels',
    statement: {
      en: "The number of descriptors that select supports is limited by the kernel's FD_SETSIZE: 0 to 1023 only.",
      zh: 'select 所支持的文件描述符个数受内核中的 FD_SETSIZE 限制，只能监听 0~1023 的文件描述符。',
    },
    source: 'xiaolincoder CS-Base, selete_poll_epoll.md',
    scope: SCOPE,
    expected: { highestWatched: { max: 1023 } },
    recorded: 'fails',
    note: {
      en: 'What ends the numbers is RLIMIT_NOFILE, and that for every call that takes a descriptor, not for select.',
      zh: '真正限制描述符编号的是 RLIMIT_NOFILE，它约束所有使用描述符的调用，而不是专门约束 select。',
    },
    judge: limitIsKernels,
  },
  {
    id: 'select-overwrites-sets',
    statement: {
      en: 'select leaves only the ready descriptors in its sets, so they have to be filled again before each call.',
      zh: 'select 返回时只在集合中保留就绪的描述符，因此每次调用前都必须重新填充集合。',
    },
    source: 'select(2); xiaolincoder CS-Base, selete_poll_epoll.md',
    scope: SCOPE,
    expected: { leftOfSeven: 3, leftAtTimeout: 0, seenWithoutRefill: 0, seenAfterRefill: 1 },
    recorded: 'holds',
    judge: overwritten,
  },
];

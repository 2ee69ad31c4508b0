/** What the sets of select(2) cost: they are copied and scanned whole. */
import { constants } from 'node:os';
import { Mapping } from '../../io/mapping.ts';
import { bitmap, bitmapBytes } from '../../sys/select.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import { control, Descriptors, figure, send } from './readiness.ts';
import { nsPerCall, repeatedly, timed } from './readiness-cost.ts';
import { bytesNeeded, kernelTouches } from './readiness-memory.ts';
import { SCOPE, type Select, setOf, viaPselect6, viaSelect } from './readiness-sets.ts';

const { EBADF } = constants.errno;

const SET_FDS = 4096;

/** Bytes of a set that the kernel looks at: those in which it notices a descriptor that is not open. */
function bytesLookedAt(): number {
  const words = Array.from({ length: (2 * SET_FDS) / 64 }, (_, word) => word);
  const notices = (word: number) => {
    const bits = Array.from({ length: 64 }, (_, bit) => word * 64 + bit);
    return bits.some((fd) => viaSelect(SET_FDS, setOf([fd], 2 * SET_FDS), null) === -EBADF);
  };
  return words.filter(notices).length * 8;
}

/**
 * Bytes of a set that the kernel writes: all ones before, all zeros after, since nothing ever has an exceptional condition
 * here. For that all its descriptors have to be open, so every free number is taken for a moment.
 */
function bytesWritten(own: Descriptors, silent: number, call: Select): number {
  for (let fd = -1; fd < SET_FDS - 1; ) fd = own.duplicate(silent);
  const set = bitmap(2 * SET_FDS).fill(0xff);
  return call(SET_FDS, null, set) === 0 ? set.filter((byte) => byte !== 0xff).length : -1;
}

function copiesWholeSets(): Case[] {
  using own = new Descriptors();
  const [silent] = own.pair();
  // the kernel looks no further than its table of open files reaches
  own.duplicate(silent, 2 * SET_FDS - 1);
  const needed = bytesNeeded(bitmapBytes(SET_FDS), 8, (memory, there) => {
    memory.fill(0, 0, there);
    return viaSelect(SET_FDS, memory, null);
  });
  const lookedAt = bytesLookedAt();
  using memory = Mapping.anonymous(bitmapBytes(SET_FDS));
  memory.lock();
  const set = new Uint8Array(memory.view(), 0, bitmapBytes(SET_FDS));
  const touched = kernelTouches(memory.address + 300, () => viaSelect(SET_FDS, set, null));
  // last, since it takes all numbers there are
  const written = [viaSelect, viaPselect6].map((call) => {
    using taken = new Descriptors();
    return bytesWritten(taken, silent, call);
  });
  return [
    {
      condition: '',
      measured: {
        bytesIn: figure('bytes', { 'EFAULT at an edge': needed, 'EBADF in each word': lookedAt }),
        bytesOut: figure('bytes', { select: written[0] ?? -1, pselect6: written[1] ?? -1 }),
        copiesInOfAByte: figure('reads by the kernel', { watchpoint: touched.reads }),
        copiesOutOfAByte: figure('writes by the kernel', { watchpoint: touched.writes }),
      },
      controls: [
        control(
          'bytes needed of a set of 64 descriptors',
          8,
          'EFAULT at an edge',
          bytesNeeded(512, 8, (bytes, there) => viaSelect(64, bytes.fill(0, 0, there), null)),
        ),
      ],
      evidence: touched.chains.map((chain) => ({
        instrument: 'watchpoint',
        saw: chain.join(' < '),
        functions: [...chain],
      })),
    },
  ];
}

const HIGH = 16_383;

function costByHighest(): Case[] {
  using own = new Descriptors();
  const [low, peer] = own.pair();
  send(peer);
  const high = own.duplicate(low, HIGH);
  const cost = (fd: number) => {
    const set = setOf([fd], fd + 1);
    return nsPerCall(200, (times) => repeatedly('select', times, fd + 1, set, null, null, 0));
  };
  const ns = { low: cost(low), high: cost(high) };
  const needed = bytesNeeded(bitmapBytes(high + 1), 8, (memory, there) => {
    memory.fill(0, 0, there);
    return viaSelect(high + 1, memory, null);
  });
  return [
    {
      condition: '',
      measured: {
        bytesForOneMember: figure('bytes', { 'EFAULT at an edge': needed }),
        timesDearer: timed('times', ns.high / ns.low),
        lowNs: timed('ns', ns.low),
        highNs: timed('ns', ns.high),
      },
      controls: [
        control('members of the set of the low number', 1, 'select', viaSelect(low + 1, setOf([low], low + 1), null)),
        control(
          'members of the set of the high number',
          1,
          'select',
          viaSelect(high + 1, setOf([high], high + 1), null),
        ),
      ],
      evidence: [{ instrument: 'clock', saw: `one descriptor: ${low} or ${high}, by duplicates of the same socket` }],
    },
  ];
}

export const selectSetClaims: readonly ClaimDefinition[] = [
  {
    id: 'select-copies-whole-sets',
    statement: {
      en: 'Each select copies the whole set into the kernel, and the whole set back out: two copies a call.',
      zh: '每次调用 select 都要把整个集合拷贝进内核，返回时再整个拷贝出来：一次调用两次拷贝。',
    },
    source: 'xiaolincoder CS-Base, selete_poll_epoll.md',
    scope: `${SCOPE}; one set of ${SET_FDS} descriptors (${bitmapBytes(SET_FDS)} bytes)`,
    expected: { bytesIn: bitmapBytes(SET_FDS), bytesOut: bitmapBytes(SET_FDS) },
    recorded: 'holds',
    note: {
      en: 'Each of the three sets is copied both ways. What was not passed (null) is not.',
      zh: '三个集合各自都要来回拷贝；未传入（null）的集合不会被拷贝。',
    },
    judge: copiesWholeSets,
  },
  {
    id: 'select-cost-by-highest',
    statement: {
      en: 'The cost of select grows with the highest descriptor number, not with how many are watched.',
      zh: 'select 的开销取决于最大的描述符编号，而不是监控了多少个描述符。',
    },
    source: 'select(2), “highest-numbered file descriptor … plus 1”; docs/sys/select.md',
    scope: `${SCOPE}; one member, whose number is low or ${HIGH}`,
    expected: { bytesForOneMember: bitmapBytes(HIGH + 1), timesDearer: { min: 1.4 } },
    recorded: 'holds',
    judge: costByHighest,
  },
];

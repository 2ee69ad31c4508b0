/** What is said of the speed of zero copy: ratios of times on this machine, with the sizes at which they turn. */
import type { Evidence } from '../../model/evidence.ts';
import type { Case, ClaimDefinition, Finding } from './claim.ts';
import { control } from './readiness.ts';
import { type Arm, type Bout, timeOfTransfers } from './transfer-time.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

const CLOCK = 'clock, least of many windows';

interface Question extends Omit<Bout, 'arms'> {
  readonly condition: string;
  readonly arm: Exclude<Arm, 'read+write'>;
}

const perTransfer = (arm: string, ns: number): Finding => ({
  instrument: CLOCK,
  saw: `${arm}: ${Math.round(ns)} ns a transfer`,
});

/** Rounded: the last digits are noise. */
const ratio = (value: number): Evidence => ({ value: Number(value.toFixed(2)), unit: 'times', instrument: CLOCK });

/** How many times as long as the other path read+write takes: above 1 the other is faster. */
function gain({ condition, arm, ...bout }: Question): Case {
  const cost = timeOfTransfers({ ...bout, arms: ['read+write', arm] });
  return {
    condition,
    measured: { gain: ratio(cost['read+write'] / cost[arm]) },
    controls: [control('read+write against itself, rounded', 1, CLOCK, Math.round(cost['read+write'] / cost.again))],
    evidence: [perTransfer('read+write', cost['read+write']), perTransfer(arm, cost[arm])],
  };
}

const each = (questions: readonly Question[]) => () => questions.map(gain);

const ALWAYS: readonly Question[] = [
  { condition: 'sendfile, 1 MiB, UNIX socket', arm: 'sendfile', route: 'unix', size: MIB, whole: false },
  { condition: 'splice, 512 bytes, UNIX socket', arm: 'splice', route: 'unix', size: 512, whole: false },
  { condition: 'mmap+write, 4 KiB, TCP', arm: 'mmap+write', route: 'tcp', size: 4 * KIB, whole: false },
];

const DOUBLES: readonly Question[] = [
  { condition: "1 MiB, UNIX socket, the sender's part alone", arm: 'sendfile', route: 'unix', size: MIB, whole: false },
  { condition: '1 MiB, TCP, with a receiver that reads', arm: 'sendfile', route: 'tcp', size: MIB, whole: true },
  { condition: "4 KiB, TCP, the sender's part alone", arm: 'sendfile', route: 'tcp', size: 4 * KIB, whole: false },
];

const MMAP: readonly Question[] = [
  { condition: 'mapped for each transfer, 4 KiB', arm: 'mmap+write', route: 'tcp', size: 4 * KIB, whole: false },
  { condition: 'mapped for each transfer, 64 KiB', arm: 'mmap+write', route: 'tcp', size: 64 * KIB, whole: false },
  { condition: 'a mapping that is kept, 1 MiB', arm: 'kept mapping+write', route: 'tcp', size: MIB, whole: false },
];

const SCOPE =
  'time of one transfer in one thread, loops in C++, warm cache; on loopback the sender pays for delivery, too';

export const costClaims: readonly ClaimDefinition[] = [
  {
    id: 'zero-copy-is-always-faster',
    statement: {
      en: 'Zero copy is always faster than read and write.',
      zh: '零拷贝总是比 read + write 更快。',
    },
    source: 'the usual conclusion of articles on zero copy',
    scope: SCOPE,
    expected: { gain: { min: 1 } },
    recorded: 'depends',
    note: {
      en: 'What is saved grows with the bytes; what is added (more calls, a mapping, faults) does not. Below a few KiB the second is more.',
      zh: '省下的开销随字节数增长，而增加的开销（更多调用、建立映射、缺页）不随之增长；几 KiB 以下后者更大。',
    },
    judge: each(ALWAYS),
  },
  {
    id: 'zero-copy-at-least-doubles',
    statement: {
      en: 'Zero copy at least doubles the speed of a transfer.',
      zh: '零拷贝可以把文件传输性能提高至少一倍以上。',
    },
    source: 'xiaolincoder CS-Base, zero_copy.md; IBM, Efficient data transfer through zero copy (2.16 times at 1 GB)',
    scope: SCOPE,
    expected: { gain: { min: 2 } },
    recorded: 'depends',
    note: {
      en: 'Two copies of three or four are saved, so the most that can be gained depends on what else a transfer costs: the stack, the receiver, the calls.',
      zh: '省掉的只是几次拷贝中的两次，能提高多少取决于传输的其他开销：协议栈、接收方和系统调用。',
    },
    judge: each(DOUBLES),
  },
  {
    id: 'mmap-is-cheaper-than-read',
    statement: {
      en: 'mmap and write is cheaper than read and write, since it saves a copy.',
      zh: 'mmap + write 比 read + write 开销小，因为少一次拷贝。',
    },
    source: 'notes, section 2; xiaolincoder CS-Base, zero_copy.md',
    scope: SCOPE,
    expected: { gain: { min: 1 } },
    recorded: 'depends',
    note: {
      en: 'It saves a copy and adds a mapping, page faults and the removal of the mapping. Only where one mapping is used again and again is the saved copy all that counts.',
      zh: '它省一次拷贝，但增加了建立映射、缺页和解除映射。只有反复使用同一个映射时，才真正只剩省下的那次拷贝。',
    },
    judge: each(MMAP),
  },
];

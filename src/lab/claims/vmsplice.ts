/** What is said of pread(2) and vmsplice(2): memory of the program's own, handed on by reference. */
import { lacking } from '../../model/evidence.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import {
  aliasedShare,
  anyRoute,
  type CopyTrials,
  copyCase,
  hopsSeen,
  type Via,
  withTrials,
} from './measured-copies.ts';

const PATH = 'vmsplice';

/** `read-write` is the control: what write(2) took cannot be changed any more. */
function mayChange(trials: CopyTrials, via: Via): Case {
  const hops = trials.hops({ path: PATH, via });
  const control = trials.hops({ path: 'read-write', via });
  const into = (all: typeof hops) => {
    const hop = all.find((one) => one.hop === 'user buffer > socket');
    return hop === undefined ? lacking('the path has no hop from a user buffer to the socket') : aliasedShare(hop);
  };
  return {
    condition: `over ${via === 'tcp' ? 'TCP loopback' : 'a UNIX socket'}`,
    measured: { shareThatChanged: into(hops) },
    controls: [{ what: 'the same for what write(2) was given', expected: 0, measured: into(control) }],
    evidence: [hopsSeen(hops)],
  };
}

export const vmspliceClaims: readonly ClaimDefinition[] = [
  {
    id: 'vmsplice-one-copy',
    statement: {
      en: 'Reading into a buffer and sending that by vmsplice needs one copy by the CPU: the read.',
      zh: '把文件读入缓冲区再用 vmsplice 发送，只有一次 CPU 拷贝，即读入的那次。',
    },
    source: 'vmsplice(2)',
    scope:
      'One transfer of 32 KiB by the path vmsplice; warm page cache. cpuCopies: the sender, until the bytes are with the receiver.',
    expected: { cpuCopies: 1 },
    recorded: 'holds',
    judge: withTrials((trials) => anyRoute().map((via) => copyCase(trials, { path: PATH, via }))),
  },
  {
    id: 'vmsplice-data-may-change',
    statement: {
      en: 'What vmsplice was given can still be changed by the program until the receiver takes it.',
      zh: '交给 vmsplice 的数据，在接收方取走之前仍可被程序修改。',
    },
    source: 'vmsplice(2): the pages must not be modified',
    scope: '32 KiB; the memory changed after the last call, and after all bytes lie in the queue of the receiver.',
    expected: { shareThatChanged: 1 },
    recorded: 'holds',
    note: {
      en: 'So the memory must not be used again while anybody may read it, and no count of acknowledged bytes tells when that is over. iolab trades the pages for fresh ones.',
      zh: '因此在任何一方仍可能读取之前不得重用这块内存，而已确认的字节数并不能说明何时结束。iolab 的做法是换用新页。',
    },
    judge: withTrials((trials) => (['tcp', 'unix'] as const).map((via) => mayChange(trials, via))),
  },
];

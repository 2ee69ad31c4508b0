/** What is said of zero copy in general: routes, file systems, later changes, and the receiver. */
import { isMeasured, lacking } from '../../model/evidence.ts';
import type { PathName } from '../../paths/index.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import {
  aliasedShare,
  anyRoute,
  type CopyTrials,
  copyCase,
  hopsSeen,
  NAMES,
  type Via,
  withTrials,
} from './measured-copies.ts';

const PATHS: readonly PathName[] = ['read-write', 'mmap-write', 'sendfile', 'splice', 'vmsplice'];

function sameInTmpfs(trials: CopyTrials, path: PathName): Case {
  const disk = trials.copies({ path, via: 'tcp' });
  const memory = trials.copies({ path, via: 'tcp', storage: 'tmpfs' });
  const [a, b] = [disk.cpuCopies, memory.cpuCopies];
  const missing = [a, b].find((one) => !isMeasured(one));
  return {
    condition: path,
    measured: {
      difference:
        isMeasured(a) && isMeasured(b) ? { ...b, value: b.value - a.value } : (missing ?? lacking('unmeasured')),
      cpuCopies: b,
      cpuCopiesFromDisk: a,
    },
    controls: trials.controls(),
    evidence: memory.evidence,
  };
}

function laterChange(trials: CopyTrials, path: PathName, via: Via): Case {
  const hops = trials.hops({ path, via });
  const [first] = hops;
  const copying = trials
    .hops({ path: 'read-write', via })
    .map(({ copied, aliased, hop }) => ({ copied, aliased, hop }));
  return {
    condition: `${path} over ${NAMES[via]}`,
    measured: { shareThatChanged: first === undefined ? lacking('the path has no hops') : aliasedShare(first) },
    controls: copying.map((hop) => ({
      what: `the same in the hop ${hop.hop} of read-write`,
      expected: 0,
      measured: aliasedShare(hop),
    })),
    evidence: [hopsSeen(hops)],
  };
}

const SCOPE = 'One transfer of 32 KiB; warm page cache.';

export const zeroCopyClaims: readonly ClaimDefinition[] = [
  {
    id: 'unix-sockets-zero-copy',
    statement: {
      en: 'Zero copy works over UNIX sockets, too: sendfile and splice hand on references there.',
      zh: '零拷贝对 UNIX 套接字同样有效：sendfile 和 splice 在那里也只传引用。',
    },
    source: 'unix(7) does not say; net/unix/af_unix.c, MSG_SPLICE_PAGES',
    scope: `${SCOPE} cpuCopies: the sender's calls.`,
    expected: { cpuCopies: 0 },
    recorded: 'holds',
    judge: withTrials((trials) =>
      (['sendfile', 'splice'] as const).map((path) => copyCase(trials, { path, via: 'unix' }, path)),
    ),
  },
  {
    id: 'tmpfs-same-as-disk',
    statement: {
      en: 'A file in tmpfs is copied as often as one on disk that is in the page cache, by every path.',
      zh: '对每一种发送方式，tmpfs 中的文件与磁盘上已缓存的文件拷贝次数相同。',
    },
    source: 'tmpfs(5): its files live in the page cache and nowhere else',
    scope: `${SCOPE} TCP loopback; cpuCopies of the sender from tmpfs less those from disk.`,
    expected: { difference: 0 },
    recorded: 'holds',
    judge: withTrials((trials) => PATHS.map((path) => sameInTmpfs(trials, path))),
  },
  {
    id: 'zero-copy-sees-later-changes',
    statement: {
      en: 'What sendfile or splice has sent still changes with the file until the receiver takes it.',
      zh: 'sendfile 或 splice 发出的数据，在接收方取走之前仍会随文件的修改而改变。',
    },
    source: 'sendfile(2), NOTES; splice(2)',
    scope: '32 KiB; the file changed after the last call, and after all bytes lie in the queue of the receiver.',
    expected: { shareThatChanged: 1 },
    recorded: 'holds',
    note: {
      en: 'That is not a bug but what zero copy means: the socket refers to the page, not to its content of that moment. Serve files that nobody writes in place, or copy.',
      zh: '这不是缺陷，而是零拷贝的含义：套接字引用的是页，而不是那一刻的内容。请只发送不会被原地改写的文件，否则就拷贝。',
    },
    judge: withTrials((trials) =>
      (['sendfile', 'splice'] as const).flatMap((path) =>
        (['tcp', 'unix'] as const).map((via) => laterChange(trials, path, via)),
      ),
    ),
  },
  {
    id: 'receiver-always-copies',
    statement: {
      en: 'However the file was sent, the receiver copies it once out of its socket into its own memory.',
      zh: '无论文件以何种方式发送，接收方都要把数据从套接字拷贝一次到自己的内存。',
    },
    source: 'recv(2); what drawings of zero copy leave out',
    scope: `${SCOPE} recv into memory of the receiver on the same machine; the figure is cpuCopiesTotal less cpuCopies.`,
    expected: { receiverCopies: 1 },
    recorded: 'holds',
    judge: withTrials((trials) =>
      anyRoute().flatMap((via) => PATHS.map((path) => copyCase(trials, { path, via }, `${path} over ${NAMES[via]}`))),
    ),
  },
];

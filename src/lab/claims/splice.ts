/** What is said of splice(2): file to pipe to socket. */
import { constants } from 'node:os';
import { File } from '../../io/file.ts';
import { Mapping } from '../../io/mapping.ts';
import { Pipe } from '../../io/pipe.ts';
import { type Evidence, lacking } from '../../model/evidence.ts';
import { O_DIRECT, O_RDONLY } from '../../sys/fd.ts';
import { splice } from '../../sys/pipe.ts';
import { receiveInto } from '../copies/pair.ts';
import { PAYLOAD } from '../copies.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import { callCost, withCallControls } from './measured-calls.ts';
import { aliasedShare, type CopyTrials, copyCase, hopsSeen, type Via, withTrials } from './measured-copies.ts';

const { EBADF, EINVAL } = constants.errno;
const PATH = 'splice';

const over = (...routes: readonly Via[]) =>
  withTrials((trials) => routes.map((via) => copyCase(trials, { path: PATH, via })));

/** One chunk through a pipe that is there already and has room for it. */
function twoCalls(trials: CopyTrials): Case[] {
  const route = trials.route('tcp');
  const { fd } = trials.file();
  using pipe = Pipe.open();
  using into = Mapping.anonymous(PAYLOAD);
  const { syscalls, modeSwitches, contextSwitches } = callCost({
    work() {
      const taken = splice(fd, 0, pipe.writeEnd.fd, null, PAYLOAD, 0);
      const sent = splice(pipe.readEnd.fd, null, route.sender.fd, null, PAYLOAD, 0);
      if (taken !== PAYLOAD || sent !== PAYLOAD) throw new Error(`splice() answered ${taken}, ${sent} of ${PAYLOAD}`);
      return 2;
    },
    after: () => receiveInto(route, into.address, PAYLOAD),
  });
  return withCallControls('modeSwitches', [
    { condition: '', measured: { syscalls, modeSwitches, contextSwitches }, evidence: [] },
  ]);
}

/** 0, or the errno that the call answers. */
function errno(result: number): Evidence {
  return { value: result < 0 ? -result : 0, unit: 'errno', instrument: "splice's answer" };
}

const BYTES = 100;

/** From `fd` into a fresh pipe. */
function intoPipe(fd: number): Evidence {
  using pipe = Pipe.open();
  return errno(splice(fd, null, pipe.writeEnd.fd, null, BYTES, 0));
}

function withoutPipe(trials: CopyTrials): Case[] {
  const { sender, receiver } = trials.route('unix');
  const { fd } = trials.file();
  const control = (what: string, measured: Evidence) => ({ what, expected: 0, measured });
  const tried: [string, number][] = [
    ['file to socket', splice(fd, 0, sender.fd, null, BYTES, 0)],
    ['socket to socket', splice(receiver.fd, null, sender.fd, null, BYTES, 0)],
    ['file to file', splice(fd, 0, trials.file('tmpfs').fd, 0, BYTES, 0)],
  ];
  return tried.map(([condition, result]) => ({
    condition,
    measured: { errno: errno(result) },
    controls: [control('errno of the same file to a pipe', intoPipe(fd))],
    evidence: [],
  }));
}

function anyFile(trials: CopyTrials): Case[] {
  const opened = (path: string) => {
    using file = File.open(path);
    return intoPipe(file.fd);
  };
  const tried: [string, Evidence][] = [
    ['a file on disk', intoPipe(trials.file().fd)],
    ['a file in tmpfs', intoPipe(trials.file('tmpfs').fd)],
    ['/dev/zero', opened('/dev/zero')],
    ['/proc/self/status', opened('/proc/self/status')],
  ];
  return tried.map(([condition, found]) => ({
    condition,
    measured: { errno: found },
    controls: [{ what: 'errno of a descriptor that is not open', expected: EBADF, measured: intoPipe(-1) }],
    evidence: [],
  }));
}

function ownPages(trials: CopyTrials, condition: string, readFrom?: number): Case {
  const way = { path: PATH, via: 'tcp' } as const;
  const hops = trials.hops(readFrom === undefined ? way : { ...way, readFrom });
  const [first] = hops;
  return {
    condition,
    measured: { ownPagesShare: first === undefined ? lacking('the path has no hops') : aliasedShare(first) },
    controls: trials.controls(),
    evidence: [hopsSeen(hops)],
  };
}

function allOwnPages(trials: CopyTrials): Case[] {
  const file = trials.file();
  file.datasync();
  using direct = File.open(`/proc/self/fd/${file.fd}`, O_RDONLY | O_DIRECT);
  return [ownPages(trials, 'opened as usual'), ownPages(trials, 'opened with O_DIRECT', direct.fd)];
}

function fromTmpfs(trials: CopyTrials): Case[] {
  const routes = ['tcp', 'unix'] as const;
  return routes.map((via) => copyCase(trials, { path: PATH, via, storage: 'tmpfs' }));
}

const SCOPE =
  'One transfer of 32 KiB by the path splice; warm page cache. cpuCopies: the sender, until the bytes are with the receiver.';
const DEVICE = `${SCOPE} TCP over a veth pair between two network namespaces.`;

export const spliceClaims: readonly ClaimDefinition[] = [
  {
    id: 'splice-no-cpu-copy',
    statement: {
      en: 'splice connects file and socket by a pipe and needs no copy by the CPU.',
      zh: 'splice 用管道连接文件与套接字，无需 CPU 拷贝。',
    },
    source: 'notes, section 2 (管道连接无需 cpu 拷贝)',
    scope: SCOPE,
    expected: { cpuCopies: 0 },
    recorded: 'depends',
    note: {
      en: 'True of the calls. Over a device without scatter-gather the kernel copies on the way out, as it does for sendfile, which is splice over a pipe inside the kernel.',
      zh: '对这两个调用本身成立。若设备不支持 scatter-gather，内核在发出时仍要拷贝一次，与 sendfile 相同（sendfile 内部就是经管道的 splice）。',
    },
    judge: over('tcp', 'unix', 'veth, scatter-gather on', 'veth, scatter-gather off'),
  },
  {
    id: 'splice-two-calls',
    statement: {
      en: 'splice needs two calls for each chunk, into the pipe and out of it: four switches of mode.',
      zh: 'splice 每一块数据需要两次调用（进管道、出管道），即四次模式切换。',
    },
    source: 'splice(2)',
    scope: 'One chunk of 32 KiB on this thread; pipe and socket have room; warm page cache, TCP loopback.',
    expected: { syscalls: 2, modeSwitches: 4 },
    recorded: 'holds',
    judge: withTrials(twoCalls),
  },
  {
    id: 'splice-needs-no-scatter-gather',
    statement: {
      en: 'Unlike sendfile, splice makes no CPU copy even where the network card has no scatter-gather.',
      zh: '与 sendfile 不同，即使网卡不支持 scatter-gather，splice 也没有 CPU 拷贝。',
    },
    source: 'common articles on zero copy ("splice 不需要硬件支持")',
    scope: DEVICE,
    expected: { cpuCopies: 0 },
    recorded: 'fails',
    note: {
      en: 'The pipe has nothing to do with it. Both calls leave references in the socket, and a device that cannot gather needs the packet in one piece.',
      zh: '管道与此无关。两者在套接字中留下的都是引用；不能聚集的设备需要连续的报文。',
    },
    judge: over('veth, scatter-gather off'),
  },
  {
    id: 'splice-needs-a-pipe',
    statement: {
      en: 'One end of each splice has to be a pipe: anything else is refused with EINVAL.',
      zh: 'splice 的两端中必须有一端是管道，否则返回 EINVAL。',
    },
    source: 'splice(2)',
    scope: 'One call.',
    expected: { errno: EINVAL },
    recorded: 'holds',
    judge: withTrials(withoutPipe),
  },
  {
    id: 'splice-any-file',
    statement: { en: 'splice can read from any file.', zh: 'splice 可以读取任何文件。' },
    source: 'what "file to socket by a pipe" leads one to expect; splice(2), EINVAL',
    scope: 'One call into an empty pipe.',
    expected: { errno: 0 },
    recorded: 'depends',
    note: {
      en: 'A file needs a splice_read operation of its file system. Most of /proc has none: 22 is EINVAL.',
      zh: '文件所在的文件系统必须提供 splice_read。/proc 下的多数文件没有：22 即 EINVAL。',
    },
    judge: withTrials(anyFile),
  },
  {
    id: 'splice-own-pages',
    statement: {
      en: "What splice puts into a pipe are the file's own pages, not copies of them.",
      zh: 'splice 放进管道的是文件自己的页，而不是拷贝。',
    },
    source: 'splice(2); LWN "splice and tee"',
    scope: '32 KiB over TCP loopback; by aliasing: which share of the bytes shows what was changed in the file later.',
    expected: { ownPagesShare: 1 },
    recorded: 'depends',
    note: {
      en: 'With O_DIRECT there is no page of the page cache to hand on: the kernel reads into fresh pages (copy_splice_read). The disk fills them by DMA, so that is a copy of the file, but none by the CPU.',
      zh: '使用 O_DIRECT 时没有页缓存页可传：内核读入新页（copy_splice_read）。由磁盘以 DMA 填充，是一份拷贝，但不是 CPU 拷贝。',
    },
    judge: withTrials(allOwnPages),
  },
  {
    id: 'splice-from-tmpfs',
    statement: {
      en: 'splice from a file in tmpfs needs no copy by the CPU either.',
      zh: '从 tmpfs 中的文件 splice 同样不需要 CPU 拷贝。',
    },
    source: 'mm/shmem.c, shmem_file_splice_read',
    scope: SCOPE,
    expected: { cpuCopies: 0 },
    recorded: 'holds',
    judge: withTrials(fromTmpfs),
  },
];

/** What is said of sendfile(2), above all that it needs no copy by the CPU. */
import { Mapping } from '../../io/mapping.ts';
import { isMeasured, lacking } from '../../model/evidence.ts';
import { sendfile } from '../../sys/sendfile.ts';
import { receiveInto } from '../copies/pair.ts';
import { PAYLOAD } from '../copies.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import { callCost, withCallControls } from './measured-calls.ts';
import { type CopyTrials, copyCase, type Via, withTrials } from './measured-copies.ts';

const PATH = 'sendfile';

function oneCall(trials: CopyTrials): Case[] {
  const route = trials.route('tcp');
  const { fd } = trials.file();
  using into = Mapping.anonymous(PAYLOAD);
  const cost = callCost({
    work() {
      const sent = sendfile(route.sender.fd, fd, 0, PAYLOAD);
      if (sent !== PAYLOAD) throw new Error(`sendfile() answered ${sent} of ${PAYLOAD}`);
      return 1;
    },
    after: () => receiveInto(route, into.address, PAYLOAD),
  });
  const { syscalls, modeSwitches, contextSwitches } = cost;
  return withCallControls('modeSwitches', [
    { condition: '', measured: { syscalls, modeSwitches, contextSwitches }, evidence: [] },
  ]);
}

function since(trials: CopyTrials): Case[] {
  const { cpuCopies, evidence } = trials.copies({ path: PATH, via: 'tcp' });
  return [
    {
      condition: '',
      measured: {
        firstVersion: lacking('only this kernel runs here: that it has sendfile says nothing about when it came'),
        worksHere: isMeasured(cpuCopies) ? { value: 1, unit: 'yes', instrument: 'a transfer' } : cpuCopies,
      },
      controls: trials.controls(),
      evidence,
    },
  ];
}

const over = (...routes: readonly Via[]) =>
  withTrials((trials) => routes.map((via) => copyCase(trials, { path: PATH, via })));

const [ON, OFF] = ['veth, scatter-gather on', 'veth, scatter-gather off'] as const;
const SCOPE =
  'One transfer of 32 KiB by sendfile; warm page cache. cpuCopies: the sender, until the bytes are with the receiver.';
const DEVICE = `${SCOPE} TCP over a veth pair between two network namespaces.`;

export const sendfileClaims: readonly ClaimDefinition[] = [
  {
    id: 'sendfile-one-call',
    statement: {
      en: 'sendfile needs one call, so two switches between user mode and kernel mode.',
      zh: 'sendfile 只需一次系统调用，即两次模式切换（用户态与内核态之间）。',
    },
    source: 'xiaolincoder CS-Base, zero_copy.md',
    scope: 'One sendfile of 32 KiB on this thread; warm page cache, TCP loopback, the socket has room.',
    expected: { modeSwitches: 2 },
    recorded: 'holds',
    note: {
      en: 'Texts say "two context switches". They are mode switches; contextSwitches are those of the scheduler.',
      zh: '资料说“两次上下文切换”，指的是模式切换；contextSwitches 才是调度器的上下文切换。',
    },
    judge: withTrials(oneCall),
  },
  {
    id: 'sendfile-no-cpu-copy',
    statement: {
      en: 'sendfile sends a file without any copy by the CPU.',
      zh: 'sendfile 发送文件不需要任何 CPU 拷贝。',
    },
    source: 'notes, section 2; most articles on zero copy',
    scope: SCOPE,
    expected: { cpuCopies: 0 },
    recorded: 'depends',
    note: {
      en: 'The call hands on references in every case. It is the device that decides: one that cannot gather a packet from several pieces of memory makes the kernel copy it together on the way out.',
      zh: '无论哪种情况，该调用传递的都是引用。决定权在设备：若设备不能从多处内存聚集一个报文，内核就得在发出之前把它拷贝到一起。',
    },
    judge: over('tcp', 'unix', ON, OFF),
  },
  {
    id: 'sendfile-with-scatter-gather',
    statement: {
      en: 'Over a device with scatter-gather, sendfile makes no copy by the CPU.',
      zh: '网络设备支持 scatter-gather 时，sendfile 没有 CPU 拷贝。',
    },
    source: 'xiaolincoder CS-Base, zero_copy.md (SG-DMA, since Linux 2.4); IBM j-zerocopy',
    scope: DEVICE,
    expected: { cpuCopies: 0 },
    recorded: 'holds',
    judge: over(ON),
  },
  {
    id: 'sendfile-without-scatter-gather',
    statement: {
      en: 'Over a device without scatter-gather, sendfile makes one copy by the CPU.',
      zh: '网络设备不支持 scatter-gather 时，sendfile 有一次 CPU 拷贝。',
    },
    source: 'xiaolincoder CS-Base, zero_copy.md; IBM j-zerocopy',
    scope: DEVICE,
    expected: { cpuCopies: 1 },
    recorded: 'holds',
    judge: over(OFF),
  },
  {
    id: 'sendfile-descriptors-only',
    statement: {
      en: 'With sendfile the CPU puts only position and length of the data into the socket buffer, not the data.',
      zh: 'sendfile 时 CPU 只把数据的位置和长度（描述符）写入套接字缓冲区，而不是数据本身。',
    },
    source: 'notes, section 2 (cpu 拷贝记录数据位置和大小描述符)',
    scope: `${SCOPE} UNIX socket and TCP loopback: what the socket buffer holds when the call is back.`,
    expected: { cpuCopies: 0 },
    recorded: 'holds',
    note: {
      en: 'True of the socket buffer on every route. What a device needs afterwards is another matter: see sendfile-without-scatter-gather.',
      zh: '对套接字缓冲区而言，任何路径上都成立。之后设备需要什么是另一回事，见 sendfile-without-scatter-gather。',
    },
    judge: over('tcp', 'unix'),
  },
  {
    id: 'sendfile-since-2-1',
    statement: { en: 'sendfile is supported since Linux 2.1.', zh: 'sendfile 自 Linux 2.1 起支持。' },
    source: 'notes, section 2; sendfile(2) says 2.2, the stable version after the 2.1 of development',
    scope: 'The kernel that runs here.',
    expected: { firstVersion: 2.1 },
    recorded: 'unknown',
    note: {
      en: 'A running kernel cannot show its own history, so this is not judged. The manual page says 2.2; 2.1 was the development series that led to it.',
      zh: '运行中的内核无法展示自己的历史，因此不作判断。手册页写的是 2.2；2.1 是其之前的开发版本。',
    },
    judge: withTrials(since),
  },
];

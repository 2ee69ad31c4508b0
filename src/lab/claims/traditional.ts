/** What is said of the traditional way, read(2) into a buffer and write(2) out of it. */
import { Mapping } from '../../io/mapping.ts';
import { type Evidence, lacking } from '../../model/evidence.ts';
import { pread, write } from '../../sys/fd.ts';
import { receiveInto } from '../copies/pair.ts';
import { PAYLOAD } from '../copies.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import { type CallCost, type Counting, callCost, withCallControls } from './measured-calls.ts';
import { anyRoute, type CopyTrials, copyCase, NAMES, type Via, withTrials } from './measured-copies.ts';
import { type Cache, diskTransfers } from './measured-disk.ts';

const PATH = 'read-write';

/** What a card would fetch out of memory by itself is not moved by any device here. */
const cardTransfers = (via: Via): Evidence =>
  lacking(`no card lies on this route: over ${NAMES[via]} the kernel hands the packet to the receiver as it is`);

function fromDisk(trials: CopyTrials, via: Via, cache: Cache): Case {
  const condition = `${cache} page cache, over ${NAMES[via]}`;
  const counted = copyCase(trials, { path: PATH, via }, condition);
  const disk = diskTransfers(PATH, trials.route(via), trials.file(), cache);
  return {
    ...counted,
    measured: { ...counted.measured, diskTransfers: disk.diskTransfers, cardTransfers: cardTransfers(via) },
    evidence: [...counted.evidence, disk.evidence],
  };
}

function fourCopies(trials: CopyTrials): Case[] {
  const routes = anyRoute().filter((via) => via !== 'unix');
  return (['cold', 'warm'] as const).flatMap((cache) => routes.map((via) => fromDisk(trials, via, cache)));
}

/** One read of a warm file and one write of what was read, and nothing else: memory and sockets are there already. */
export function oneReadOneWrite(trials: CopyTrials): CallCost {
  const route = trials.route('tcp');
  const { fd } = trials.file();
  using memory = Mapping.anonymous(PAYLOAD);
  using into = Mapping.anonymous(PAYLOAD);
  return callCost({
    work() {
      const n = pread(fd, memory.address, PAYLOAD, 0);
      const sent = write(route.sender.fd, memory.address, PAYLOAD, 0);
      if (n !== PAYLOAD || sent !== PAYLOAD) throw new Error(`pread() answered ${n}, write() ${sent}, of ${PAYLOAD}`);
      return 2;
    },
    after: () => receiveInto(route, into.address, PAYLOAD),
  });
}

function switches(trials: CopyTrials, counting: Counting): Case[] {
  const { modeSwitches, contextSwitches, syscalls, userFaults } = oneReadOneWrite(trials);
  return withCallControls(counting, [
    { condition: '', measured: { modeSwitches, contextSwitches, syscalls, userFaults }, evidence: [] },
  ]);
}

const SCOPE =
  'One transfer of 32 KiB by the path read-write (pread, write). cpuCopies: the sender, until the bytes are with the receiver.';
const CALLS = 'One pread and one write of 32 KiB on this thread; warm page cache, TCP loopback, the socket has room.';

const SWITCH_NOTE = {
  en: 'A system call enters the kernel and comes back: two mode switches, on the same thread. A context switch is the scheduler giving the CPU to another thread; none is needed here. Most texts say "context switch" and mean the first.',
  zh: '一次系统调用进入内核再返回，是两次模式切换，始终在同一线程上。上下文切换指调度器把 CPU 交给另一个线程，这里并不需要。多数资料说“上下文切换”时指的是前者。',
};

export const traditionalClaims: readonly ClaimDefinition[] = [
  {
    id: 'traditional-four-copies',
    statement: {
      en: 'Sending a file by read and write makes four copies: disk to kernel buffer by DMA, kernel to user buffer and user buffer to socket buffer by the CPU, socket buffer to network card by DMA.',
      zh: '传统的 read + write 发送文件需要四次拷贝：磁盘到内核缓冲区（DMA），内核缓冲区到用户缓冲区、用户缓冲区到套接字发送缓冲区（CPU），套接字缓冲区到网络设备（DMA）。',
    },
    source: 'notes, section 2; xiaolincoder CS-Base, zero_copy.md',
    scope: `${SCOPE} diskTransfers: bytes that came from the disk for each byte sent.`,
    expected: { cpuCopies: 2, diskTransfers: 1 },
    recorded: 'depends',
    note: {
      en: 'The first copy is made only when the page cache does not have the file. The fourth needs a network card: over loopback or veth nobody makes it. So it is three here from a cold file and two from a warm one.',
      zh: '只有页缓存中没有该文件时才有第一次拷贝。第四次需要真实网卡：经回环接口或 veth 时没有任何设备做这次拷贝。因此这里冷文件是三次，热文件是两次。',
    },
    judge: withTrials(fourCopies),
  },
  {
    id: 'traditional-two-cpu-copies',
    statement: {
      en: 'Of the copies that read and write make, two are made by the CPU: into the user buffer and out of it.',
      zh: 'read + write 的拷贝中有两次由 CPU 完成：拷入用户缓冲区，再从用户缓冲区拷出。',
    },
    source: 'notes, section 2; xiaolincoder CS-Base, zero_copy.md',
    scope: SCOPE,
    expected: { cpuCopies: 2 },
    recorded: 'holds',
    judge: withTrials((trials) => anyRoute().map((via) => copyCase(trials, { path: PATH, via }))),
  },
  {
    id: 'traditional-four-switches',
    statement: {
      en: 'One read and one write switch four times between user mode and kernel mode.',
      zh: '一次 read 加一次 write 会在用户态与内核态之间切换四次（“四次上下文切换”）。',
    },
    source: 'notes, section 2; xiaolincoder CS-Base, zero_copy.md',
    scope: CALLS,
    expected: { modeSwitches: 4 },
    recorded: 'holds',
    note: SWITCH_NOTE,
    judge: withTrials((trials) => switches(trials, 'modeSwitches')),
  },
  {
    id: 'traditional-four-context-switches',
    statement: {
      en: 'One read and one write cost four context switches of the scheduler.',
      zh: '一次 read 加一次 write 要付出四次（调度器意义上的）上下文切换。',
    },
    source: 'notes, section 2 ("四次上下文切换"), taken by the word',
    scope: CALLS,
    expected: { contextSwitches: 4 },
    recorded: 'fails',
    note: SWITCH_NOTE,
    judge: withTrials((trials) => switches(trials, 'contextSwitches')),
  },
  {
    id: 'traditional-receiver-copies-too',
    statement: {
      en: 'With the receiver counted, read and write cost three copies by the CPU: the receiver copies once more.',
      zh: '把接收方也算上，read + write 共有三次 CPU 拷贝：接收方还要再拷贝一次。',
    },
    source: 'recv(2); what texts that count four copies leave out',
    scope: 'As far as the memory of the receiver, which is on the same machine. 32 KiB by the path read-write.',
    expected: { cpuCopies: 2, cpuCopiesTotal: 3 },
    recorded: 'holds',
    judge: withTrials((trials) => anyRoute().map((via) => copyCase(trials, { path: PATH, via }))),
  },
];

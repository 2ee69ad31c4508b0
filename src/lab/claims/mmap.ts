/** What is said of mmap(2) and write(2): the mapping in place of a buffer. */
import { check } from '../../io/errors.ts';
import { Mapping, PAGE_SIZE } from '../../io/mapping.ts';
import { type Evidence, isMeasured } from '../../model/evidence.ts';
import { write } from '../../sys/fd.ts';
import { receiveInto } from '../copies/pair.ts';
import { PAYLOAD } from '../copies.ts';
import { type Storage, scrambled, unnamedFile } from '../unnamed.ts';
import { agree, type Case, type ClaimDefinition, type Reading } from './claim.ts';
import { callCost, withCallControls } from './measured-calls.ts';
import { aliasedShare, anyRoute, type CopyTrials, copyCase, hopsSeen, withTrials } from './measured-copies.ts';
import { bring, cachedPages } from './measured-disk.ts';

const PATH = 'mmap-write';

type Tried = Omit<Case, 'controls'>;

/** mmap and write, and munmap inside the count or after it. The mapping is new each time, as in a program that serves a file. */
function mapAndWrite(trials: CopyTrials, unmapToo: boolean): Tried {
  const route = trials.route('tcp');
  const file = trials.file();
  using into = Mapping.anonymous(PAYLOAD);
  let mapping: Mapping | undefined;
  const cost = callCost({
    work() {
      mapping = Mapping.file(file, { offset: 0, length: PAYLOAD });
      const sent = write(route.sender.fd, mapping.address, PAYLOAD, 0);
      if (sent !== PAYLOAD) throw new Error(`write() answered ${sent} of ${PAYLOAD}`);
      if (unmapToo) mapping.close();
      return unmapToo ? 3 : 2;
    },
    after() {
      mapping?.close();
      receiveInto(route, into.address, PAYLOAD);
    },
  });
  const { modeSwitches, contextSwitches, syscalls, userFaults, faults } = cost;
  return {
    condition: unmapToo ? 'with the munmap that gives it back' : 'mmap and write alone',
    measured: { modeSwitches, contextSwitches, syscalls, userFaults, faults },
    evidence: [],
  };
}

const PIECE = 64 * 1024;
/** Prime, so that a figure for each piece is not an accident of rounding. */
const PIECES = 17;

interface Faulted {
  readonly condition: string;
  /** Bytes of one write: the page cache keeps what was written at once in pieces (folios) of up to that size. */
  readonly written: number;
  readonly storage?: Storage;
  readonly populate?: boolean;
}

const BY_PAGE: Faulted = { condition: 'cached page by page', written: PAGE_SIZE };
const IN_TMPFS: Faulted = { condition: 'in tmpfs, cached page by page', written: PAGE_SIZE, storage: 'tmpfs' };
const AT_ONCE: Faulted = { condition: 'cached in large pieces', written: PIECES * PIECE };
const POPULATED: Faulted = { condition: 'mapped with MAP_POPULATE', written: PAGE_SIZE, populate: true };

/** Pages of a warm file read by the program itself, one byte of each. */
function readMapping({ condition, written, storage = 'disk', populate = false }: Faulted): Tried {
  const length = PIECES * PIECE;
  const content = scrambled(length);
  using file = unnamedFile(storage, new Uint8Array(0));
  for (let at = 0; at < length; at += written) file.pwrite(content, at, written, at);
  let mapping: Mapping | undefined;
  let sum = 0;
  const { userFaults, faults } = callCost({
    prepare() {
      mapping = Mapping.file(file, { offset: 0, length, populate });
    },
    work() {
      const bytes = new Uint8Array((mapping as Mapping).view());
      for (let at = 0; at < length; at += PAGE_SIZE) sum += bytes[at] as number;
      return 0;
    },
    after: () => mapping?.close(),
  });
  const each = (all: Evidence): Evidence => (isMeasured(all) ? { ...all, value: all.value / PIECES } : all);
  return {
    condition,
    measured: { faultsPer64KiB: each(userFaults), allFaultsPer64KiB: each(faults) },
    evidence: [{ instrument: 'the program', saw: `a byte of each of ${length / PAGE_SIZE} pages, sum ${sum}` }],
  };
}

/** Whether the bytes that a mapping shows are in the page cache, after a cold file was sent from it. */
function skipsKernelBuffer(trials: CopyTrials): Case[] {
  const file = trials.file();
  const route = trials.route('tcp');
  using into = Mapping.anonymous(PAYLOAD);
  bring(file, 'cold');
  const before = cachedPages(file);
  using mapping = Mapping.file(file, { offset: 0, length: PAYLOAD });
  check(write(route.sender.fd, mapping.address, PAYLOAD, 0), 'write');
  receiveInto(route, into.address, PAYLOAD);
  const stat = file.cached();
  const byStat: Reading['value'] = stat === undefined ? { missing: 'cachestat: not on this kernel' } : stat.cached;
  const hops = trials.hops({ path: PATH, via: 'tcp' });
  const [toMapping] = hops;
  if (toMapping === undefined) throw new Error('the path mmap-write has no hops');
  return [
    {
      condition: '',
      measured: {
        pagesInKernelBuffer: agree('pages', [
          { instrument: 'mincore', value: cachedPages(file) },
          { instrument: 'cachestat', value: byStat },
        ]),
        mappingShowsLaterChanges: aliasedShare(toMapping),
      },
      controls: [
        ...trials.controls(),
        {
          what: 'pages in the page cache before',
          expected: 0,
          measured: { value: before, unit: 'pages', instrument: 'mincore' },
        },
      ],
      evidence: [hopsSeen(hops)],
    },
  ];
}

const SCOPE =
  'One transfer of 32 KiB by the path mmap-write; warm page cache. cpuCopies: the sender, until the bytes are with the receiver.';

export const mmapClaims: readonly ClaimDefinition[] = [
  {
    id: 'mmap-saves-one-copy',
    statement: {
      en: 'mmap and write save one of the two CPU copies: only the one into the socket buffer is left.',
      zh: 'mmap + write 省去两次 CPU 拷贝中的一次：只剩下拷入套接字缓冲区的那一次。',
    },
    source: 'notes, section 2; xiaolincoder CS-Base, zero_copy.md',
    scope: SCOPE,
    expected: { cpuCopies: 1 },
    recorded: 'holds',
    judge: withTrials((trials) => anyRoute().map((via) => copyCase(trials, { path: PATH, via }))),
  },
  {
    id: 'mmap-four-switches',
    statement: {
      en: 'mmap and write still take four switches between user mode and kernel mode.',
      zh: 'mmap + write 仍然需要四次模式切换（用户态与内核态之间；即“四次上下文切换”）。',
    },
    source: 'xiaolincoder CS-Base, zero_copy.md',
    scope: 'One mmap and one write of 32 KiB on this thread; warm page cache, TCP loopback, the socket has room.',
    expected: { modeSwitches: 4 },
    recorded: 'depends',
    note: {
      en: 'Texts count mmap and write and forget munmap. The page faults (figure "faults") are taken while write copies, inside the kernel: they cost time, but switch no mode. Context switches of the scheduler: none.',
      zh: '资料只数 mmap 和 write，忘了 munmap。缺页（faults）发生在 write 拷贝时，处于内核之中：耗时，但不切换模式。调度器意义上的上下文切换为零。',
    },
    judge: withTrials((trials) =>
      withCallControls('modeSwitches', [mapAndWrite(trials, false), mapAndWrite(trials, true)]),
    ),
  },
  {
    id: 'mmap-fault-per-page',
    statement: {
      en: 'Reading a mapped file costs a page fault for each page: 16 for 64 KiB.',
      zh: '读取映射的文件，每一页都要触发一次缺页：64 KiB 需要 16 次。',
    },
    source: 'textbooks on demand paging; man 2 mmap (MAP_POPULATE)',
    scope: `A warm file of ${PIECES} x 64 KiB, mapped anew; one byte of each page read by the program itself.`,
    expected: { faultsPer64KiB: 16 },
    recorded: 'fails',
    note: {
      en: 'For pages that are in the page cache the kernel maps the neighbours along with the one that was touched (fault-around, 64 KiB unless set otherwise).',
      zh: '对已在页缓存中的页，内核会把相邻的页一并映射（fault-around，默认 64 KiB）。',
    },
    judge: () => withCallControls('faults', [BY_PAGE, AT_ONCE, POPULATED].map(readMapping)),
  },
  {
    id: 'mmap-faults',
    statement: {
      en: 'Reading a mapped file that is in the page cache costs one page fault for each 64 KiB.',
      zh: '读取已在页缓存中的映射文件，每 64 KiB 触发一次缺页。',
    },
    source: 'mm/memory.c, do_fault_around; notes, section 2, which leaves faults out',
    scope: `A warm file of ${PIECES} x 64 KiB, mapped anew; one byte of each page read by the program itself.`,
    // one more in all where the mapping begins inside a window
    expected: { faultsPer64KiB: { min: 1, max: 1.1 } },
    recorded: 'depends',
    note: {
      en: 'A fault maps the window of 64 KiB around it, and recent kernels (seen with 6.18) the whole of a large folio: what was read or written in large pieces costs fewer faults.',
      zh: '一次缺页会映射其周围 64 KiB 的窗口；较新的内核（在 6.18 上所见）还会映射整个 large folio：以大块读入或写入的文件缺页更少。',
    },
    judge: () => withCallControls('faults', [BY_PAGE, IN_TMPFS, AT_ONCE].map(readMapping)),
  },
  {
    id: 'mmap-skips-kernel-buffer',
    statement: {
      en: 'With mmap the data goes from the disk straight into the user buffer, past the kernel buffer.',
      zh: '使用 mmap 时，数据从磁盘直接进入用户缓冲区，不经过内核缓冲区。',
    },
    source: 'notes, section 2 (磁盘——用户程序缓冲区——套接字缓冲区)',
    scope: 'A cold file of 32 KiB, mapped and written to a TCP socket over loopback; then the page cache is asked.',
    expected: { pagesInKernelBuffer: 0 },
    recorded: 'fails',
    note: {
      en: 'The disk fills the page cache as ever. The mapping is not a second buffer but the same pages at an address of the program: what is changed in the file shows in it at once (figure mappingShowsLaterChanges).',
      zh: '磁盘照常填充页缓存。映射并不是另一块缓冲区，而是同一批页在程序地址空间里的地址：修改文件后映射立即可见（见 mappingShowsLaterChanges）。',
    },
    judge: withTrials(skipsKernelBuffer),
  },
];

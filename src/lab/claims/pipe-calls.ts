/** What is said of pipes as a way for pages: how much a splice takes, what tee and the flags do. */
import { check } from '../../io/errors.ts';
import type { File } from '../../io/file.ts';
import { Mapping, PAGE_SIZE } from '../../io/mapping.ts';
import { Pipe } from '../../io/pipe.ts';
import { TracepointRecorder, threadRecorder } from '../../probe/recorder.ts';
import { read, write } from '../../sys/fd.ts';
import { SPLICE_F_GIFT, SPLICE_F_MOVE, SPLICE_F_NONBLOCK, splice, tee, vmsplice } from '../../sys/pipe.ts';
import { type Storage, scrambled, unnamedFile } from '../unnamed.ts';
import type { Case, ClaimDefinition, Reading } from './claim.ts';
import { changeFile, contentOf, copiesByAliasing, copiesByFrame, readsOfFile } from './moved-bytes.ts';
import { control, errno, figure } from './readiness.ts';

/** splice(2)'s number on this architecture. */
const SPLICE = process.arch === 'arm64' ? 76 : 275;
const MIB = 1024 * 1024;

interface Calls {
  readonly own: number;
  readonly kernel: Reading['value'];
}

/** Splices a file through a pipe and counts the calls that fill it: by itself, and by the kernel's tracepoint. */
function callsFor(file: File, bytes: number, capacity: number): Calls {
  using pipe = Pipe.open({ capacity });
  const room = new Uint8Array(bytes);
  const recording = threadRecorder();
  using recorder = recording.works ? TracepointRecorder.open(['raw_syscalls/sys_enter']) : undefined;
  let own = 0;
  recorder?.start();
  for (let at = 0; at < bytes; own++) {
    const taken = check(splice(file.fd, at, pipe.writeEnd.fd, null, bytes - at, SPLICE_F_NONBLOCK), 'splice');
    for (let left = taken; left > 0; ) left -= check(read(pipe.readEnd.fd, room), 'read');
    at += taken;
  }
  recorder?.stop();
  const kernel = recording.works
    ? (recorder?.drain().filter(({ fields }) => fields.id === SPLICE).length ?? 0)
    : { missing: recording.cause };
  return { own, kernel };
}

const calls = ({ own, kernel }: Calls) => figure('calls', { 'own count': own, 'raw_syscalls:sys_enter': kernel });

function slots(): Case[] {
  using file = unnamedFile('tmpfs', scrambled(MIB));
  const [usual, wide, prime] = [
    callsFor(file, MIB, 16 * PAGE_SIZE),
    callsFor(file, MIB, MIB),
    callsFor(file, 23 * PAGE_SIZE, PAGE_SIZE),
  ];
  using pipe = Pipe.open({ capacity: 16 * PAGE_SIZE });
  let bytes = 0;
  let full = 0;
  while (full === 0) {
    const taken = splice(file.fd, bytes * PAGE_SIZE, pipe.writeEnd.fd, null, 1, SPLICE_F_NONBLOCK);
    if (taken === 1) bytes++;
    else full = errno(taken);
  }
  return [
    {
      condition: '',
      measured: {
        callsOf16Slots: calls(usual),
        callsOf256Slots: calls(wide),
        singleBytesThatFillIt: figure('bytes', { splice: bytes, FIONREAD: pipe.residue() }),
      },
      controls: [
        control('23 pages through a pipe of one slot, calls', 23, 'own count', prime.own),
        control('what a full pipe answers (EAGAIN)', 11, 'splice', full),
      ],
      evidence: [
        { instrument: 'own count', saw: `1 MiB took ${usual.own} calls with 16 slots and ${wide.own} with 256` },
        { instrument: 'splice', saw: `a pipe of 65,536 bytes was full with ${bytes} bytes, each of another page` },
      ],
    },
  ];
}

const PAGES = 4 * PAGE_SIZE;

function duplicate(): Case[] {
  const content = scrambled(PAGES);
  using file = unnamedFile('tmpfs', content);
  const run = (copy: (from: Pipe, to: Pipe) => number) => {
    using from = Pipe.open();
    using to = Pipe.open();
    check(splice(file.fd, 0, from.writeEnd.fd, null, PAGES, 0), 'splice');
    const { reads, finding } = readsOfFile(file, PAGE_SIZE + 1, () => void copy(from, to));
    const left = from.residue();
    const aliased = copiesByAliasing('pipe > pipe', content, changeFile(file), () => readAll(to));
    file.pwrite(content, 0);
    return { copies: { aliasing: aliased, watchpoint: reads }, left, finding };
  };
  const byTee = run((from, to) => check(tee(from.readEnd.fd, to.writeEnd.fd, PAGES, 0), 'tee'));
  const byHand = run((from, to) => {
    const bytes = readAll(from);
    return check(write(to.writeEnd.fd, bytes), 'write');
  });
  return [
    {
      condition: '',
      measured: {
        copies: figure('copies per byte', byTee.copies),
        leftInSource: figure('bytes', { FIONREAD: byTee.left }),
      },
      controls: [
        control('read and write in its place: copied', 1, 'aliasing', byHand.copies.aliasing),
        control('read and write in its place: left in the source', 0, 'FIONREAD', byHand.left),
      ],
      evidence: [byTee.finding],
    },
  ];
}

function readAll(pipe: Pipe): Uint8Array {
  const bytes = new Uint8Array(PAGES);
  const n = check(read(pipe.readEnd.fd, bytes), 'read');
  return bytes.subarray(0, n);
}

/** Memory of ours into a file by vmsplice and splice. Did the file get the page itself? */
function intoFile(storage: Storage, gift: number, move: number) {
  const content = scrambled(PAGES);
  using memory = Mapping.anonymous(PAGES);
  memory.write(0, content);
  using file = unnamedFile(storage, new Uint8Array(0));
  using pipe = Pipe.open();
  check(vmsplice(pipe.writeEnd.fd, Float64Array.of(memory.address, PAGES), gift), 'vmsplice');
  for (let at = 0; at < PAGES; ) at += check(splice(pipe.readEnd.fd, null, file.fd, at, PAGES - at, move), 'splice');
  using window = Mapping.file(file);
  const frames = copiesByFrame(memory, window);
  const change = (p: number, byte: number) => void memory.write(p, Uint8Array.of(byte));
  return { aliasing: copiesByAliasing('memory > file', content, change, () => contentOf(file, PAGES)), frames };
}

function moved(storage: Storage, condition: string): Case {
  const [flagged, plain] = [intoFile(storage, SPLICE_F_GIFT, SPLICE_F_MOVE), intoFile(storage, 0, 0)];
  return {
    condition,
    measured: {
      copies: figure('copies per byte', flagged),
      copiesWithoutFlags: figure('copies per byte', plain),
    },
    controls: sameFile(),
    evidence: [
      {
        instrument: 'aliasing',
        saw: `with the flags copied ${flagged.aliasing} times, without ${plain.aliasing} times`,
      },
    ],
  };
}

/** Two views of one file share their pages: what must not look like a copy. */
function sameFile() {
  const content = scrambled(PAGES);
  using file = unnamedFile('tmpfs', content);
  using mapping = Mapping.file(file, { write: true });
  const change = (p: number, byte: number) => void mapping.write(p, Uint8Array.of(byte));
  const seen = copiesByAliasing('mapping > file', content, change, () => contentOf(file, PAGES));
  return [control('a shared mapping and its file: copies', 0, 'aliasing', seen)];
}

const SCOPE = "the calling thread's calls, pages in memory";

export const pipeCallClaims: readonly ClaimDefinition[] = [
  {
    id: 'splice-slot-is-a-page',
    statement: {
      en: 'A slot of a pipe holds one page or less, so that its 16 slots take 64 KiB in one splice; F_SETPIPE_SZ sets the calls per MiB.',
      zh: '管道的一个槽最多放一页，默认 16 个槽，一次 splice 最多 64 KiB；每 MiB 的调用次数由 F_SETPIPE_SZ 决定。',
    },
    source: 'pipe(7), Pipe capacity; fcntl(2), F_SETPIPE_SZ',
    scope: `${SCOPE}; a file in memory to a pipe, pages of 4 KiB`,
    expected: { callsOf16Slots: MIB / (16 * PAGE_SIZE), callsOf256Slots: 1, singleBytesThatFillIt: 16 },
    recorded: 'holds',
    judge: slots,
  },
  {
    id: 'tee-copies-nothing',
    statement: {
      en: 'tee duplicates what is in a pipe without copying it and without taking it out.',
      zh: 'tee 复制管道中的数据时既不拷贝字节，也不消耗原管道的内容。',
    },
    source: 'tee(2)',
    scope: SCOPE,
    expected: { copies: 0, leftInSource: PAGES },
    recorded: 'holds',
    judge: duplicate,
  },
  {
    id: 'splice-move-and-gift-move-pages',
    statement: {
      en: 'With SPLICE_F_GIFT and SPLICE_F_MOVE the kernel moves pages into a file instead of copying them.',
      zh: '使用 SPLICE_F_GIFT 和 SPLICE_F_MOVE 时，内核把页移动到文件中而不是拷贝。',
    },
    source: 'splice(2) and vmsplice(2), flags',
    scope: `${SCOPE}; whole aligned pages from memory by vmsplice to a pipe and splice to a file`,
    expected: { copies: 0 },
    recorded: 'fails',
    note: {
      en: 'The flags are accepted and do nothing here: SPLICE_F_MOVE has been without effect since Linux 2.6.21, but for FUSE.',
      zh: '这两个标志会被接受，但在这里不起作用：自 Linux 2.6.21 起 SPLICE_F_MOVE 已无效（FUSE 除外）。',
    },
    judge: () => [moved('disk', 'a file on disk'), moved('tmpfs', 'a file in memory')],
  },
];

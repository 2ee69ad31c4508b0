/** What is said of mmap(2): when pages come, what brings them in, and whose they are. */
import { readFileSync } from 'node:fs';
import { File } from '../../io/file.ts';
import { Mapping, PAGE_SIZE } from '../../io/mapping.ts';
import { read } from '../../sys/fd.ts';
import { MADV_NOHUGEPAGE, MADV_POPULATE_WRITE } from '../../sys/mmap.ts';
import { scrambled, unnamedFile } from '../unnamed.ts';
import type { Case, ClaimDefinition, Reading } from './claim.ts';
import { type Faults, faults } from './memory-faults.ts';
import { control, figure } from './readiness.ts';

const PAGES = 23;
const BYTES = PAGES * PAGE_SIZE;

/** A mapping as JavaScript sees it. The view is made beforehand: making it is no part of what is counted. */
class Viewed implements Disposable {
  readonly mapping: Mapping;
  readonly bytes: Uint8Array;

  constructor(mapping: Mapping) {
    this.mapping = mapping;
    this.bytes = new Uint8Array(mapping.view());
    if (mapping.mode === 'copy') throw new Error('this runtime gives no access to mapped memory (no external buffers)');
  }

  [Symbol.dispose](): void {
    this.mapping.close();
  }
}

/** Answers a sum, so that no compiler leaves the reading out. */
function readEach({ bytes }: Viewed): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += PAGE_SIZE) sum += bytes[at] as number;
  return sum;
}
function writeEach({ bytes }: Viewed): void {
  for (let at = 0; at < bytes.length; at += PAGE_SIZE) bytes[at] = 1;
}
function nothing(): void {}

/** Zeros, one page at a time even where the kernel would take 2 MiB at once. */
function fresh(): Mapping {
  const mapping = Mapping.anonymous(BYTES);
  mapping.advise(MADV_NOHUGEPAGE);
  return mapping;
}

const readings = ({ rusage, perf }: Faults, per = 1) => ({
  'getrusage (thread)': rusage / per,
  'perf page-faults': typeof perf === 'number' ? perf / per : perf,
});

const quiet = (prepare: () => Viewed) =>
  control('nothing touched, no fault', 0, 'getrusage (thread)', faults(prepare, nothing).rusage);

const told = ({ rusage, user }: Faults, what: string) => ({
  instrument: 'getrusage (thread)',
  saw: `${what}: ${rusage} faults for ${PAGES} pages, ${typeof user === 'number' ? `${user} of them in user mode` : 'where is not known'}`,
});

function onDemand(): Case[] {
  using file = unnamedFile('tmpfs', scrambled(BYTES));
  const tried = (condition: string, prepare: () => Viewed, touch: (v: Viewed) => unknown): Case => {
    const seen = faults(prepare, touch);
    return {
      condition,
      measured: { faultsPerPage: figure('faults a page', readings(seen, PAGES)) },
      controls: [quiet(prepare)],
      evidence: [told(seen, condition)],
    };
  };
  return [
    tried('fresh memory, written', () => new Viewed(fresh()), writeEach),
    tried('a file in the page cache, written', () => new Viewed(Mapping.file(file, { write: true })), writeEach),
    tried('a file in the page cache, read', () => new Viewed(Mapping.file(file)), readEach),
  ];
}

function populated(): Case[] {
  using file = unnamedFile('tmpfs', scrambled(BYTES));
  const tried = (
    condition: string,
    prepare: () => Viewed,
    without: () => Viewed,
    touch: (v: Viewed) => unknown,
  ): Case => {
    const seen = faults(prepare, touch);
    const lazily = faults(without, touch);
    return {
      condition,
      measured: { faultsLater: figure('faults', readings(seen)) },
      controls: [control('without it there are some', 1, 'getrusage (thread)', Math.min(lazily.rusage, 1))],
      evidence: [told(lazily, 'mapped without it'), told(seen, 'mapped with it')],
    };
  };
  const populatedMemory = () => {
    const mapping = fresh();
    mapping.advise(MADV_POPULATE_WRITE);
    return new Viewed(mapping);
  };
  return [
    tried(
      'MAP_POPULATE on a file, read',
      () => new Viewed(Mapping.file(file, { populate: true })),
      () => new Viewed(Mapping.file(file)),
      readEach,
    ),
    tried('MADV_POPULATE_WRITE on fresh memory, written', populatedMemory, () => new Viewed(fresh()), writeEach),
  ];
}

/** VmLck of /proc/self/status, in pages. */
function lockedPages(): number {
  const kib = /^VmLck:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
  return (Number(kib) * 1024) / PAGE_SIZE;
}

function locked(): Case[] {
  const prepare = () => {
    const mapping = fresh();
    mapping.lock();
    return new Viewed(mapping);
  };
  const before = lockedPages();
  using one = prepare();
  const [resident, charged] = [one.mapping.resident(), lockedPages() - before];
  using other = new Viewed(fresh());
  const seen = faults(prepare, writeEach);
  return [
    {
      condition: '',
      measured: {
        pagesHeld: figure('pages', { mincore: resident, 'VmLck in /proc': charged }),
        faultsLater: figure('faults', readings(seen)),
      },
      controls: [control('memory that is not locked is not there', 0, 'mincore', other.mapping.resident())],
      evidence: [told(seen, 'locked, then written')],
    },
  ];
}

/** A line of the range's entry in /proc/self/smaps, in pages. */
function smapsPages(address: number, name: string): Reading['value'] {
  const text = readFileSync('/proc/self/smaps', 'latin1');
  const from = text.search(new RegExp(`^0*${address.toString(16)}-`, 'm'));
  const kib = new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(from < 0 ? '' : text.slice(from))?.[1];
  return kib === undefined ? { missing: 'no such range in /proc/self/smaps' } : (Number(kib) * 1024) / PAGE_SIZE;
}

function copyOnWrite(): Case[] {
  const content = scrambled(BYTES);
  const at = 7 * PAGE_SIZE;
  const tried = (condition: string, shared: boolean): Case => {
    using file = unnamedFile('tmpfs', content);
    const prepare = () => {
      const viewed = new Viewed(Mapping.file(file, { write: shared, populate: true }));
      readEach(viewed);
      return viewed;
    };
    const write = ({ bytes }: Viewed) => {
      bytes[at] = 255 - (content[at] as number);
    };
    const seen = faults(prepare, write);
    using one = prepare();
    const untouched = smapsPages(one.mapping.address, 'Anonymous');
    write(one);
    const copied = smapsPages(one.mapping.address, 'Anonymous');
    const again = faults(
      () => {
        const viewed = prepare();
        write(viewed);
        return viewed;
      },
      (viewed) => write(viewed),
    );
    using other = Mapping.file(file);
    const [byCall, byMapping] = [Buffer.alloc(BYTES), Buffer.alloc(BYTES)];
    file.pread(byCall, 0);
    other.read(0, byMapping);
    const changed = (now: Buffer) => content.reduce((n, byte, i) => n + Number(byte !== now[i]), 0);
    return {
      condition,
      measured: {
        pagesCopied: figure('pages', { 'Anonymous in /proc/self/smaps': copied }),
        faults: figure('faults', readings(seen)),
        fileChanged: figure('bytes', { pread: changed(byCall), 'another mapping': changed(byMapping) }),
      },
      controls: [
        control('no page is copied before the write', 0, '/proc/self/smaps', untouched),
        control('a second write to the page faults no more', 0, 'getrusage (thread)', again.rusage),
      ],
      evidence: [told(seen, 'one byte written')],
    };
  };
  return [tried('MAP_PRIVATE', false), tried('MAP_SHARED', true)];
}

function inKernel(): Case[] {
  using zero = File.open('/dev/zero');
  const prepare = () => new Viewed(fresh());
  const byCall = faults(prepare, ({ mapping }) => {
    read(zero.fd, mapping.address, BYTES);
  });
  const byHand = faults(prepare, writeEach);
  return [
    {
      condition: '',
      measured: {
        faults: figure('faults', readings(byCall)),
        modeSwitchesByFaults: figure('mode switches', { 'perf page-faults, user mode': byCall.user }),
      },
      controls:
        typeof byHand.user === 'number'
          ? [control('JavaScript writing the same pages faults in user mode', PAGES, 'perf page-faults', byHand.user)]
          : [],
      evidence: [told(byCall, 'one read(2) of /dev/zero'), told(byHand, 'written by JavaScript')],
    },
  ];
}

const SCOPE = `${PAGES} pages, faults of the calling thread; the fewest of 5 rounds`;

export const mappedClaims: readonly ClaimDefinition[] = [
  {
    id: 'mmap-on-demand',
    statement: {
      en: 'mmap reads nothing: each page is brought in by a page fault of its own at its first use.',
      zh: 'mmap 本身不读数据：每一页在第一次访问时各由一次缺页异常载入。',
    },
    source: 'notes, section 2 (mmap); mmap(2); xiaolincoder CS-Base zero_copy.md',
    scope: SCOPE,
    expected: { faultsPerPage: 1 },
    recorded: 'depends',
    note: {
      en: 'Reading a file that is in the page cache maps 16 pages around each fault (fault-around), so there are far fewer faults than pages.',
      zh: '读取已在页缓存中的文件时，每次缺页会顺带映射周围 16 页（fault-around），所以缺页次数远少于页数。',
    },
    judge: onDemand,
  },
  {
    id: 'populate-spares-faults',
    statement: {
      en: 'Memory that is populated when it is mapped costs no page fault later.',
      zh: '映射时预先填充（MAP_POPULATE）的内存，之后访问不再缺页。',
    },
    source: 'mmap(2), MAP_POPULATE; madvise(2), MADV_POPULATE_WRITE',
    scope: SCOPE,
    expected: { faultsLater: 0 },
    recorded: 'holds',
    judge: populated,
  },
  {
    id: 'mlock-keeps-pages',
    statement: {
      en: 'mlock fetches all pages at once and holds them in memory: using them never faults.',
      zh: 'mlock 一次载入全部页并锁在内存中：之后使用不会缺页。',
    },
    source: 'mlock(2)',
    scope: SCOPE,
    expected: { pagesHeld: PAGES, faultsLater: 0 },
    recorded: 'holds',
    judge: locked,
  },
  {
    id: 'private-mapping-copies-on-write',
    statement: {
      en: 'Writing to a mapped file copies just that page, and leaves the file as it is.',
      zh: '写入映射的文件只拷贝被写的那一页，文件本身不变。',
    },
    source: 'mmap(2), MAP_PRIVATE; textbooks on copy-on-write',
    scope: `one byte written to a file of ${PAGES} pages, all of them mapped`,
    expected: { pagesCopied: 1, fileChanged: 0 },
    recorded: 'depends',
    judge: copyOnWrite,
  },
  {
    id: 'read-faults-in-kernel',
    statement: {
      en: 'Where read fills fresh memory, the kernel takes the page faults itself, inside the call: they are no further mode switches.',
      zh: 'read 写入全新内存时，缺页由内核在系统调用内部处理，不增加模式切换。',
    },
    source: 'notes, section 2 (the count of switches)',
    scope: SCOPE,
    expected: { faults: PAGES, modeSwitchesByFaults: 0 },
    recorded: 'holds',
    judge: inKernel,
  },
];

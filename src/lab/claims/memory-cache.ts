/** What is said of the page cache: what it saves, what it brings in unasked, and what goes around it. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { SystemError } from '../../io/errors.ts';
import { File } from '../../io/file.ts';
import { Mapping, PAGE_SIZE } from '../../io/mapping.ts';
import { procIo } from '../../probe/proc-io.ts';
import { rusage } from '../../probe/rusage.ts';
import { O_DIRECT, O_RDONLY, POSIX_FADV_NORMAL, POSIX_FADV_RANDOM, pread } from '../../sys/fd.ts';
import { scrambled, unnamedFile } from '../unnamed.ts';
import type { Case, ClaimDefinition, Reading } from './claim.ts';
import { control, figure } from './readiness.ts';

const PAGES = 23;
const BYTES = PAGES * PAGE_SIZE;

/** Bytes that a disk had to supply to this thread while `work` ran. */
export function diskBytes(work: () => void): Record<string, number> {
  const io = procIo('thread').open();
  const usage = rusage('thread').open();
  try {
    usage.begin();
    io.begin();
    work();
    io.end();
    usage.end();
    return {
      '/proc/thread-self/io': io.difference().diskReadBytes ?? Number.NaN,
      'getrusage (thread)': usage.difference().diskReadBytes ?? Number.NaN,
    };
  } finally {
    io.close();
    usage.close();
  }
}

/** Pages of the file in the page cache, as cachestat(2) and mincore(2) tell. */
function cached(file: File): Record<string, Reading['value']> {
  using mapping = Mapping.file(file);
  return {
    cachestat: file.cached()?.cached ?? { missing: 'cachestat(2) needs Linux 6.5' },
    mincore: mapping.resident(),
  };
}

/** An unnamed file of so many pages on a disk, none of them in the page cache. Throws where they cannot be dropped. */
export function coldFile(pages: number): File {
  const file = unnamedFile('disk', scrambled(pages * PAGE_SIZE));
  try {
    cool(file);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

export function cool(file: File): void {
  file.dropCache();
  const left = cached(file).mincore;
  if (left !== 0)
    throw new Error(`${left} pages stay in the page cache: set TMPDIR to a directory on a disk (a tmpfs has none)`);
}

function reread(): Case[] {
  using file = coldFile(PAGES);
  const buffer = new Uint8Array(BYTES);
  const first = diskBytes(() => file.pread(buffer, 0));
  const before = cached(file);
  const second = diskBytes(() => file.pread(buffer, 0));
  cool(file);
  const third = diskBytes(() => file.pread(buffer, 0));
  return [
    {
      condition: '',
      measured: {
        diskBytesAgain: figure('bytes', second),
        diskBytesFirst: figure('bytes', first),
        pagesCached: figure('pages', before),
      },
      controls: [
        control(
          'the first read comes from the disk',
          BYTES,
          'getrusage (thread)',
          first['getrusage (thread)'] as number,
        ),
        control('dropped, it does again', BYTES, 'getrusage (thread)', third['getrusage (thread)'] as number),
      ],
      evidence: [
        {
          instrument: '/proc/thread-self/io',
          saw: `${BYTES} bytes read twice, ${second['/proc/thread-self/io']} from the disk the second time`,
        },
      ],
    },
  ];
}

const AHEAD_PAGES = 256;

/** What is in the cache once the reads that were started have come in: mincore(2) counts only what is there. */
async function settled(file: File): Promise<Record<string, Reading['value']>> {
  for (let i = 0; ; i++) {
    const now = cached(file);
    if (i === 200 || typeof now.cachestat !== 'number' || now.cachestat === now.mincore) return now;
    await sleep(1);
  }
}

async function readAhead(): Promise<Case[]> {
  const tried = async (condition: string, advice: number): Promise<Case> => {
    using file = coldFile(AHEAD_PAGES);
    file.fadvise(0, 0, advice);
    file.pread(new Uint8Array(1), 0);
    const one = await settled(file);
    return {
      condition,
      measured: { pagesForOneByte: figure('pages', one) },
      controls: [],
      evidence: [{ instrument: 'mincore', saw: `one byte read, ${one.mincore} pages in the page cache` }],
    };
  };
  return [await tried('no advice', POSIX_FADV_NORMAL), await tried('POSIX_FADV_RANDOM', POSIX_FADV_RANDOM)];
}

/** Bytes that were to be written to a disk and never will be, since they were cut off first. */
function cancelled(work: () => void): number {
  const read = () =>
    Number(/^cancelled_write_bytes: (\d+)$/m.exec(readFileSync('/proc/thread-self/io', 'latin1'))?.[1]);
  const before = read();
  work();
  return read() - before;
}

const ROUNDS = 3;

function writeBack(): Case[] {
  const content = scrambled(BYTES);
  const buffer = new Uint8Array(BYTES);
  const written = (sync: boolean): Record<string, Reading['value']> => {
    using file = unnamedFile('disk', content);
    if (sync) file.datasync();
    const dirty = file.cached()?.dirty ?? { missing: 'cachestat(2) needs Linux 6.5' };
    return {
      cachestat: dirty,
      'cancelled writes in /proc': cancelled(() => file.truncate(0)) / PAGE_SIZE,
    };
  };
  // the kernel writes back when it likes to, too: then fewer pages are dirty than were written
  let now = written(false);
  for (let i = 1; i < ROUNDS && (now['cancelled writes in /proc'] !== PAGES || now.cachestat !== PAGES); i++)
    now = written(false);
  using file = unnamedFile('disk', content);
  const disk = diskBytes(() => file.pread(buffer, 0));
  return [
    {
      condition: '',
      measured: {
        dirtyAfterWrite: figure('pages', now),
        dirtyAfterSync: figure('pages', written(true)),
      },
      controls: [
        control(
          'what was written is read without the disk',
          0,
          'getrusage (thread)',
          disk['getrusage (thread)'] as number,
        ),
        control('and is what was written', 0, 'pread', Buffer.compare(buffer, content)),
      ],
      evidence: [
        { instrument: 'cachestat', saw: `write(2) of ${PAGES} pages had returned, and they were only in memory` },
        { instrument: 'cancelled writes in /proc', saw: 'cut off before fdatasync, they never went to the disk' },
      ],
    },
  ];
}

/** The same file opened once more, without the page cache. */
function openDirect(file: File): File {
  try {
    return File.open(`/proc/self/fd/${file.fd}`, O_RDONLY | O_DIRECT);
  } catch (error) {
    if (error instanceof SystemError && error.code === 'EINVAL')
      throw new Error(
        'the file system of the temporary directory has no O_DIRECT: set TMPDIR to a directory on a disk',
      );
    throw error;
  }
}

function direct(): Case[] {
  using file = coldFile(PAGES);
  using around = openDirect(file);
  using memory = Mapping.anonymous(BYTES);
  const read = () => diskBytes(() => around.pread(memory.address, 0, BYTES));
  const first = read();
  const second = read();
  const after = cached(file);
  // one byte further neither the memory nor the place in the file is aligned
  const crooked = pread(around.fd, memory.address + 1, 512, 1);
  file.pread(new Uint8Array(BYTES), 0);
  return [
    {
      condition: '',
      measured: {
        pagesCached: figure('pages', after),
        diskBytesAgain: figure('bytes', second),
        diskBytesFirst: figure('bytes', first),
        unaligned: figure('result of pread', { 'return value': crooked }),
      },
      controls: [
        control('an ordinary read leaves all pages in the cache', PAGES, 'mincore', cached(file).mincore ?? 0),
      ],
      evidence: [
        { instrument: 'mincore', saw: `read twice with O_DIRECT, ${after.mincore} pages in the page cache` },
        { instrument: 'return value', saw: `at an odd address and position pread(2) answers ${crooked}` },
      ],
    },
  ];
}

const DISK = 'an unnamed file in the temporary directory, which is on a disk';

export const cacheClaims: readonly ClaimDefinition[] = [
  {
    id: 'page-cache-spares-disk',
    statement: {
      en: 'A file that was read once is in the page cache: reading it again needs no disk.',
      zh: '读过一次的文件在页缓存里：再读不需要访问磁盘。',
    },
    source: 'notes, section 2 (the kernel buffer); xiaolincoder CS-Base zero_copy.md (PageCache)',
    scope: `pread of ${PAGES} pages of ${DISK}`,
    expected: { diskBytesAgain: 0 },
    recorded: 'holds',
    judge: reread,
  },
  {
    id: 'read-ahead',
    statement: {
      en: 'The kernel reads ahead: one byte that is read brings in pages that nobody asked for.',
      zh: '内核会预读：读一个字节会带入没有请求过的页。',
    },
    source: 'xiaolincoder CS-Base zero_copy.md (PageCache); posix_fadvise(2)',
    scope: `one byte at the beginning of ${AHEAD_PAGES} pages of ${DISK}, cold`,
    expected: { pagesForOneByte: { min: 2 } },
    recorded: 'depends',
    judge: readAhead,
  },
  {
    id: 'write-goes-to-page-cache',
    statement: {
      en: 'write returns when the bytes are in the page cache; fdatasync is what brings them to the disk.',
      zh: 'write 把数据写进页缓存就返回；fdatasync 才把它们写到磁盘。',
    },
    source: 'notes, section 2 (the kernel buffer); write(2), fsync(2)',
    scope: `pwrite of ${PAGES} pages to ${DISK}`,
    expected: { dirtyAfterWrite: PAGES, dirtyAfterSync: 0 },
    recorded: 'holds',
    judge: writeBack,
  },
  {
    id: 'o-direct-bypasses-page-cache',
    statement: {
      en: 'O_DIRECT goes around the page cache: nothing stays there, and each read comes from the disk.',
      zh: 'O_DIRECT 绕过页缓存：不留下任何页，每次读都来自磁盘。',
    },
    source: 'xiaolincoder CS-Base zero_copy.md (large files); open(2), O_DIRECT',
    scope: `pread of ${PAGES} pages of ${DISK}, into page-aligned memory`,
    expected: { pagesCached: 0, diskBytesAgain: BYTES },
    recorded: 'holds',
    note: {
      en: 'Memory, position and length must be multiples of the disk’s block, else the call is refused (EINVAL).',
      zh: '内存地址、文件位置和长度都必须按磁盘块对齐，否则调用被拒绝（EINVAL）。',
    },
    judge: direct,
  },
];

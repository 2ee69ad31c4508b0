/**
 * Which pages of a file are in memory, told by two calls that know nothing of each other: mincore(2) looks through a
 * mapping, cachestat(2) walks the page cache itself. No privilege; but of a file that the user neither owns nor may write,
 * mincore says that all pages are there (since Linux 5.2), so there is no figure for those.
 */
import { accessSync, constants, fstatSync } from 'node:fs';
import { describeErrno } from '../io/errors.ts';
import { File } from '../io/file.ts';
import { Mapping } from '../io/mapping.ts';
import type { Evidence } from '../model/evidence.ts';
import { type Capability, refused, works } from '../model/works.ts';
import { memfdCreate } from '../sys/fd.ts';
import { cachestat, PAGE_SIZE } from '../sys/mmap.ts';
import { CACHESTAT_SIZE, type Cachestat, readCachestat } from '../sys/structs.ts';
import { once } from './instrument.ts';

const UNIT = 'pages';

export interface PageCacheRange {
  /** Bytes from the start of the file, rounded down to a page. Default 0. */
  readonly offset?: number;
  /** Bytes. Default: to the end of the file. */
  readonly length?: number;
}

export interface PageCacheSeen {
  /** Pages of the range; a part of a page counts as one. */
  readonly pages: number;
  /** Of these, in memory: what both calls say. Missing where they differ. */
  readonly resident: Evidence;
  /** Of these, changed and not written back yet: cachestat alone can tell, since Linux 6.5. */
  readonly dirty: Evidence;
}

/** mincore(2) tells the truth to these only. */
function mayLook(fd: number): boolean {
  if (fstatSync(fd).uid === process.geteuid?.()) return true;
  try {
    accessSync(`/proc/self/fd/${fd}`, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

type Answer<T> = { readonly value: T } | { readonly missing: string };

function byMincore(file: File, offset: number, length: number): Answer<number> {
  if (!mayLook(file.fd)) return { missing: 'mincore tells only of files that this user owns or may write' };
  const mapping = Mapping.file(file, { offset, length });
  try {
    return { value: mapping.resident() };
  } finally {
    mapping.close();
  }
}

function byCachestat(file: File, offset: number, length: number): Answer<Cachestat> {
  const out = new BigUint64Array(CACHESTAT_SIZE / 8);
  const result = cachestat(file.fd, offset, length, out, 0);
  return result === 0
    ? { value: readCachestat(out) }
    : { missing: `cachestat answers ${describeErrno(-result)[0]}: it came with Linux 6.5` };
}

/** Throws SystemError: EBADF, EACCES or ENODEV (a file that cannot be mapped). An empty range has no pages. */
export function pageCache(file: File, { offset = 0, length }: PageCacheRange = {}): PageCacheSeen {
  const from = Math.floor(offset / PAGE_SIZE) * PAGE_SIZE;
  const bytes = Math.max(
    0,
    Math.min(file.size(), length === undefined ? Number.POSITIVE_INFINITY : offset + length) - from,
  );
  const pages = Math.ceil(bytes / PAGE_SIZE);
  if (pages === 0) {
    const none: Evidence = { value: 0, unit: UNIT, instrument: 'the size of the range' };
    return { pages, resident: none, dirty: none };
  }
  const looked = byMincore(file, from, bytes);
  const walked = byCachestat(file, from, bytes);
  const dirty: Evidence =
    'missing' in walked ? walked : { value: walked.value.dirty, unit: UNIT, instrument: 'cachestat (one instrument)' };
  return { pages, resident: resident(looked, walked), dirty };
}

function resident(looked: Answer<number>, walked: Answer<Cachestat>): Evidence {
  if ('missing' in looked)
    return 'missing' in walked
      ? { missing: `${looked.missing}; ${walked.missing}` }
      : { value: walked.value.cached, unit: UNIT, instrument: 'cachestat (one instrument)' };
  if ('missing' in walked) return { value: looked.value, unit: UNIT, instrument: 'mincore (one instrument)' };
  if (looked.value === walked.value.cached)
    return { value: looked.value, unit: UNIT, instrument: 'mincore, cachestat' };
  return { missing: `mincore sees ${looked.value} pages in memory, and cachestat ${walked.value.cached}` };
}

const PRIME = 23;

/** Tried on a file in memory, of which 23 pages are there and 6 are not. */
export const pageCacheLook: () => Capability = once(() => {
  using file = File.own(memfdCreate('iolab', 0));
  file.truncate((PRIME + 6) * PAGE_SIZE);
  file.pwrite(new Uint8Array(PRIME * PAGE_SIZE), 0);
  const { resident } = pageCache(file);
  if ('missing' in resident) return refused(resident.missing);
  return resident.value === PRIME ? works : refused(`${PRIME} pages in memory are told as ${resident.value}`);
});

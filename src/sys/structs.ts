/**
 * The C structures that calls fill in or take, as values. Offsets come from the C headers; a structure is decoded from the
 * view's first byte. A value that JavaScript's numbers cannot hold exactly is refused, never rounded.
 */
import { type Layout, layout, offsetOf, type View } from '../native.ts';

// x86-64 and arm64 are both little-endian; so the low half of a field that is 64 bits wide on one of them and 32 on the
// other (st_nlink, st_blksize) is where the narrow one is
const LITTLE = true;

function over(view: View, structure: Layout, name: string): DataView {
  if (view.byteLength < structure.size)
    throw new RangeError(`iolab: struct ${name} has ${structure.size} bytes, but the view has ${view.byteLength}`);
  return new DataView(view.buffer, view.byteOffset, view.byteLength);
}

/** 64 bits, signed, as a safe integer. Two halves, since a bigint costs an allocation. */
function safe(data: DataView, offset: number, name: string): number {
  const value = data.getInt32(offset + 4, LITTLE) * 2 ** 32 + data.getUint32(offset, LITTLE);
  if (Number.isSafeInteger(value)) return value;
  throw new RangeError(
    `iolab: ${name} is ${data.getBigInt64(offset, LITTLE)}, which no number can hold; read it with getBigInt64(${offset}, true)`,
  );
}

const stat = layout('stat');
const timespec = layout('timespec');
const timeval = layout('timeval');
const rusage = layout('rusage');
const rlimit = layout('rlimit');
const cachestat = layout('cachestat');

/** Bytes of the buffers that fstat, getrusage, clock_gettime, prlimit and cachestat fill; all want an alignment of 8. */
export const STAT_SIZE = stat.size;
export const RUSAGE_SIZE = rusage.size;
export const TIMESPEC_SIZE = timespec.size;
export const RLIMIT_SIZE = rlimit.size;
export const CACHESTAT_SIZE = cachestat.size;

/** No limit, as struct rlimit spells it. */
export const RLIM_INFINITY: bigint = 2n ** 64n - 1n;

/** `struct timespec` in nanoseconds. */
export function readTimespec(buf: View): bigint {
  return nanoseconds(over(buf, timespec, 'timespec'), 0);
}

function nanoseconds(data: DataView, at: number): bigint {
  const seconds = data.getBigInt64(at + offsetOf(timespec, 'tv_sec'), LITTLE);
  return seconds * 1_000_000_000n + data.getBigInt64(at + offsetOf(timespec, 'tv_nsec'), LITTLE);
}

export interface Stat {
  /** Device and inode name a file; both use all 64 bits on some file systems. */
  dev: bigint;
  ino: bigint;
  /** Kind and permissions: `(mode & S_IFMT) === S_IFREG`. */
  mode: number;
  nlink: number;
  /** Bytes. */
  size: number;
  /** Bytes that are good to read at once. */
  blksize: number;
  /** What it takes on the disk, in units of 512 bytes, whatever the file system's block is. */
  blocks: number;
  /** Nanoseconds since 1970. */
  mtimeNs: bigint;
  ctimeNs: bigint;
}

/** `struct stat`, as fstat fills it. */
export function readStat(buf: View): Stat {
  const data = over(buf, stat, 'stat');
  const at = (field: string) => offsetOf(stat, field);
  return {
    dev: data.getBigUint64(at('st_dev'), LITTLE),
    ino: data.getBigUint64(at('st_ino'), LITTLE),
    mode: data.getUint32(at('st_mode'), LITTLE),
    nlink: data.getUint32(at('st_nlink'), LITTLE),
    size: safe(data, at('st_size'), 'st_size'),
    blksize: data.getUint32(at('st_blksize'), LITTLE),
    blocks: safe(data, at('st_blocks'), 'st_blocks'),
    mtimeNs: nanoseconds(data, at('st_mtim')),
    ctimeNs: nanoseconds(data, at('st_ctim')),
  };
}

export interface Rusage {
  /** CPU time in user mode and in the kernel, in microseconds. */
  utimeUs: number;
  stimeUs: number;
  /** The most memory that was ever resident, in KiB; the process's own also when a thread is asked. */
  maxrss: number;
  /** Page faults served without and with reading from a disk. */
  minflt: number;
  majflt: number;
  /** Blocks of 512 bytes that storage had to read and write. */
  inblock: number;
  oublock: number;
  /** Context switches: it waited (voluntary), it was preempted (involuntary). */
  nvcsw: number;
  nivcsw: number;
}

/** `struct rusage`, as getrusage fills it. */
export function readRusage(buf: View): Rusage {
  const data = over(buf, rusage, 'rusage');
  const long = (field: string) => safe(data, offsetOf(rusage, field), field);
  const micros = (field: string) => {
    const at = offsetOf(rusage, field);
    const seconds = safe(data, at + offsetOf(timeval, 'tv_sec'), field);
    return seconds * 1_000_000 + safe(data, at + offsetOf(timeval, 'tv_usec'), field);
  };
  return {
    utimeUs: micros('ru_utime'),
    stimeUs: micros('ru_stime'),
    maxrss: long('ru_maxrss'),
    minflt: long('ru_minflt'),
    majflt: long('ru_majflt'),
    inblock: long('ru_inblock'),
    oublock: long('ru_oublock'),
    nvcsw: long('ru_nvcsw'),
    nivcsw: long('ru_nivcsw'),
  };
}

export interface Rlimit {
  /** What holds now; {@link RLIM_INFINITY} for none. */
  soft: bigint;
  /** How far the process may raise it itself. */
  hard: bigint;
}

/** `struct rlimit`, as prlimit fills it. */
export function readRlimit(buf: View): Rlimit {
  const data = over(buf, rlimit, 'rlimit');
  return {
    soft: data.getBigUint64(offsetOf(rlimit, 'rlim_cur'), LITTLE),
    hard: data.getBigUint64(offsetOf(rlimit, 'rlim_max'), LITTLE),
  };
}

/** The other way round: a new `struct rlimit` for prlimit to read. */
export function encodeRlimit({ soft, hard }: Rlimit): Uint8Array {
  for (const [name, value] of Object.entries({ soft, hard }))
    if (value < 0n || value > RLIM_INFINITY)
      throw new RangeError(`iolab: the ${name} limit must be 0 to 2^64 - 1 (RLIM_INFINITY), got ${value}`);
  const out = new Uint8Array(rlimit.size);
  const data = new DataView(out.buffer);
  data.setBigUint64(offsetOf(rlimit, 'rlim_cur'), soft, LITTLE);
  data.setBigUint64(offsetOf(rlimit, 'rlim_max'), hard, LITTLE);
  return out;
}

/** Counts of pages. */
export interface Cachestat {
  /** In the page cache. */
  cached: number;
  /** Of these, changed and not written back yet. */
  dirty: number;
  /** On their way to the disk. */
  writeback: number;
  /** Were in the cache and are not any more, as far as it remembers. */
  evicted: number;
  /** Of these, so recently that reading them again would show memory is short. */
  recentlyEvicted: number;
}

/** `struct cachestat`, as cachestat fills it. */
export function readCachestat(buf: View): Cachestat {
  const data = over(buf, cachestat, 'cachestat');
  const pages = (field: string) => safe(data, offsetOf(cachestat, field), field);
  return {
    cached: pages('nr_cache'),
    dirty: pages('nr_dirty'),
    writeback: pages('nr_writeback'),
    evicted: pages('nr_evicted'),
    recentlyEvicted: pages('nr_recently_evicted'),
  };
}

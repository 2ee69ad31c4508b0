import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/native.ts';
import { fadvise, fdatasync, ftruncate, POSIX_FADV_DONTNEED, pread, pwrite, read } from '../../src/sys/fd.ts';
import * as mem from '../../src/sys/mmap.ts';
import { prlimit, RLIMIT_MEMLOCK } from '../../src/sys/process.ts';
import { CACHESTAT_SIZE, encodeRlimit, RLIMIT_SIZE, readRlimit } from '../../src/sys/structs.ts';
import { addonEnv } from '../support/compiled.ts';
import { errno } from '../support/errno.ts';
import { CAP_IPC_LOCK, capable, filled, isRoot, map, open, pageCache, pipe } from '../support/raw.ts';
import { pattern, tempDir, tempFile } from '../support/temp.ts';

const { runtime } = native;
const { MAP_SHARED, MAP_PRIVATE, MAP_ANONYMOUS, PROT_READ, PROT_WRITE, PROT_NONE, PAGE_SIZE } = mem;
const RW = PROT_READ | PROT_WRITE;
const ANON = MAP_PRIVATE | MAP_ANONYMOUS;

const sanitized = /[at]san/.test(process.env.LD_PRELOAD ?? '');

/** What /proc/self/smaps says of the mapping at `address`; a private one might have merged with its neighbour. */
function smaps(address: number, field: string): string {
  const text = readFileSync('/proc/self/smaps', 'latin1');
  const start = text.indexOf(`\n${address.toString(16).padStart(8, '0')}-`);
  expect(start).toBeGreaterThanOrEqual(0);
  return new RegExp(`${field}:\\s*(.*)`).exec(text.slice(start))?.[1] ?? '';
}

function bytes(address: number, count: number): Buffer {
  const into = Buffer.alloc(count);
  expect(mem.processVmReadv(address, count, into)).toBe(count);
  return into;
}

describe('mmap', () => {
  test('shows the file: shared both ways, private one way', () => {
    const file = filled(2 * PAGE_SIZE);
    const shared = map(2 * PAGE_SIZE, RW, MAP_SHARED, file);
    const own = map(2 * PAGE_SIZE, RW, MAP_PRIVATE, file);
    expect(bytes(shared, 2 * PAGE_SIZE).equals(pattern(2 * PAGE_SIZE))).toBe(true);
    expect(mem.processVmWritev(shared, 3, Buffer.from('abc'))).toBe(3);
    expect(mem.processVmWritev(own + PAGE_SIZE, 3, Buffer.from('xyz'))).toBe(3);
    const now = Buffer.alloc(3);
    pread(file, now, 3, 0);
    expect(now.toString()).toBe('abc');
    expect(bytes(own, 3).toString()).toBe('abc');
    pread(file, now, 3, PAGE_SIZE);
    expect(now.equals(pattern(2 * PAGE_SIZE).subarray(PAGE_SIZE, PAGE_SIZE + 3))).toBe(true);
  });

  test('begins at an offset, also as a bigint and beyond 4 GiB', () => {
    const file = filled(1);
    const far = 5n * 2n ** 30n;
    pwrite(file, Buffer.from('far'), 3, far);
    const address = mem.mmap(PAGE_SIZE, PROT_READ, MAP_SHARED, file, far);
    expect(bytes(address, 4).toString()).toBe('far\0');
    expect(mem.munmap(address)).toBe(0);
  });

  test.each<[string, number | bigint, number, number, () => number, number | bigint, number]>([
    ['an empty length', 0, RW, ANON, () => -1, 0, errno.EINVAL],
    ['neither shared nor private', PAGE_SIZE, RW, MAP_ANONYMOUS, () => -1, 0, errno.EINVAL],
    ['no file', PAGE_SIZE, RW, MAP_SHARED, () => -1, 0, errno.EBADF],
    ['a pipe', PAGE_SIZE, RW, MAP_SHARED, () => pipe().read, 0, errno.EACCES],
    ['a directory', PAGE_SIZE, PROT_READ, MAP_SHARED, () => open(tempDir()), 0, errno.ENODEV],
    [
      'writing to a file that is open for reading',
      PAGE_SIZE,
      RW,
      MAP_SHARED,
      () => open('/etc/passwd'),
      0,
      errno.EACCES,
    ],
    [
      'a file that is open for writing only',
      PAGE_SIZE,
      PROT_READ,
      MAP_SHARED,
      () => open(tempFile(1), 1),
      0,
      errno.EACCES,
    ],
    ['an offset within a page', PAGE_SIZE, RW, MAP_SHARED, () => filled(1), 100, errno.EINVAL],
    ['an end beyond 2^63', 2 * PAGE_SIZE, RW, MAP_SHARED, () => filled(1), 2n ** 63n - 4096n, errno.EOVERFLOW],
    ['2^46 bytes', 2 ** 46, RW, ANON, () => -1, 0, errno.ENOMEM],
    ['2^63 - 1 bytes', 2n ** 63n - 1n, RW, ANON, () => -1, 0, errno.ENOMEM],
    ['MAP_FIXED', PAGE_SIZE, RW, ANON | 0x10, () => -1, 0, errno.EINVAL],
    ['MAP_HUGETLB', 2 << 20, RW, ANON | 0x40000, () => -1, 0, errno.EINVAL],
    ['MAP_FIXED_NOREPLACE', PAGE_SIZE, RW, ANON | 0x100000, () => -1, 0, errno.EINVAL],
    ['MAP_GROWSDOWN', PAGE_SIZE, RW, ANON | 0x100, () => -1, 0, errno.EINVAL],
  ])('refuses %s', (_what, length, prot, flags, fd, offset, code) => {
    expect(mem.mmap(length as number, prot, flags, fd(), offset)).toBe(-code);
    expect(runtime.mappings()).toBe(0);
  });

  test.skipIf(capable(CAP_IPC_LOCK))('MAP_LOCKED beyond RLIMIT_MEMLOCK is EAGAIN (CAP_IPC_LOCK may)', () => {
    expect(mem.mmap(memlock() + PAGE_SIZE, RW, ANON | mem.MAP_LOCKED, -1, 0)).toBe(-errno.EAGAIN);
  });

  test.skipIf(sanitized)('ends with ENOMEM at vm.max_map_count (sanitizers need mappings themselves)', () => {
    // In a child, since V8 dies when it needs a mapping itself just then; and with everything compiled beforehand.
    const script = `
      const { sys, runtime } = require(process.env.IOLAB_ADDON);
      const made = new Float64Array(2 ** 17);
      const whole = sys.mmap(3 * 4096, 3, 0x22, -1, 0);
      let cut = 0;
      function round(most) {
        let n = 0, r = 0;
        // neighbours with different rights do not merge into one
        while (n < most && (r = sys.mmap(4096, n % 2 ? 3 : 1, 0x22, -1, 0)) > 0) made[n++] = r;
        if (n < most) cut = sys.munmap(whole + 4096, 4096);
        let failed = 0;
        for (let i = 0; i < n; i++) if (sys.munmap(made[i]) !== 0) failed++;
        return { n, r, failed };
      }
      round(1000);
      const { n, r, failed } = round(made.length);
      const later = sys.munmap(whole + 4096, 4096);
      console.log(JSON.stringify({ n, r, cut, failed, later, left: runtime.mappings() }));`;
    const out = execFileSync(process.execPath, ['--single-threaded', '-e', script], {
      encoding: 'utf8',
      env: { ...process.env, ...addonEnv },
    });
    const { n, ...rest } = JSON.parse(out);
    expect(rest).toEqual({ r: -errno.ENOMEM, cut: -errno.ENOMEM, failed: 0, later: 0, left: 2 });
    expect(n).toBeLessThan(Number(readFileSync('/proc/sys/vm/max_map_count', 'utf8')));
  });
});

function memlock(): number {
  const old = new Uint8Array(RLIMIT_SIZE);
  prlimit(0, RLIMIT_MEMLOCK, null, old);
  return Number(readRlimit(old).soft);
}

describe('an address', () => {
  test('counts only inside a mapping of ours', () => {
    const address = map(2 * PAGE_SIZE);
    const refused = /addr must be an address inside a mapping made by mmap in this thread/;
    for (const bad of [0, 4096, address - 1, address + 2 * PAGE_SIZE]) {
      expect(() => mem.munmap(bad)).toThrow(refused);
      expect(() => mem.madvise(bad, 1, mem.MADV_DONTNEED)).toThrow(refused);
      expect(() => mem.processVmWritev(bad, 1, Buffer.alloc(1))).toThrow(refused);
    }
    expect(() => mem.mlock(address, 2 * PAGE_SIZE + 1)).toThrow(/addr has 8192/);
    expect(() => mem.munmap(new Uint8Array(1) as never)).toThrow(TypeError);
    expect(() => mem.munmap(Number.NaN)).toThrow(RangeError);
  });

  test('does not once it is unmapped', () => {
    const address = map(PAGE_SIZE);
    expect(mem.munmap(address)).toBe(0);
    expect(() => mem.munmap(address)).toThrow(RangeError);
    expect(() => read(0, address, 1)).toThrow(RangeError);
  });
});

describe('munmap', () => {
  test('of a part leaves both sides, each for itself', () => {
    const address = map(4 * PAGE_SIZE);
    mem.processVmWritev(address + 3 * PAGE_SIZE, 1, Buffer.from('z'));
    expect(mem.munmap(address + PAGE_SIZE, PAGE_SIZE + 1)).toBe(0);
    expect(runtime.mappings()).toBe(2);
    expect(() => bytes(address + PAGE_SIZE, 1)).toThrow(RangeError);
    expect(() => bytes(address, PAGE_SIZE + 1)).toThrow(/addr has 4096/);
    expect(bytes(address + 3 * PAGE_SIZE, 1).toString()).toBe('z');
    expect(mem.munmap(address)).toBe(0);
    expect(mem.munmap(address + 3 * PAGE_SIZE)).toBe(0);
  });

  test('gives everything back: 20,000 mappings, one at a time', () => {
    const pages = () => Number(readFileSync('/proc/self/statm', 'latin1').split(' ')[0]);
    const before = pages();
    for (let i = 0; i < 20_000; i++) mem.munmap(mem.mmap(16 * PAGE_SIZE, RW, ANON, -1, 0));
    expect(runtime.mappings()).toBe(0);
    // 20,000 lost mappings would be 320,000 pages; what the runtime takes for itself is far less
    expect(pages() - before).toBeLessThan(100_000);
  });

  test('refuses no length and an address within a page', () => {
    const address = map(PAGE_SIZE);
    expect(mem.munmap(address, 0)).toBe(-errno.EINVAL);
    expect(mem.munmap(address + 1)).toBe(-errno.EINVAL);
    expect(runtime.mappings()).toBe(1);
  });

  test('is EBUSY while an ArrayBuffer looks into it', () => {
    const address = map(PAGE_SIZE);
    const view = runtime.view(address) as ArrayBuffer;
    expect(view.byteLength).toBe(PAGE_SIZE);
    expect(mem.munmap(address)).toBe(-errno.EBUSY);
    expect(mem.munmap(address, PAGE_SIZE)).toBe(-errno.EBUSY);
    expect(runtime.unmap(address)).toBe(0);
    expect(view.byteLength).toBe(0);
  });
});

describe('processVmReadv and processVmWritev', () => {
  test('copy a window, and no more than fits', () => {
    const address = map(PAGE_SIZE);
    expect(mem.processVmWritev(address + 5, undefined, Buffer.from('hello'), 1)).toBe(4);
    const into = new Uint8Array(8).fill(46);
    expect(mem.processVmReadv(address + 5, 3, into, 2)).toBe(3);
    expect(Buffer.from(into).toString()).toBe('..ell...');
    expect(mem.processVmReadv(address, undefined, into, 6)).toBe(2);
    expect(mem.processVmReadv(address, undefined, into, 8)).toBe(0);
    expect(() => mem.processVmReadv(address, 1, into, 9)).toThrow(/at: bytes 9 to 9 needed, but to has 8/);
  });

  test('past the end of a file that shrank: short, then EFAULT, never SIGBUS', () => {
    const file = filled(4 * PAGE_SIZE);
    const address = map(4 * PAGE_SIZE, RW, MAP_SHARED, file);
    const into = Buffer.alloc(4 * PAGE_SIZE, 0xee);
    ftruncate(file, PAGE_SIZE + 1);
    expect(mem.processVmReadv(address, undefined, into)).toBe(2 * PAGE_SIZE);
    // the rest of the last page is zeros, and what lies beyond was not touched
    expect([into[PAGE_SIZE + 1], into[2 * PAGE_SIZE]]).toEqual([0, 0xee]);
    expect(mem.processVmReadv(address + 2 * PAGE_SIZE, undefined, into)).toBe(-errno.EFAULT);
    expect(mem.processVmWritev(address + 2 * PAGE_SIZE, 1, into)).toBe(-errno.EFAULT);
    ftruncate(file, 4 * PAGE_SIZE);
    expect(mem.processVmReadv(address, undefined, into)).toBe(4 * PAGE_SIZE);
  });

  test('heed the rights of the mapping', () => {
    const one = Buffer.alloc(1);
    expect(mem.processVmReadv(map(PAGE_SIZE, PROT_NONE), 1, one)).toBe(-errno.EFAULT);
    expect(mem.processVmWritev(map(PAGE_SIZE, PROT_READ), 1, one)).toBe(-errno.EFAULT);
  });
});

describe('madvise', () => {
  test('DONTNEED empties anonymous pages', () => {
    const address = map(PAGE_SIZE);
    mem.processVmWritev(address, 1, Buffer.from('x'));
    expect(mem.madvise(address, undefined, mem.MADV_DONTNEED)).toBe(0);
    expect(bytes(address, 1)[0]).toBe(0);
  });

  test('POPULATE_WRITE fetches each page, and POPULATE_READ reports one that is not there', (ctx) => {
    const address = map(8 * PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS);
    expect(smaps(address, 'Rss')).toBe('0 kB');
    const populated = mem.madvise(address, 3 * PAGE_SIZE, mem.MADV_POPULATE_WRITE);
    if (populated === -errno.EINVAL) ctx.skip('MADV_POPULATE_WRITE needs Linux 5.14');
    const vec = new Uint8Array(8);
    mem.mincore(address, undefined, vec);
    expect([...vec]).toEqual([1, 1, 1, 0, 0, 0, 0, 0]);
    const file = filled(PAGE_SIZE);
    const beyond = map(2 * PAGE_SIZE, PROT_READ, MAP_SHARED, file);
    expect(mem.madvise(beyond, undefined, mem.MADV_POPULATE_READ)).toBe(-errno.EFAULT);
  });

  test('takes the advice that it exports and no other', () => {
    const address = map(PAGE_SIZE);
    const harmless = [mem.MADV_NORMAL, mem.MADV_RANDOM, mem.MADV_SEQUENTIAL, mem.MADV_WILLNEED, mem.MADV_NOHUGEPAGE];
    for (const advice of harmless) expect(mem.madvise(address, undefined, advice)).toBe(0);
    const [REMOVE, DONTFORK, MERGEABLE, WIPEONFORK, HWPOISON, SOFT_OFFLINE] = [9, 10, 12, 18, 100, 101];
    for (const advice of [REMOVE, DONTFORK, MERGEABLE, WIPEONFORK, HWPOISON, SOFT_OFFLINE, -1])
      expect(mem.madvise(address, undefined, advice as number)).toBe(-errno.EINVAL);
    expect(mem.madvise(address + 1, 1, mem.MADV_NORMAL)).toBe(-errno.EINVAL);
  });
});

describe('mincore, mlock, msync', () => {
  test('mincore sees a file leave the cache and come back', (ctx) => {
    const file = filled(16 * PAGE_SIZE);
    const address = map(16 * PAGE_SIZE, PROT_READ, MAP_SHARED, file);
    const vec = new Uint8Array(16);
    const resident = () => mem.mincore(address, undefined, vec) || vec.filter((page) => page & 1).length;
    expect(resident()).toBe(16);
    fdatasync(file);
    fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    if (resident() === 16) ctx.skip('this file system keeps its pages in memory (tmpfs)');
    expect(resident()).toBe(0);
    expect(mem.mlock(address, 3 * PAGE_SIZE)).toBe(0);
    expect(resident()).toBeGreaterThanOrEqual(3);
    expect(mem.munlock(address)).toBe(0);
  });

  test('mincore wants a byte per page, and a whole page', () => {
    const address = map(3 * PAGE_SIZE);
    expect(mem.mincore(address, undefined, new Uint8Array(2))).toBe(-errno.EINVAL);
    expect(mem.mincore(address + 1, 1, new Uint8Array(3))).toBe(-errno.EINVAL);
    const vec = new Uint8Array(3).fill(7);
    expect(mem.mincore(address, PAGE_SIZE + 1, vec)).toBe(0);
    expect([...vec]).toEqual([0, 0, 7]);
  });

  test('mlock keeps pages, refuses what cannot be had, and DONTNEED respects it', () => {
    const address = map(4 * PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS);
    expect(mem.mlock(address)).toBe(0);
    expect(smaps(address, 'Locked')).toBe('16 kB');
    expect(mem.madvise(address, undefined, mem.MADV_DONTNEED)).toBe(-errno.EINVAL);
    expect(mem.msync(address, undefined, mem.MS_INVALIDATE)).toBe(-errno.EBUSY);
    expect(mem.munlock(address)).toBe(0);
    expect(mem.mlock(map(PAGE_SIZE, PROT_NONE))).toBe(-errno.ENOMEM);
  });

  test.skipIf(capable(CAP_IPC_LOCK))('mlock beyond RLIMIT_MEMLOCK is ENOMEM, and EPERM at 0 (CAP_IPC_LOCK may)', () => {
    const address = map(64 * PAGE_SIZE);
    const before = new Uint8Array(RLIMIT_SIZE);
    prlimit(0, RLIMIT_MEMLOCK, null, before);
    const { hard } = readRlimit(before);
    try {
      prlimit(0, RLIMIT_MEMLOCK, encodeRlimit({ soft: BigInt(PAGE_SIZE), hard }), null);
      expect(mem.mlock(address)).toBe(-errno.ENOMEM);
      prlimit(0, RLIMIT_MEMLOCK, encodeRlimit({ soft: 0n, hard }), null);
      expect(mem.mlock(address, 1)).toBe(-errno.EPERM);
    } finally {
      prlimit(0, RLIMIT_MEMLOCK, before, null);
    }
  });

  test('msync writes back, and refuses what contradicts itself', (ctx) => {
    const file = filled(PAGE_SIZE);
    fdatasync(file);
    const address = map(PAGE_SIZE, RW, MAP_SHARED, file);
    expect(mem.msync(address, undefined, mem.MS_SYNC | mem.MS_ASYNC)).toBe(-errno.EINVAL);
    expect(mem.msync(address + 1, 1, mem.MS_SYNC)).toBe(-errno.EINVAL);
    expect(mem.msync(address, undefined, mem.MS_ASYNC)).toBe(0);
    mem.processVmWritev(address, 1, Buffer.from('x'));
    const dirty = pageCache(file)?.dirty;
    if (dirty === undefined) ctx.skip('cachestat needs Linux 6.5');
    if (dirty === 0) ctx.skip('this file system has no dirty pages (tmpfs)');
    expect([dirty, mem.msync(address, undefined, mem.MS_SYNC), pageCache(file)?.dirty]).toEqual([1, 0, 0]);
  });
});

describe.skipIf(mem.cachestat(-1, 0, 0, new BigUint64Array(5), 0) === -errno.ENOSYS)('cachestat (Linux 6.5)', () => {
  test('counts the pages of a range, and only those that are there', () => {
    const file = filled(8 * PAGE_SIZE);
    expect(pageCache(file)).toMatchObject({ cached: 8, writeback: 0, evicted: 0, recentlyEvicted: 0 });
    expect(pageCache(file, PAGE_SIZE, 3 * PAGE_SIZE)?.cached).toBe(3);
    expect(pageCache(file, 8 * PAGE_SIZE)?.cached).toBe(0);
  });

  test('refuses flags, a closed descriptor and too little room', () => {
    const out = new BigUint64Array(CACHESTAT_SIZE / 8);
    expect(mem.cachestat(filled(1), 0, 0, out, 1 as 0)).toBe(-errno.EINVAL);
    expect(mem.cachestat(19_999, 0, 0, out, 0)).toBe(-errno.EBADF);
    expect(() => mem.cachestat(filled(1), 0, 0, out.subarray(1), 0)).toThrow(/cstat: 40 bytes needed/);
  });

  test.skipIf(isRoot)("EPERM for somebody else's file (root may; so did every user before 6.14)", (ctx) => {
    const r = mem.cachestat(open('/etc/passwd'), 0, 0, new BigUint64Array(5), 0);
    if (r === 0) ctx.skip('this kernel lets everybody ask');
    expect(r).toBe(-errno.EPERM);
  });
});

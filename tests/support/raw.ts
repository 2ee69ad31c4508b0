/** What tests of the raw layer share: descriptors and mappings that go away after the test, and facts about this machine. */
import { readFileSync } from 'node:fs';
import { afterEach, expect } from 'vitest';
import { native } from '../../src/native.ts';
import { AT_FDCWD, close, O_CREAT, O_NONBLOCK, O_RDONLY, O_RDWR, openat } from '../../src/sys/fd.ts';
import {
  cachestat,
  MADV_NOHUGEPAGE,
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  madvise,
  mmap,
  PAGE_SIZE,
  PROT_READ,
  PROT_WRITE,
} from '../../src/sys/mmap.ts';
import { pipe2 } from '../../src/sys/pipe.ts';
import { CACHESTAT_SIZE, type Cachestat, readCachestat } from '../../src/sys/structs.ts';
import { pattern, tempPath } from './temp.ts';

const { runtime, sys } = native;
const descriptors: number[] = [];
const mappings: number[] = [];

// runs before the leak guard's, so that a failed test is not reported twice
afterEach(() => {
  for (const fd of descriptors.splice(0)) if (runtime.owns(fd)) close(fd);
  for (const address of mappings.splice(0)) {
    try {
      runtime.unmap(address);
    } catch {
      // no mapping of ours any more: the test gave it back
    }
  }
});

/** Closes `fd` after the test, unless the test does. Fails if it is an errno. */
export function keep(fd: number): number {
  expect(fd).toBeGreaterThan(2);
  descriptors.push(fd);
  return fd;
}

export const open = (path: string, flags = O_RDONLY): number => keep(openat(AT_FDCWD, path, flags, 0o600));

/** An open file with {@link pattern} in it (or these bytes), at position 0. */
export function filled(content: number | Uint8Array): number {
  const fd = open(tempPath(), O_RDWR | O_CREAT);
  const bytes = typeof content === 'number' ? pattern(content) : content;
  expect(sys.pwrite(fd, bytes, undefined, 0)).toBe(bytes.byteLength);
  return fd;
}

export function pipe(flags = O_NONBLOCK): { read: number; write: number } {
  const ends = new Int32Array(2);
  expect(pipe2(ends, flags)).toBe(0);
  const [read = -1, write = -1] = ends;
  return { read: keep(read), write: keep(write) };
}

/** Pages of a file that are in the page cache; undefined where this kernel cannot tell. */
export function pageCache(fd: number, offset = 0, length = 0): Cachestat | undefined {
  const out = new BigUint64Array(CACHESTAT_SIZE / 8);
  return cachestat(fd, offset, length, out, 0) === 0 ? readCachestat(out) : undefined;
}

/** Anonymous memory, or whatever `flags` and `fd` say, until the test ends. */
export function map(
  length: number,
  prot = PROT_READ | PROT_WRITE,
  flags = MAP_PRIVATE | MAP_ANONYMOUS,
  fd = -1,
): number {
  const address = mmap(length, prot, flags, fd, 0);
  expect(address).toBeGreaterThan(0);
  mappings.push(address);
  return address;
}

/** Memory that nobody has touched yet: each page is a fault of its own, never one for many. */
export function fresh(pages: number): number {
  const address = map(pages * PAGE_SIZE);
  expect(madvise(address, undefined, MADV_NOHUGEPAGE)).toBe(0);
  return address;
}

/** The same, for JavaScript to write to. */
export function touchable(pages: number): Uint8Array {
  const view = runtime.view(fresh(pages));
  if (!(view instanceof ArrayBuffer)) expect.fail(`this runtime forbids foreign memory: ${view}`);
  return new Uint8Array(view);
}

/** The smallest of several rounds: the runtime's own work (a collection, a function compiled) can only add to a count. */
export function least(rounds: number, measure: () => number): number {
  return Math.min(...Array.from({ length: rounds }, measure));
}

export const isRoot = process.getuid?.() === 0;

/** A bit of CapEff; see capabilities(7). */
export function capable(bit: number): boolean {
  const hex = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${hex}`) >> BigInt(bit)) & 1n) === 1n;
}
export const CAP_NET_ADMIN = 12;
export const CAP_IPC_LOCK = 14;
export const CAP_SYS_ADMIN = 21;
export const CAP_SYS_RESOURCE = 24;

/**
 * Mappings: what of a file is in memory, and how to read a mapping of a file that somebody cuts short, without SIGBUS.
 *
 * Needs Linux 3.2; with 6.5 it asks cachestat, too.
 * Run: node --import ./tests/support/typescript.mjs examples/sys/mmap.ts
 */
import { getSystemErrorName } from 'node:util';
import {
  CACHESTAT_SIZE,
  cachestat,
  close,
  ftruncate,
  MADV_DONTNEED,
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  MAP_SHARED,
  madvise,
  memfdCreate,
  mincore,
  mmap,
  munmap,
  PAGE_SIZE,
  PROT_READ,
  PROT_WRITE,
  processVmReadv,
  processVmWritev,
  readCachestat,
  write,
} from '../../src/sys/index.ts';

const said = (result: number): string => (result < 0 ? getSystemErrorName(result) : `${result} bytes`);

const length = 4 * PAGE_SIZE;
const memory = mmap(length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
const resident = new Uint8Array(length / PAGE_SIZE);
const ask = () => {
  mincore(memory, undefined, resident);
  return [...resident].join(' ');
};
console.log(`fresh memory, pages there:  ${ask()}`);
processVmWritev(memory + PAGE_SIZE, undefined, Buffer.from('hello'));
console.log(`after writing to page 1:    ${ask()}`);
madvise(memory, undefined, MADV_DONTNEED);
console.log(`after MADV_DONTNEED:        ${ask()}`);
munmap(memory);

const file = memfdCreate('example', 0);
write(file, Buffer.alloc(length, 'x'));
const mapped = mmap(length, PROT_READ, MAP_SHARED, file, 0);
const into = new Uint8Array(length);
console.log(`the whole file through its mapping: ${said(processVmReadv(mapped, undefined, into))}`);
ftruncate(file, PAGE_SIZE);
console.log(`after it was cut to one page:       ${said(processVmReadv(mapped, undefined, into))}`);
console.log(`from behind its end:                ${said(processVmReadv(mapped + PAGE_SIZE, undefined, into))}`);

const cache = new Uint8Array(CACHESTAT_SIZE);
const asked = cachestat(file, 0, 0, cache, 0);
console.log(
  asked < 0 ? `cachestat: ${getSystemErrorName(asked)}` : `cachestat: ${readCachestat(cache).cached} page cached`,
);
munmap(mapped);
close(file);

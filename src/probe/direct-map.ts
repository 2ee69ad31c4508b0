/**
 * Where the kernel sees a page of ours in its own address space: x86 and arm64 map all memory once more, in one piece. A
 * page of the page cache has no other address while the kernel copies from it, so a watchpoint has to sit there.
 *
 * The page's frame is in /proc/self/pagemap (root). The base of the map moves with each start of the kernel and is nowhere
 * to be read, but two tracepoints give it away: a large kmalloc() takes whole pages, kmem:mm_page_alloc tells their frame
 * and kmem:kmalloc where the kernel sees them.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { Pipe } from '../io/pipe.ts';
import { type Capability, refused, works } from '../model/works.ts';
import { PAGE_SIZE } from '../sys/mmap.ts';
import { PERF_TYPE_TRACEPOINT } from '../sys/perf.ts';
import { once } from './instrument.ts';
import { PerfRing, type Sample } from './ring.ts';
import { field, type TracepointFormat, tracepointFormats } from './tracefs.ts';

const PRESENT = 1n << 63n;
const FRAME = (1n << 55n) - 1n;

/** Frame number of a page of this process. Throws if it is not in memory, or not to be seen by this user. */
export function frameOf(address: number): bigint {
  const fd = openSync('/proc/self/pagemap', 'r');
  try {
    const entry = new BigUint64Array(1);
    const bytes = readSync(fd, entry, 0, 8, Math.floor(address / PAGE_SIZE) * 8);
    const value = bytes === 8 ? (entry[0] as bigint) : 0n;
    if ((value & PRESENT) === 0n)
      throw new Error(`the page at 0x${address.toString(16)} is not in memory: touch or lock it first`);
    // the kernel shows 0 to who lacks CAP_SYS_ADMIN, and frame 0 is never handed out
    if ((value & FRAME) === 0n) throw new Error('/proc/self/pagemap shows no frames to this user: needs CAP_SYS_ADMIN');
    return value & FRAME;
  } finally {
    closeSync(fd);
  }
}

/** 256 slots of a pipe are an array of 10 KiB, which kmalloc() takes from the page allocator; 16 slots are a small one. */
const CAPACITIES = [256, 16, 256, 16, 256].map((slots) => slots * PAGE_SIZE);

function resizePipes(): void {
  using pipe = Pipe.open();
  for (const capacity of CAPACITIES) pipe.setCapacity(capacity);
}

/** For each kmalloc() that got whole pages: its address less the place of its first page in memory. */
function basesIn(
  pages: readonly Sample[],
  kmallocs: readonly Sample[],
  formats: readonly TracepointFormat[],
): bigint[] {
  const [pageFormat, kmallocFormat] = formats as [TracepointFormat, TracepointFormat];
  const bases: bigint[] = [];
  for (const kmalloc of kmallocs) {
    const bytes = field(kmallocFormat, kmalloc, 'bytes_alloc');
    if (bytes < 2 * PAGE_SIZE || bytes % BigInt(PAGE_SIZE) !== 0n) continue;
    // the pages that a kmalloc() got were taken just before it, on the same thread
    const page = pages.findLast((sample) => sample.time <= kmalloc.time);
    if (page === undefined || BigInt(PAGE_SIZE) << field(pageFormat, page, 'order') !== bytes) continue;
    bases.push(field(kmallocFormat, kmalloc, 'ptr') - field(pageFormat, page, 'pfn') * BigInt(PAGE_SIZE));
  }
  return bases;
}

function learn(): bigint {
  const formats = tracepointFormats(['kmem/mm_page_alloc', 'kmem/kmalloc']);
  const rings: PerfRing[] = [];
  try {
    for (const { id } of formats) {
      const event = { type: PERF_TYPE_TRACEPOINT, config: BigInt(id), samplePeriod: 1n, raw: true };
      rings.push(new PerfRing(event, { tid: 0, cpu: -1 }));
    }
    for (const ring of rings) ring.start();
    resizePipes();
    for (const ring of rings) ring.stop();
    const [pages = [], kmallocs = []] = rings.map((ring) => ring.drain());
    const [base, ...others] = basesIn(pages, kmallocs, formats);
    if (base === undefined) throw new Error('no large kmalloc() was seen, so the base of the direct map is not known');
    if (others.some((other) => other !== base))
      throw new Error(`the base of the direct map is unclear: ${[base, ...others]}`);
    return base;
  } finally {
    for (const ring of rings) ring.close();
  }
}

let base: bigint | undefined;

/** The kernel's own address of a byte of ours, whose page has to be in memory and to stay there (mlock). */
export function directMapAddress(address: number): bigint {
  base ??= learn();
  return base + frameOf(address) * BigInt(PAGE_SIZE) + BigInt(address % PAGE_SIZE);
}

export const directMap: () => Capability = once(() => {
  base ??= learn();
  return base >> 63n === 1n ? works : refused(`0x${base.toString(16)} is no address of the kernel`);
});

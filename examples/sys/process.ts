/**
 * What the kernel has counted for this thread: CPU time, faults, context switches; its CPUs and its limits.
 *
 * Needs Linux 2.6.36.
 * Run: node --import ./tests/support/typescript.mjs examples/sys/process.ts
 */
import {
  CLOCK_THREAD_CPUTIME_ID,
  clockGettime,
  encodeRlimit,
  getrusage,
  gettid,
  poll,
  prlimit,
  RLIM_INFINITY,
  RLIMIT_NOFILE,
  RLIMIT_SIZE,
  RUSAGE_SIZE,
  RUSAGE_THREAD,
  readRlimit,
  readRusage,
  readTimespec,
  schedGetaffinity,
  TIMESPEC_SIZE,
} from '../../src/sys/index.ts';

// filled while measuring, decoded afterwards: allocating in between would add faults of its own
const before = new Uint8Array(RUSAGE_SIZE);
const after = new Uint8Array(RUSAGE_SIZE);
const nobody = new Int32Array(2);
getrusage(RUSAGE_THREAD, before);
for (let i = 0; i < 23; i++) poll(nobody, 0, 1);
getrusage(RUSAGE_THREAD, after);
const [from, to] = [readRusage(before), readRusage(after)];
console.log(`thread ${gettid()}: 23 waits, ${to.nvcsw - from.nvcsw} voluntary context switches`);
console.log(`            ${to.minflt - from.minflt} minor faults, ${to.maxrss} KiB at most resident`);

const time = new Uint8Array(TIMESPEC_SIZE);
clockGettime(CLOCK_THREAD_CPUTIME_ID, time);
console.log(`            ${Number(readTimespec(time)) / 1e6} ms on a CPU so far`);

const mask = new Uint8Array(1024);
const bytes = schedGetaffinity(0, mask);
const allowed = [...mask.subarray(0, bytes)].flatMap((byte, i) =>
  [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => byte & (1 << bit)).map((bit) => i * 8 + bit),
);
console.log(`            may run on CPU ${allowed.join(', ')}`);

const old = new Uint8Array(RLIMIT_SIZE);
prlimit(0, RLIMIT_NOFILE, null, old);
const { soft, hard } = readRlimit(old);
const shown = (limit: bigint) => (limit === RLIM_INFINITY ? 'unlimited' : String(limit));
console.log(`            may open ${shown(soft)} descriptors, and raise that to ${shown(hard)}`);
const raised = prlimit(0, RLIMIT_NOFILE, encodeRlimit({ soft: hard, hard }), null);
console.log(`            raised: ${raised === 0}`);
prlimit(0, RLIMIT_NOFILE, encodeRlimit({ soft, hard }), null);

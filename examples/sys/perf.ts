/**
 * Counts the page faults of one system call: a read of 23 pages into memory that nobody has touched yet.
 *
 * Needs Linux 2.6.31, and perf_event_paranoid below 2 or CAP_PERFMON for the kernel's side; says so where it is refused.
 * Run: node --import ./tests/support/typescript.mjs examples/sys/perf.ts
 */
import { getSystemErrorName } from 'node:util';
import {
  AT_FDCWD,
  close,
  encodePerfEvent,
  MADV_NOHUGEPAGE,
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  madvise,
  mmap,
  munmap,
  O_RDONLY,
  openat,
  PAGE_SIZE,
  PERF_ATTR_DISABLED,
  PERF_ATTR_EXCLUDE_KERNEL,
  PERF_COUNT_SW_PAGE_FAULTS,
  PERF_EVENT_IOC_DISABLE,
  PERF_EVENT_IOC_ENABLE,
  PERF_EVENT_IOC_RESET,
  PERF_TYPE_SOFTWARE,
  PROT_READ,
  PROT_WRITE,
  perfEventOpen,
  perfIoctl,
  read,
  readPerfCount,
} from '../../src/sys/index.ts';

const zero = openat(AT_FDCWD, '/dev/zero', O_RDONLY, 0);
const count = new BigUint64Array(1);

/** The first round compiles what the second one runs. */
function faults(event: number): bigint {
  for (let round = 0; ; round++) {
    const memory = mmap(23 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(memory, undefined, MADV_NOHUGEPAGE);
    perfIoctl(event, PERF_EVENT_IOC_RESET, 0);
    perfIoctl(event, PERF_EVENT_IOC_ENABLE, 0);
    read(zero, memory);
    perfIoctl(event, PERF_EVENT_IOC_DISABLE, 0);
    munmap(memory);
    const { value } = readPerfCount(count, read(event, count));
    if (round === 1) return value;
  }
}

for (const [who, flags] of [
  ['user mode and the kernel', PERF_ATTR_DISABLED],
  ['user mode alone', PERF_ATTR_DISABLED | PERF_ATTR_EXCLUDE_KERNEL],
] as const) {
  const attr = encodePerfEvent({ type: PERF_TYPE_SOFTWARE, config: PERF_COUNT_SW_PAGE_FAULTS, flags });
  const event = perfEventOpen(attr, 0, -1, -1, 0);
  if (event < 0) {
    console.log(`${who}: not counted, ${getSystemErrorName(event)} (see /proc/sys/kernel/perf_event_paranoid)`);
    continue;
  }
  console.log(`${who}: ${faults(event)} page faults in a read of 23 fresh pages`);
  close(event);
}
close(zero);

/** CPU time of this process so far, all its threads together. */
import { layout } from '../native.ts';
import { getrusage, RUSAGE_SELF } from '../sys/process.ts';
import { readRusage } from '../sys/structs.ts';
import type { CpuTime } from './protocol.ts';

export function cpuTime(): CpuTime {
  const usage = new Uint8Array(layout('rusage').size);
  getrusage(RUSAGE_SELF, usage);
  const { utimeUs, stimeUs } = readRusage(usage);
  return { user: utimeUs / 1e6, sys: stimeUs / 1e6 };
}

export function cpuSince(before: CpuTime): CpuTime {
  const now = cpuTime();
  return { user: now.user - before.user, sys: now.sys - before.sys };
}

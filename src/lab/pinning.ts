/**
 * One CPU for all senders, another for the receivers. Left to the scheduler, the two ends meet on one CPU now and apart
 * then, and a path's figure says more of that than of the path.
 */
import { stat } from 'node:fs/promises';
import { check } from '../io/errors.ts';
import type { Pinning } from '../model/results.ts';
import { schedGetaffinity, schedSetaffinity } from '../sys/process.ts';
import { bitmap, isSet, setBit } from '../sys/select.ts';

/** What the kernel can be built for: NR_CPUS of the largest distribution kernels. */
const MOST_CPUS = 8192;
/** libuv's default; more of them would not matter, fewer would start on the sender's CPU. */
const POOL_THREADS = 4;

/** The first two CPUs that this process may use; null where it has only one, and the two ends have to share it. */
export function choosePinning(): Pinning | null {
  const mask = bitmap(MOST_CPUS);
  const bytes = check(schedGetaffinity(0, mask), 'sched_getaffinity');
  const [sender, receiver] = Array.from({ length: bytes * 8 }, (_, cpu) => cpu).filter((cpu) => isSet(mask, cpu));
  return sender === undefined || receiver === undefined ? null : { sender, receiver };
}

/**
 * Moves this thread to `cpu`. V8's and libuv's helper threads stay free: a baseline whose reads are made by the thread
 * pool must not have them made on the sender's CPU by our doing, so the pool is started first.
 */
export async function pinThisThread(cpu: number): Promise<void> {
  await Promise.all(Array.from({ length: POOL_THREADS }, () => stat('/')));
  const mask = bitmap(cpu + 1);
  setBit(mask, cpu);
  check(schedSetaffinity(0, mask), 'sched_setaffinity');
}

/**
 * What the threads of this process wait in: /proc/self/task/TID/syscall, proc_pid_syscall(5). The kernel tells the call and
 * its arguments, so the address that a buffer has for it, too. A thread may always look at those of its own process, so it
 * needs no privilege; only a kernel with CONFIG_HAVE_ARCH_TRACEHOOK (x86-64 and arm64 have it).
 *
 * Scope: threads that are blocked at the moment of asking. One that runs, on whatever CPU, is not in the list.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { gettid } from '../sys/process.ts';

export interface BlockedCall {
  readonly tid: number;
  /** Number of the system call on this architecture. */
  readonly number: number;
  /** As the kernel got them: six words. */
  readonly args: readonly bigint[];
  /** Where the thread's stack was at. */
  readonly stackPointer: bigint;
}

/** Their numbers on this architecture. */
export const { READ, WRITE } =
  process.arch === 'arm64' ? ({ READ: 63, WRITE: 64 } as const) : ({ READ: 0, WRITE: 1 } as const);

function parse(tid: number, line: string): BlockedCall | undefined {
  const [number, ...words] = line.trim().split(' ');
  // `running`, or -1 where a thread is blocked outside of any call
  if (number === undefined || words.length !== 8 || !/^\d+$/.test(number)) return undefined;
  const values = words.map(BigInt);
  return { tid, number: Number(number), args: values.slice(0, 6), stackPointer: values[6] ?? 0n };
}

/** All but the calling thread, which is never blocked when it asks. Throws what reading /proc throws: ENOENT, EACCES. */
export function blockedCalls(): BlockedCall[] {
  const self = gettid();
  const found: BlockedCall[] = [];
  for (const name of readdirSync('/proc/self/task')) {
    const tid = Number(name);
    if (tid === self) continue;
    try {
      const call = parse(tid, readFileSync(`/proc/self/task/${name}/syscall`, 'latin1'));
      if (call !== undefined) found.push(call);
    } catch (error) {
      // a thread that ended since it was listed
      if (!['ESRCH', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '') || tid === process.pid)
        throw error;
    }
  }
  return found;
}

/** What threads that serve a connection each cost: CPU time, memory, context switches. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { File } from '../../io/file.ts';
import { PAGE_SIZE } from '../../io/mapping.ts';
import { gettid } from '../../sys/process.ts';
import { ACTIVE, ALL, IDLE, MESSAGE, Selected, Threaded, threadUse, use } from './blocking-connections.ts';
import type { Case } from './claim.ts';
import { control, figure } from './readiness.ts';

export const WATCHED_MS = 100;

export async function idleCpu(): Promise<Case[]> {
  using threaded = await Threaded.open(ALL);
  const tids = threaded.waiting().map(({ tid }) => tid);
  const before = use(tids);
  await sleep(WATCHED_MS);
  const idle = use(tids);
  await threaded.exchange(threaded.peers.slice(IDLE), MESSAGE);
  const busy = use(tids);
  return [
    {
      condition: '',
      measured: {
        cpuNs: figure('ns', {
          schedstat: idle.cpuNs - before.cpuNs,
          // a tick is what the clock counts in, 10 ms mostly: coarse, and of another part of the kernel
          'utime + stime': idle.ticks - before.ticks,
        }),
        switches: figure('switches', {
          'ctxt_switches in /proc': idle.voluntary + idle.involuntary - before.voluntary - before.involuntary,
          schedstat: idle.slices - before.slices,
        }),
      },
      controls: [control('with messages they do use CPU time', 1, 'schedstat', Number(busy.cpuNs > idle.cpuNs))],
      evidence: [
        {
          instrument: 'schedstat',
          saw: `${tids.length} threads, blocked for ${WATCHED_MS} ms: ${idle.cpuNs - before.cpuNs} ns of CPU time`,
        },
      ],
    },
  ];
}

interface Range {
  readonly from: bigint;
  readonly to: bigint;
  readonly size: number;
  readonly resident: number;
}

/** The ranges of /proc/self/smaps, in bytes. */
function ranges(): Range[] {
  return readFileSync('/proc/self/smaps', 'latin1')
    .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
    .map((text) => {
      const [from = '0', to = '0'] = (text.split(' ')[0] ?? '').split('-');
      const bytes = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
      return { from: BigInt(`0x${from}`), to: BigInt(`0x${to}`), size: bytes('Size'), resident: bytes('Rss') };
    });
}

/** Bytes of a range that are in memory, by its page table: bit 63 of each entry of /proc/self/pagemap. */
function present(pagemap: File, { from, size }: Range): number {
  const entries = new BigUint64Array(size / PAGE_SIZE);
  pagemap.pread(entries, (Number(from) / PAGE_SIZE) * 8);
  return entries.reduce((sum, entry) => sum + Number(entry >> 63n), 0) * PAGE_SIZE;
}

export async function memory(): Promise<Case[]> {
  using threaded = await Threaded.open(ALL);
  await threaded.exchange(threaded.peers, MESSAGE);
  const known = ranges();
  const stacks = threaded.waiting().map(({ stackPointer }) => {
    const range = known.find(({ from, to }) => from <= stackPointer && stackPointer < to);
    if (range === undefined) throw new Error(`no range of memory has the stack at 0x${stackPointer.toString(16)}`);
    return range;
  });
  using pagemap = File.open('/proc/self/pagemap');
  const mean = (of: (range: Range) => number) => stacks.reduce((sum, range) => sum + of(range), 0) / stacks.length;
  const distinct = new Set(stacks.map(({ from }) => from)).size;
  const controls = [control('each thread has a stack of its own', ALL, '/proc/self/smaps', distinct)];
  const reserved = mean(({ size }) => size);
  const used = mean(({ resident }) => resident);
  return [
    {
      condition: 'address space',
      measured: {
        bytesPerThread: figure('bytes', {
          'Size in smaps': reserved,
          'ends in smaps': mean(({ from, to }) => Number(to - from)),
        }),
      },
      controls,
      evidence: [{ instrument: '/proc/self/smaps', saw: `stacks of ${reserved} bytes each` }],
    },
    {
      condition: 'memory in use',
      measured: {
        bytesPerThread: figure('bytes', {
          'Rss in smaps': used,
          '/proc/self/pagemap': mean((range) => present(pagemap, range)),
        }),
      },
      controls,
      evidence: [
        {
          instrument: '/proc/self/pagemap',
          saw: `${Math.round(used)} bytes of each stack are there, after one message each`,
        },
      ],
    },
  ];
}

export async function switches(): Promise<Case[]> {
  const cases: Case[] = [];
  {
    using threaded = await Threaded.open(ALL);
    const active = threaded.peers.slice(IDLE);
    const tids = threaded.waiting().map(({ tid }) => tid);
    await threaded.exchange(active, MESSAGE);
    const before = use(tids);
    await threaded.exchange(active, MESSAGE);
    const after = use(tids);
    const voluntary = after.voluntary - before.voluntary;
    const scheduled = after.slices - before.slices - (after.involuntary - before.involuntary);
    cases.push({
      condition: 'a thread for each connection',
      measured: {
        switchesPerMessage: figure('voluntary context switches', {
          voluntary_ctxt_switches: voluntary / ACTIVE,
          schedstat: scheduled / ACTIVE,
        }),
        involuntary: figure('context switches', { nonvoluntary_ctxt_switches: after.involuntary - before.involuntary }),
      },
      controls: [],
      evidence: [
        {
          instrument: 'voluntary_ctxt_switches',
          saw: `${ACTIVE} messages, each to a sleeping thread: ${voluntary} switches`,
        },
      ],
    });
  }
  using selected = await Selected.open(ALL);
  const buffer = Buffer.alloc(MESSAGE.length);
  for (const peer of selected.peers.slice(IDLE)) peer.send(MESSAGE);
  const before = threadUse(gettid());
  const answered = selected.turn(buffer);
  const after = threadUse(gettid());
  cases.push({
    condition: 'one selector that finds them ready',
    measured: {
      switchesPerMessage: figure('voluntary context switches', {
        voluntary_ctxt_switches: (after.voluntary - before.voluntary) / ACTIVE,
      }),
      involuntary: figure('context switches', { nonvoluntary_ctxt_switches: after.involuntary - before.involuntary }),
    },
    controls: [control('messages that it answered', ACTIVE, 'epoll_wait', answered)],
    evidence: [
      { instrument: 'voluntary_ctxt_switches', saw: `${answered} messages answered without giving up the CPU` },
    ],
  });
  return cases;
}

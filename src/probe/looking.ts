/** Instruments that look or record, where the others count: whether each works here, and what a look costs. */
import { median } from 'simple-statistics';
import { File } from '../io/file.ts';
import { Mapping } from '../io/mapping.ts';
import { Socket } from '../io/socket.ts';
import type { InstrumentReport } from '../model/environment.ts';
import type { Capability } from '../model/works.ts';
import { memfdCreate } from '../sys/fd.ts';
import { PAGE_SIZE } from '../sys/mmap.ts';
import { CopyCounter, copyBytes } from './copy-bytes.ts';
import { deviceCapability, deviceFeatures } from './device.ts';
import { directMapAddress } from './direct-map.ts';
import { describe } from './instrument.ts';
import { pageCache, pageCacheLook } from './page-cache.ts';
import { cpuRecorder, type RecordedTarget, TracepointRecorder, threadRecorder } from './recorder.ts';
import { Sampler, sampling } from './sampling.ts';
import { pageWatchpoints, userWatchpoints, Watchpoints } from './watchpoint.ts';

interface Looking {
  readonly name: string;
  /** Which figures it supplies. */
  readonly counts: readonly string[];
  readonly capability: () => Capability;
  /** Prepares one, and answers how it looks at nothing: begin, end and read what there was. */
  readonly open: () => Disposable & { look(): unknown };
}

function empty(opened: Disposable & { during(work: () => void): unknown }): Disposable & { look(): unknown } {
  return { look: () => opened.during(() => {}), [Symbol.dispose]: () => opened[Symbol.dispose]() };
}

function recorder(target: RecordedTarget): Looking['open'] {
  return () => empty(TracepointRecorder.open(['raw_syscalls/sys_enter'], target));
}

/** A page of our own, watched at the address that `place` finds for it. */
function watching(place: (address: number) => bigint | number): Looking['open'] {
  return () => {
    const memory = Mapping.anonymous(PAGE_SIZE);
    memory.lock();
    const watch = new Watchpoints([{ label: 'byte', address: place(memory.address), access: 'rw' }]);
    return {
      look: () => watch.during(() => {}),
      [Symbol.dispose]() {
        watch.close();
        memory.close();
      },
    };
  };
}

function openPageCache(): Disposable & { look(): unknown } {
  const file = File.own(memfdCreate('iolab', 0));
  file.truncate(16 * PAGE_SIZE);
  return { look: () => pageCache(file), [Symbol.dispose]: () => file.close() };
}

function openDevice(): Disposable & { look(): unknown } {
  const socket = Socket.tcp();
  return { look: () => deviceFeatures(socket, 'lo'), [Symbol.dispose]: () => socket.close() };
}

const LOOKING: readonly Looking[] = [
  { name: 'watchpoint-user', counts: ['touches'], capability: userWatchpoints, open: watching((at) => at) },
  {
    name: 'watchpoint-page',
    counts: ['touches', 'copies'],
    capability: pageWatchpoints,
    open: watching(directMapAddress),
  },
  {
    name: 'tracepoint-records',
    counts: ['callResults', 'copiedToReceiver', 'deviceBytes', 'diskBytes', 'wakings'],
    capability: threadRecorder,
    open: recorder({ tids: [0] }),
  },
  { name: 'tracepoint-records-cpus', counts: ['callResults'], capability: cpuRecorder, open: recorder('cpus') },
  { name: 'page-cache', counts: ['residentPages', 'dirtyPages'], capability: pageCacheLook, open: openPageCache },
  { name: 'device', counts: ['offloads'], capability: deviceCapability, open: openDevice },
  { name: 'cpu-clock-samples', counts: ['copyingShare'], capability: sampling, open: () => empty(new Sampler()) },
  { name: 'copy-breakpoints', counts: ['copiedBytes'], capability: copyBytes, open: () => empty(new CopyCounter()) },
];

const LOOKS = 23;

/** Median cost in nanoseconds of one look at nothing. */
function overheadNs({ capability, open }: Looking): number | null {
  if (!capability().works) return null;
  const opened = open();
  try {
    const costs = Array.from({ length: LOOKS }, () => {
      const from = process.hrtime.bigint();
      opened.look();
      return Number(process.hrtime.bigint() - from);
    });
    return median(costs);
  } finally {
    opened[Symbol.dispose]();
  }
}

export function lookingReports(): InstrumentReport[] {
  return LOOKING.map((instrument) => describe(instrument, instrument.capability(), () => overheadNs(instrument)));
}

/**
 * perf's software events: page faults and context switches as the scheduler and the fault handler count them, a second
 * opinion on getrusage(2). And one thing that nothing else tells: which faults were taken *in user mode*. Only those are
 * mode switches; a fault that the kernel takes on a user address while it copies happens inside a system call.
 */

import { File } from '../io/file.ts';
import { Mapping } from '../io/mapping.ts';
import type { Capability } from '../model/works.ts';
import { constant } from '../native.ts';
import { read } from '../sys/fd.ts';
import { PERF_TYPE_SOFTWARE } from '../sys/perf.ts';
import { type Instrument, once, sees } from './instrument.ts';
import type { CountedEvent } from './perf.ts';
import { type CountedEvents, PerfCounter } from './perf-counter.ts';

const PAGE = constant('PAGE_SIZE');

function software(name: string, userOnly: boolean): CountedEvent {
  return { type: PERF_TYPE_SOFTWARE, config: constant(`PERF_COUNT_SW_${name}`), userOnly };
}

const FAULTS = 23;

/** The kernel touches fresh pages, in a read(2) into them. */
export function faultInKernel(pages: number): void {
  const zero = File.open('/dev/zero');
  const memory = Mapping.anonymous(pages * PAGE);
  for (let i = 0; i < pages; i++) read(zero.fd, memory.address + i * PAGE, 1);
  memory.close();
  zero.close();
}

function trial(events: CountedEvents, counter: string, expected: number): Capability {
  using opened = new PerfCounter(events);
  return sees(opened, counter, expected, () => faultInKernel(FAULTS));
}

const IN_KERNEL: CountedEvents = {
  minorFaults: software('PAGE_FAULTS_MIN', false),
  majorFaults: software('PAGE_FAULTS_MAJ', false),
  contextSwitches: software('CONTEXT_SWITCHES', false),
};

/** All faults and switches of the process. Since Linux 2.6.31; needs perf_event_paranoid <= 1 or CAP_PERFMON. */
export const perfSoftware: Instrument = {
  name: 'perf-software',
  counts: Object.keys(IN_KERNEL),
  capability: once(() => trial(IN_KERNEL, 'minorFaults', FAULTS)),
  open: () => new PerfCounter(IN_KERNEL),
};

const IN_USER: CountedEvents = { userFaults: software('PAGE_FAULTS', true) };

/** Faults taken in user mode. Since Linux 2.6.31; needs perf_event_paranoid <= 2, i.e. mostly nothing. */
export const perfUserFaults: Instrument = {
  name: 'perf-user-faults',
  counts: Object.keys(IN_USER),
  // none of those that the kernel takes
  capability: once(() => trial(IN_USER, 'userFaults', 0)),
  open: () => new PerfCounter(IN_USER),
};

/**
 * System calls as the kernel counts them: the tracepoint raw_syscalls:sys_enter on all threads of this process.
 * Needs the tracepoint's number (root, or a readable tracefs) and perf_event_paranoid <= 1 or CAP_PERFMON.
 */
import { PERF_TYPE_TRACEPOINT } from '../sys/perf.ts';
import { gettid } from '../sys/process.ts';
import { type Counter, type Instrument, once, type Readings, sees } from './instrument.ts';
import { PerfCounts } from './perf.ts';
import { tracepointId } from './tracefs.ts';

class SyscallCounter implements Counter {
  readonly #counts: PerfCounts;

  constructor(id: number) {
    this.#counts = new PerfCounts({ type: PERF_TYPE_TRACEPOINT, config: id, userOnly: false });
  }

  begin(): void {
    this.#counts.begin();
  }

  end(): void {
    this.#counts.end();
  }

  difference(): Readings {
    return { syscalls: this.#counts.all, ownThread: this.#counts.own };
  }

  close(): void {
    this.#counts.close();
  }
}

let id: number | undefined;

function open(): SyscallCounter {
  id ??= tracepointId('raw_syscalls/sys_enter');
  return new SyscallCounter(id);
}

/** `syscalls`: of the process; `ownThread`: of the thread that reads it. Since Linux 2.6.31. */
export const syscalls: Instrument = {
  name: 'perf-sys-enter',
  counts: ['syscalls', 'ownThread'],
  capability: once(() => {
    const counter = open();
    try {
      // the one more is the reading at the end
      return sees(counter, 'ownThread', 23 + 1, () => {
        for (let i = 0; i < 23; i++) gettid();
      });
    } finally {
      counter.close();
    }
  }),
  open,
};

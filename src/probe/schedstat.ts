/**
 * /proc/thread-self/schedstat: nanoseconds on a CPU, nanoseconds ready to run without one, and how often the thread was
 * given one. proc(5); Documentation/scheduler/sched-stats.rst. Kernels without CONFIG_SCHED_INFO have no such file, or zeros.
 */
import { File } from '../io/file.ts';
import { refused } from '../model/works.ts';
import { pread } from '../sys/fd.ts';
import { ppoll } from '../sys/poll.ts';
import { type Counter, type Instrument, once, type Readings, sees } from './instrument.ts';

const ROOM = 128;

class SchedstatCounter implements Counter {
  readonly #file = File.open('/proc/thread-self/schedstat');
  readonly #before = Buffer.alloc(ROOM);
  readonly #after = Buffer.alloc(ROOM);
  #lengthBefore = 0;
  #lengthAfter = 0;

  begin(): void {
    this.#lengthBefore = pread(this.#file.fd, this.#before, ROOM, 0);
  }

  end(): void {
    this.#lengthAfter = pread(this.#file.fd, this.#after, ROOM, 0);
  }

  difference(): Readings {
    const a = parse(this.#before, this.#lengthBefore);
    const b = parse(this.#after, this.#lengthAfter);
    const since = (i: number) => Number((b[i] ?? 0n) - (a[i] ?? 0n));
    return { cpuNs: since(0), runQueueNs: since(1), timeslices: since(2) };
  }

  close(): void {
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function parse(text: Buffer, length: number): bigint[] {
  if (length <= 0) throw new Error(`reading /proc/thread-self/schedstat answers ${length}`);
  return text.toString('latin1', 0, length).trim().split(' ').map(BigInt);
}

const NOBODY = new Int32Array(2);
const WAITS = 23;
const MOMENT_NS = 50_000n;

/** Of the calling thread; `cpuNs` moves at clock ticks and switches, not in between. Since Linux 2.6.9. */
export const schedstat: Instrument = {
  name: 'schedstat-thread',
  counts: ['cpuNs', 'runQueueNs', 'timeslices'],
  capability: once(() => {
    using counter = new SchedstatCounter();
    const seen = sees(counter, 'timeslices', WAITS, () => {
      for (let i = 0; i < WAITS; i++) ppoll(NOBODY, 0, MOMENT_NS, null);
    });
    const { cpuNs, runQueueNs, timeslices } = counter.difference();
    return seen.works || cpuNs || runQueueNs || timeslices
      ? seen
      : refused('this kernel keeps no schedstat: neither CONFIG_SCHEDSTATS nor delay accounting (sched_info) is on');
  }),
  open: () => new SchedstatCounter(),
};

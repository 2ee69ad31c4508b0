/**
 * /proc/self/io and /proc/thread-self/io: bytes that went through read- and write-like calls, and bytes that a disk had
 * to supply. proc_pid_io(5). Needs CONFIG_TASK_IO_ACCOUNTING, nothing else.
 */
import { File } from '../io/file.ts';
import { pread, read } from '../sys/fd.ts';
import { type Counter, type Instrument, once, type Readings, sees } from './instrument.ts';

export type ProcIoScope = 'thread' | 'process';

const PATHS: Readonly<Record<ProcIoScope, string>> = { thread: '/proc/thread-self/io', process: '/proc/self/io' };
const ROOM = 512;

class ProcIoCounter implements Counter {
  readonly #file: File;
  readonly #before = Buffer.alloc(ROOM);
  readonly #after = Buffer.alloc(ROOM);
  #lengthBefore = 0;
  #lengthAfter = 0;

  constructor(scope: ProcIoScope) {
    this.#file = File.open(PATHS[scope]);
  }

  begin(): void {
    this.#lengthBefore = pread(this.#file.fd, this.#before, ROOM, 0);
  }

  end(): void {
    this.#lengthAfter = pread(this.#file.fd, this.#after, ROOM, 0);
  }

  difference(): Readings {
    const a = parse(this.#before, this.#lengthBefore);
    const b = parse(this.#after, this.#lengthAfter);
    const since = (name: string) => (b.get(name) ?? 0) - (a.get(name) ?? 0);
    return {
      // begin()'s own reading ends after it looked: its length, which grows with the figures, is taken off here
      readCallBytes: since('rchar') - this.#lengthBefore,
      writeCallBytes: since('wchar'),
      readCalls: since('syscr') - 1,
      writeCalls: since('syscw'),
      diskReadBytes: since('read_bytes'),
      diskWriteBytes: since('write_bytes'),
    };
  }

  close(): void {
    this.#file.close();
  }
}

function parse(text: Buffer, length: number): Map<string, number> {
  if (length <= 0) throw new Error(`reading /proc/self/io answers ${length}`);
  const fields = new Map<string, number>();
  for (const line of text.toString('latin1', 0, length).trimEnd().split('\n')) {
    const [name = '', value = ''] = line.split(': ');
    fields.set(name, Number(value));
  }
  return fields;
}

/** Since Linux 2.6.20; of a thread since 3.17. */
export function procIo(scope: ProcIoScope): Instrument {
  const open = () => new ProcIoCounter(scope);
  return {
    name: scope === 'thread' ? 'proc-thread-io' : 'proc-io',
    counts: ['readCallBytes', 'writeCallBytes', 'readCalls', 'writeCalls', 'diskReadBytes', 'diskWriteBytes'],
    capability: once(() => {
      const counter = open();
      const zero = File.open('/dev/zero');
      try {
        const byte = new Uint8Array(1);
        return sees(counter, 'readCallBytes', 23, () => {
          for (let i = 0; i < 23; i++) read(zero.fd, byte);
        });
      } finally {
        zero.close();
        counter.close();
      }
    }),
    open,
  };
}

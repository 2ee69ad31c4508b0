/** The control: the same loop, but the bytes come from memory and no file is read. See `docs/paths/null.md`. */
import type { Mapping } from '../io/mapping.ts';
import { write } from '../sys/fd.ts';
import { MADV_POPULATE_WRITE, madvise } from '../sys/mmap.ts';
import { Buffered } from './buffered.ts';
import type { FileRange, Path, PathOptions, Transfer } from './path.ts';

class NullTransfer extends Buffered {
  constructor(file: FileRange, socket: number, options: PathOptions) {
    super(file, socket, options);
    if (this.memory === undefined) return;
    try {
      this.#populate(this.memory);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Fresh anonymous memory that is only read shows one shared page of zeros over and over, which fits any cache: the control
   * would look cheaper than memory is. Once written, each page is its own.
   */
  #populate(memory: Mapping): void {
    this.calls++;
    const result = madvise(memory.address, undefined, MADV_POPULATE_WRITE);
    if (result >= 0) return;
    // before Linux 5.14
    this.calls++;
    memory.write(0, new Uint8Array(memory.length));
  }

  step(): number {
    if (this.closed) return this.afterClose();
    const left = this.length - this.delivered;
    if (left === 0 || this.memory === undefined) return 0;
    // a chunk that went out in part is completed first, as the paths do that have to keep it
    const sent = this.delivered % this.chunk;
    const room = this.chunk - sent;
    this.calls++;
    const n = write(this.socket, this.memory.address, Math.min(left, room), sent);
    if (n <= 0) return n === 0 ? this.stuck('write') : this.failed(n, 'write');
    this.taken += n;
    this.delivered += n;
    return n;
  }
}

export const nullPath: Path = {
  name: 'null',
  start: (file: FileRange, socket: number, options: PathOptions = {}): Transfer =>
    new NullTransfer(file, socket, options),
};

/** The control: the same loop, but the bytes come from memory and no file is read. See `docs/paths/null.md`. */
import { Mapping } from '../io/mapping.ts';
import { write } from '../sys/fd.ts';
import type { FileRange, Intermediate, Path, PathOptions, Transfer } from './path.ts';
import { Ledger } from './transfer.ts';

class NullTransfer extends Ledger {
  readonly #memory: Mapping | undefined;

  constructor(file: FileRange, socket: number, options: PathOptions) {
    super(file, socket, options);
    if (this.length === 0) return;
    const size = Math.min(this.chunk, this.length);
    this.calls += 2;
    this.#memory = Mapping.anonymous(size);
    // Fresh anonymous memory that is only read shows one shared page of zeros over and over, which fits any cache: the
    // control would look cheaper than memory is. Once written, each page is its own.
    this.#memory.write(0, new Uint8Array(size));
  }

  step(): number {
    if (this.closed) return this.afterClose();
    const left = this.length - this.delivered;
    if (left === 0 || this.#memory === undefined) return 0;
    // a chunk that went out in part is completed first, as the paths do that have to keep it
    const sent = this.delivered % this.chunk;
    const room = this.chunk - sent;
    this.calls++;
    const n = write(this.socket, this.#memory.address, Math.min(left, room), sent);
    if (n <= 0) return n === 0 ? this.stuck('write') : this.failed(n, 'write');
    this.taken += n;
    this.delivered += n;
    return n;
  }

  get buffers(): readonly Intermediate[] {
    if (this.#memory === undefined) return [];
    return [{ kind: 'memory', address: this.#memory.address, length: this.#memory.length }];
  }

  protected release(): void {
    if (this.#memory === undefined) return;
    this.calls++;
    this.#memory.close();
  }
}

export const nullPath: Path = {
  name: 'null',
  start: (file: FileRange, socket: number, options: PathOptions = {}): Transfer =>
    new NullTransfer(file, socket, options),
};

/** What `read-write` and `null` share: one chunk of memory of their own, that write(2) copies from. */
import { Mapping } from '../io/mapping.ts';
import type { FileRange, Intermediate, PathOptions } from './path.ts';
import { Ledger } from './transfer.ts';

export abstract class Buffered extends Ledger {
  /** None for an empty range. */
  protected readonly memory: Mapping | undefined;

  constructor(file: FileRange, socket: number, options: PathOptions) {
    super(file, socket, options);
    if (this.length === 0) return;
    this.calls++;
    this.memory = Mapping.anonymous(Math.min(this.chunk, this.length));
  }

  get buffers(): readonly Intermediate[] {
    if (this.memory === undefined) return [];
    return [{ kind: 'memory', address: this.memory.address, length: this.memory.length }];
  }

  protected release(): void {
    if (this.memory === undefined) return;
    this.calls++;
    this.memory.close();
  }
}

/**
 * mmap(2) the file and write(2) the mapping: one copy less than `read-write`, a page fault for each piece more.
 * See `docs/paths/mmap-write.md`.
 */
import { constants as os } from 'node:os';
import { Mapping, PAGE_SIZE } from '../io/mapping.ts';
import { fstat, write } from '../sys/fd.ts';
import { readStat, STAT_SIZE } from '../sys/structs.ts';
import { isRegular } from './hints.ts';
import type { FileRange, Intermediate, Path, PathOptions, Transfer } from './path.ts';
import { integer, Ledger } from './transfer.ts';

const { EFAULT, ENODEV } = os.errno;
const DEFAULT_WINDOW = 64 * 1024 * 1024;

class MmapWriteTransfer extends Ledger {
  readonly #window: number;
  readonly #populate: boolean;
  readonly #stat = new Uint8Array(STAT_SIZE);
  #mapping: Mapping | undefined;
  /** Undefined at first: V8 unboxes a field that has held numbers only, and allocates a box for each call that takes it. */
  #address: number | undefined = undefined;
  /** The mapping shows the file from here... */
  #start = 0;
  /** ...to here, which is never past the end that the file had when it was last looked at. */
  #end = 0;
  #confirmed = false;

  constructor(file: FileRange, socket: number, options: PathOptions) {
    super(file, socket, options);
    const window = integer('window', options.window ?? DEFAULT_WINDOW, 1, Number.MAX_SAFE_INTEGER);
    this.#window = Math.ceil(window / PAGE_SIZE) * PAGE_SIZE;
    this.#populate = options.populate === true;
    this.#end = this.offset;
  }

  step(): number {
    if (this.closed) return this.afterClose();
    if (this.delivered === this.length) return this.#confirm();
    const position = this.offset + this.delivered;
    if (position === this.#end) {
      const result = this.#map(position);
      if (result < 0) return result;
    }
    const n = this.#write(position);
    return n === -EFAULT ? this.#faulted(position) : this.#account(n);
  }

  #write(position: number): number {
    this.calls++;
    const address = this.#address as number;
    return write(this.socket, address, Math.min(this.#end - position, this.chunk), position - this.#start);
  }

  #account(n: number): number {
    if (n <= 0) return n === 0 ? this.stuck('write') : this.failed(n, 'write');
    this.taken += n;
    this.delivered += n;
    return n;
  }

  /** Shows the next piece of the file, beginning with the page that holds `position`. */
  #map(position: number): number {
    const size = this.#size();
    if (size < 0) return this.failed(size, 'fstat');
    if (size <= position) return this.shrank('fstat', size);
    const offset = position - (position % PAGE_SIZE);
    const end = Math.min(this.offset + this.length, size, offset + this.#window);
    try {
      this.#unmap();
      this.calls++;
      this.#mapping = Mapping.file(this.fd, { offset, length: end - offset, populate: this.#populate });
    } catch (error) {
      return this.refused(error);
    }
    this.#address = this.#mapping.address;
    this.#start = offset;
    this.#end = end;
    return 0;
  }

  /**
   * write(2) could not read the mapping. Either the file is shorter by now: then what is left of it is sent first, as the
   * other paths would. Or its device failed.
   */
  #faulted(position: number): number {
    const size = this.#size();
    if (size < 0) return this.failed(size, 'fstat');
    if (size <= position) return this.shrank('write', size);
    if (size >= this.#end) return this.failed(-EFAULT, 'write');
    this.#end = size;
    return this.#account(this.#write(position));
  }

  /**
   * Where a file ends inside a page, the mapping shows zeros up to the end of that page, and write(2) takes them for data.
   * So a file that shrank by less than a page would go unnoticed if nobody looked again at the end.
   */
  #confirm(): number {
    if (this.#confirmed || this.length === 0) return 0;
    const size = this.#size();
    if (size < 0) return this.failed(size, 'fstat');
    if (size < this.offset + this.length) return this.shrank('fstat', size);
    this.#confirmed = true;
    return 0;
  }

  #size(): number {
    this.calls++;
    const result = fstat(this.fd, this.#stat);
    if (result < 0) return result;
    const { size, mode } = readStat(this.#stat);
    return isRegular(mode) ? size : -ENODEV;
  }

  #unmap(): void {
    if (this.#mapping === undefined) return;
    this.calls++;
    this.#mapping.close();
    this.#mapping = undefined;
  }

  get buffers(): readonly Intermediate[] {
    if (this.#mapping === undefined) return [];
    const { address, length } = this.#mapping;
    return [{ kind: 'mapping', address, length, offset: this.#start }];
  }

  protected release(): void {
    this.#unmap();
  }
}

export const mmapWritePath: Path = {
  name: 'mmap-write',
  start: (file: FileRange, socket: number, options: PathOptions = {}): Transfer =>
    new MmapWriteTransfer(file, socket, options),
};

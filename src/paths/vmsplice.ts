/**
 * pread(2) into memory, vmsplice(2) the memory into a pipe, splice(2) the pipe into the socket: one copy, into pages that
 * nobody may write again. See `docs/paths/vmsplice.md`.
 */
import { EINVAL } from '../io/errors.ts';
import { Mapping } from '../io/mapping.ts';
import { pread } from '../sys/fd.ts';
import { MADV_DONTNEED, madvise } from '../sys/mmap.ts';
import { SPLICE_F_NONBLOCK, vmsplice } from '../sys/pipe.ts';
import type { FileRange, Intermediate, Path, PathOptions, Transfer } from './path.ts';
import { Piped } from './piped.ts';

class VmspliceTransfer extends Piped {
  #memory: Mapping | undefined;
  /** Undefined at first: V8 unboxes a field that has held numbers only, and allocates a box for each call that takes it. */
  #address: number | undefined = undefined;
  /** Its pages may be in a pipe, in the socket or with the receiver: no byte of them is written again. */
  #spent = false;
  /** The one pair (address, length) that vmsplice is given. */
  readonly #iov = new Float64Array(2);
  /** Bytes of the chunk in memory, and how many of them are in the pipe or further. */
  #held = 0;
  #given = 0;

  step(): number {
    if (this.closed) return this.afterClose();
    if (this.inPipe === 0) {
      if (this.#given === this.#held) {
        if (this.taken === this.length) return 0;
        const result = this.#fill();
        if (result < 0) return result;
      }
      const result = this.#give();
      if (result < 0) return result;
    }
    return this.drain();
  }

  #fill(): number {
    if (this.#spent) {
      const result = this.#letGo();
      if (result < 0) return result;
    }
    if (this.#memory === undefined) {
      this.calls++;
      try {
        this.#memory = Mapping.anonymous(Math.min(this.chunk, this.length));
      } catch (error) {
        return this.refused(error);
      }
      this.#address = this.#memory.address;
    }
    const count = Math.min(this.length - this.taken, this.chunk);
    this.calls++;
    const n = pread(this.fd, this.#address as number, count, this.offset + this.taken);
    if (n <= 0) return n === 0 ? this.shrank('pread') : this.failed(n, 'pread');
    this.taken += n;
    this.#held = n;
    this.#given = 0;
    return n;
  }

  /**
   * Trades the pages for fresh ones. Only the mapping lets go: the references of the pipe, the socket and the receiver keep
   * the old pages alive, unwritten, for as long as anybody may read them. No count of bytes acknowledged could say when
   * that is: on loopback the receiver's queue still points to pages that were acknowledged long ago.
   */
  #letGo(): number {
    this.calls++;
    const result = madvise(this.#address as number, undefined, MADV_DONTNEED);
    // locked pages (mlock, mlockall) cannot be dropped, but their mapping can
    if (result === -EINVAL) return this.#unmap();
    if (result < 0) return this.failed(result, 'madvise');
    this.#spent = false;
    return 0;
  }

  #unmap(): number {
    this.calls++;
    try {
      this.#memory?.close();
    } catch (error) {
      return this.refused(error);
    }
    this.#memory = undefined;
    this.#spent = false;
    return 0;
  }

  #give(): number {
    this.#iov[0] = (this.#address as number) + this.#given;
    this.#iov[1] = this.#held - this.#given;
    this.calls++;
    // the pipe may be smaller than the chunk: a partial count then, not a wait for a reader that is ourselves
    const n = vmsplice(this.writeEnd, this.#iov, SPLICE_F_NONBLOCK);
    if (n <= 0) return n === 0 ? this.stuck('vmsplice') : this.failed(n, 'vmsplice');
    this.#spent = true;
    this.#given += n;
    this.inPipe = n;
    return n;
  }

  override get buffers(): readonly Intermediate[] {
    if (this.#memory === undefined) return [];
    return [{ kind: 'memory', address: this.#memory.address, length: this.#memory.length }, ...super.buffers];
  }

  protected override release(): void {
    super.release();
    if (this.#memory === undefined) return;
    this.calls++;
    this.#memory.close();
  }
}

export const vmsplicePath: Path = {
  name: 'vmsplice',
  start: (file: FileRange, socket: number, options: PathOptions = {}): Transfer =>
    new VmspliceTransfer(file, socket, options),
};

/** pread(2) into a buffer, write(2) out of it: what everybody does. Two calls a chunk. See `docs/paths/read-write.md`. */
import { pread, write } from '../sys/fd.ts';
import { Buffered } from './buffered.ts';
import type { FileRange, Path, PathOptions, Transfer } from './path.ts';

class ReadWriteTransfer extends Buffered {
  #held = 0;
  #sent = 0;

  step(): number {
    if (this.closed) return this.afterClose();
    if (this.memory === undefined) return 0;
    const address = this.memory.address;
    if (this.#sent === this.#held) {
      const left = this.length - this.taken;
      if (left === 0) return 0;
      this.calls++;
      const n = pread(this.fd, address, Math.min(left, this.chunk), this.offset + this.taken);
      if (n <= 0) return n === 0 ? this.shrank('pread') : this.failed(n, 'pread');
      this.taken += n;
      this.#held = n;
      this.#sent = 0;
    }
    this.calls++;
    const n = write(this.socket, address, this.#held - this.#sent, this.#sent);
    if (n <= 0) return n === 0 ? this.stuck('write') : this.failed(n, 'write');
    this.#sent += n;
    this.delivered += n;
    return n;
  }
}

export const readWritePath: Path = {
  name: 'read-write',
  start: (file: FileRange, socket: number, options: PathOptions = {}): Transfer =>
    new ReadWriteTransfer(file, socket, options),
};

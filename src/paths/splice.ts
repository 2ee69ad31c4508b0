/** splice(2) twice: page cache into a pipe, pipe into the socket, by reference. See `docs/paths/splice.md`. */
import { SPLICE_F_MOVE, spliceAt } from '../sys/pipe.ts';
import type { FileRange, Path, PathOptions, Transfer } from './path.ts';
import { Piped } from './piped.ts';

class SpliceTransfer extends Piped {
  step(): number {
    if (this.closed) return this.afterClose();
    if (this.inPipe === 0) {
      const left = this.length - this.taken;
      if (left === 0) return 0;
      const count = Math.min(left, this.chunk);
      this.calls++;
      // into an empty pipe, so this never waits for room
      const n = spliceAt(this.fd, this.offset + this.taken, this.writeEnd, count, SPLICE_F_MOVE);
      if (n <= 0) return n === 0 ? this.shrank('splice') : this.failed(n, 'splice');
      this.taken += n;
      this.inPipe = n;
    }
    return this.drain();
  }
}

export const splicePath: Path = {
  name: 'splice',
  start: (file: FileRange, socket: number, options: PathOptions = {}): Transfer =>
    new SpliceTransfer(file, socket, options),
};

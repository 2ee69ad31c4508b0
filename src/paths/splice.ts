/** splice(2) twice: page cache into a pipe, pipe into the socket, by reference. See `docs/paths/splice.md`. */
import { constant, native } from '../native.ts';
import type { FileRange, Path, PathOptions, Transfer } from './path.ts';
import { Piped } from './piped.ts';

const { sys } = native;
const MOVE = constant<'splice'>('SPLICE_F_MOVE');

class SpliceTransfer extends Piped {
  step(): number {
    if (this.closed) return this.afterClose();
    if (this.inPipe === 0) {
      const left = this.length - this.taken;
      if (left === 0) return 0;
      const count = Math.min(left, this.chunk);
      this.calls++;
      // into an empty pipe, so this never waits for room
      const n = sys.splice(this.fd, this.offset + this.taken, this.writeEnd, null, count, MOVE);
      if (n <= 0) return n === 0 ? this.shrank('splice') : this.failed(n, 'splice');
      this.taken += n;
      this.inPipe = n;
    }
    return this.drain();
  }
}

export const splice: Path = {
  name: 'splice',
  start: (file: FileRange, socket: number, options: PathOptions = {}): Transfer =>
    new SpliceTransfer(file, socket, options),
};

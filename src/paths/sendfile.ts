/** sendfile(2): the kernel hands pages of the page cache to the socket. One call a chunk. See `docs/paths/sendfile.md`. */
import { sendfile } from '../sys/sendfile.ts';
import type { FileRange, Intermediate, Path, PathOptions, Transfer } from './path.ts';
import { Ledger } from './transfer.ts';

class SendfileTransfer extends Ledger {
  step(): number {
    if (this.closed) return this.afterClose();
    const left = this.length - this.taken;
    if (left === 0) return 0;
    this.calls++;
    const n = sendfile(this.socket, this.fd, this.offset + this.taken, Math.min(left, this.chunk));
    // 0 would come for ever: the reason of many an endless loop (hazards: a file truncated under sendfile)
    if (n <= 0) return n === 0 ? this.shrank('sendfile') : this.failed(n, 'sendfile');
    this.taken += n;
    this.delivered += n;
    return n;
  }

  /** Its bytes rest in a pipe inside the kernel, which is empty again whenever the call is back. */
  get buffers(): readonly Intermediate[] {
    return [];
  }

  protected release(): void {}
}

export const sendfilePath: Path = {
  name: 'sendfile',
  start: (file: FileRange, socket: number, options: PathOptions = {}): Transfer =>
    new SendfileTransfer(file, socket, options),
};

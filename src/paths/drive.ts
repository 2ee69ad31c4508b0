/** Steps a transfer to its end. Retrying is done here, where it shows, and not in the steps. */
import { constants as os } from 'node:os';
import { constant, layout, native, offsetOf } from '../native.ts';
import type { Transfer } from './path.ts';

const { sys } = native;
const { EAGAIN, EINTR } = os.errno;
const pollfd = layout('pollfd');
const POLLOUT = constant('POLLOUT');

/**
 * **Blocks the calling thread** until the range is delivered; for a Worker, a script or a bench, not for a thread that
 * has an event loop to turn. Answers the bytes delivered; throws `transfer.error` if a step failed. Closing the transfer
 * is left to the caller, who may want to look at what is left over.
 */
export function driveBlocking(transfer: Transfer, socket: number): number {
  let fds: DataView | undefined;
  for (;;) {
    const n = transfer.step();
    if (n > 0 || n === -EINTR) continue;
    if (n === 0) return transfer.delivered;
    if (n !== -EAGAIN) throw transfer.error;
    if (fds === undefined) {
      fds = new DataView(new ArrayBuffer(pollfd.size));
      fds.setInt32(offsetOf(pollfd, 'fd'), socket, true);
      fds.setInt16(offsetOf(pollfd, 'events'), POLLOUT, true);
    }
    // whatever it answers (a signal, an error on the socket): the next step finds out
    sys.poll(fds, 1, -1);
  }
}

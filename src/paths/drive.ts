/** Steps a transfer to its end. Retrying is done here, where it shows, and not in the steps. */
import { EAGAIN, EINTR } from '../io/errors.ts';
import { POLLFD_WORDS, POLLOUT, poll, setPollFd } from '../sys/poll.ts';
import type { Transfer } from './path.ts';

/**
 * **Blocks the calling thread** until the range is delivered; for a Worker, a script or a bench, not for a thread that
 * has an event loop to turn. Answers the bytes delivered; throws `transfer.error` if a step failed. Closing the transfer
 * is left to the caller, who may want to look at what is left over.
 */
export function driveBlocking(transfer: Transfer, socket: number): number {
  let fds: Int32Array | undefined;
  for (;;) {
    const n = transfer.step();
    if (n > 0 || n === -EINTR) continue;
    if (n === 0) return transfer.delivered;
    if (n !== -EAGAIN) throw transfer.error;
    if (fds === undefined) {
      fds = new Int32Array(POLLFD_WORDS);
      setPollFd(fds, 0, socket, POLLOUT);
    }
    // whatever it answers (a signal, an error on the socket): the next step finds out
    poll(fds, 1, -1);
  }
}

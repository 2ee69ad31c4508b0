/** Steps a transfer to its end. Retrying is done here, where it shows, and not in the steps. */
import { setImmediate as turn } from 'node:timers/promises';
import { EAGAIN, EINTR, SystemError } from '../io/errors.ts';
import type { Fd } from '../io/fd.ts';
import { ready } from '../io/wait.ts';
import { F_GETFL, fcntl, O_NONBLOCK } from '../sys/fd.ts';
import { POLLFD_WORDS, POLLOUT, poll, setPollFd } from '../sys/poll.ts';
import type { Transfer } from './path.ts';

function numberOf(socket: Fd | number): number {
  return typeof socket === 'number' ? socket : socket.fd;
}

/**
 * **Blocks the calling thread** until the range is delivered: for a Worker, a script or a bench, not for a thread that
 * has an event loop to turn. Answers the bytes delivered; throws `transfer.error` if a step failed.
 *
 * The transfer is not closed: its caller may want to look at what is left over.
 */
export function driveBlocking(transfer: Transfer, socket: Fd | number): number {
  let fds: Int32Array | undefined;
  for (;;) {
    const n = transfer.step();
    if (n > 0 || n === -EINTR) continue;
    if (n === 0) return transfer.delivered;
    if (n !== -EAGAIN) throw transfer.error;
    if (fds === undefined) {
      fds = new Int32Array(POLLFD_WORDS);
      setPollFd(fds, 0, numberOf(socket), POLLOUT);
    }
    // whatever it answers (a signal, an error of the socket's): the next step finds out
    poll(fds, 1, -1);
  }
}

/** After so many bytes or steps without a wait, Node's loop gets its turn: a fast peer must not starve the others. */
const TURN_BYTES = 1 << 20;
const TURN_STEPS = 64;

/**
 * {@link driveBlocking} for Node's own thread: waits for the socket without blocking it. The socket has to be O_NONBLOCK
 * (`ERR_SOCKET_BLOCKS`). Given an {@link Fd}, closing it meanwhile rejects with `EBADF_CLOSED`. An abort rejects with the signal's reason, between two steps; the counts are exact then, too.
 */
export async function driveAsync(
  transfer: Transfer,
  socket: Fd | number,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<number> {
  const fd = numberOf(socket);
  const flags = fcntl(fd, F_GETFL, 0);
  if (flags < 0) throw new SystemError(-flags, 'fcntl', { fd, hint: 'the socket is not open' });
  if ((flags & O_NONBLOCK) === 0)
    throw new SystemError(EAGAIN, 'step', {
      code: 'ERR_SOCKET_BLOCKS',
      text: `descriptor ${fd} is not O_NONBLOCK: a step would stop Node's loop until the peer reads`,
      fd,
      hint: 'set `nonblocking`, or use driveBlocking() in a Worker',
    });
  let bytes = 0;
  let steps = 0;
  for (;;) {
    options.signal?.throwIfAborted();
    const n = transfer.step();
    if (n === 0) return transfer.delivered;
    if (n === -EAGAIN) {
      await ready(socket, { out: true }, { signal: options.signal });
      bytes = steps = 0;
    } else if (n > 0 || n === -EINTR) {
      bytes += Math.max(n, 0);
      if (bytes < TURN_BYTES && ++steps < TURN_STEPS) continue;
      await turn();
      bytes = steps = 0;
    } else {
      throw transfer.error;
    }
  }
}

/** What the copies of a path are looked for over: two connected stream sockets, both of this thread. */
import { check } from '../../io/errors.ts';
import type { Socket } from '../../io/socket.ts';
import { fionread } from '../../sys/fd.ts';
import { POLLFD_WORDS, POLLIN, poll, setPollFd } from '../../sys/poll.ts';
import { MSG_PEEK } from '../../sys/socket.ts';

export interface StreamPair {
  readonly name: string;
  readonly sender: Socket;
  readonly receiver: Socket;
}

const PATIENCE_MS = 2000;
const NONE = new Uint8Array(0);

/**
 * **Blocks** until `bytes` are in the receiver's queue: what is still queued at the sender could be copied later. Throws after 2 s:
 * the socket buffers are too small, or the route is broken.
 */
export function untilArrived({ name, receiver }: StreamPair, bytes: number): void {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const there = check(fionread(receiver.fd), 'ioctl', { fd: receiver.fd });
    if (there >= bytes) return;
    if (performance.now() > deadline)
      throw new Error(`${name}: ${there} of ${bytes} bytes arrived within ${PATIENCE_MS} ms`);
    poll(NONE, 0, 1);
  }
}

function takeInto(pair: StreamPair, address: number, bytes: number, flags: number): void {
  const fds = new Int32Array(POLLFD_WORDS);
  setPollFd(fds, 0, pair.receiver.fd, POLLIN);
  for (let done = 0; done < bytes; ) {
    if (poll(fds, 1, PATIENCE_MS) === 0) throw new Error(`${pair.name}: ${done} of ${bytes} bytes came`);
    const n = pair.receiver.recv(address + done, { flags, count: bytes - done });
    if (n === 0) throw new Error(`${pair.name}: the sender closed after ${done} of ${bytes} bytes`);
    done += n ?? 0;
    // a look always begins at the front of the queue
    if (flags === MSG_PEEK && done < bytes)
      throw new Error(`${pair.name}: ${done} of ${bytes} bytes could be peeked at`);
  }
}

/** Takes `bytes` out of the queue, into memory of a mapping. */
export function receiveInto(pair: StreamPair, address: number, bytes: number): void {
  takeInto(pair, address, bytes, 0);
}

/** The same, and leaves them in the queue. */
export function peekInto(pair: StreamPair, address: number, bytes: number): void {
  takeInto(pair, address, bytes, MSG_PEEK);
}

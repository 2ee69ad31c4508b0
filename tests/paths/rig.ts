/** Connected sockets, and a transfer stepped against a reader in the same thread: nothing depends on timing. */
import { check } from '../../src/io/errors.ts';
import type { Transfer } from '../../src/paths/index.ts';
import { close, F_SETFL, fcntl, fionread, O_NONBLOCK } from '../../src/sys/fd.ts';
import { POLLFD_WORDS, POLLIN, POLLOUT, poll, setPollFd } from '../../src/sys/poll.ts';
import { decodeSockaddr, encodeSockaddr, type InetAddress, SOCKADDR_SIZE } from '../../src/sys/sockaddr.ts';
import {
  AF_INET,
  AF_UNIX,
  accept4,
  bind,
  connect,
  getsockname,
  LINGER_ONOFF_WORD,
  LINGER_WORDS,
  listen,
  MSG_PEEK,
  recv,
  SHUT_WR,
  SO_LINGER,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_STREAM,
  SOL_SOCKET,
  setsockopt,
  shutdown,
  socket,
  socketpair,
} from '../../src/sys/socket.ts';
import { errno } from '../support/errno.ts';

export type Sink = 'TCP' | 'UNIX';
export type Mode = 'blocking' | 'nonblocking';

function connected(sink: Sink): [sender: number, reader: number] {
  if (sink === 'UNIX') {
    const ends = new Int32Array(2);
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 'socketpair');
    return [ends[0] as number, ends[1] as number];
  }
  const listener = check(socket(AF_INET, SOCK_STREAM, 0), 'socket');
  const name = new Uint8Array(SOCKADDR_SIZE);
  check(bind(listener, encodeSockaddr({ family: 'inet', host: '127.0.0.1', port: 0 })), 'bind');
  check(listen(listener, 1), 'listen');
  check(getsockname(listener, name, new Int32Array([name.length])), 'getsockname');
  const { port } = decodeSockaddr(name) as InetAddress;
  const sender = check(socket(AF_INET, SOCK_STREAM, 0), 'socket');
  check(connect(sender, encodeSockaddr({ family: 'inet', host: '127.0.0.1', port })), 'connect');
  const reader = check(accept4(listener, null, null, 0), 'accept4');
  close(listener);
  return [sender, reader];
}

export class Rig {
  readonly sender: number;
  readonly reader: number;
  #received: Buffer[] = [];
  readonly #piece = Buffer.allocUnsafe(1 << 18);
  #open: Set<number>;

  /** `room` asks for small socket buffers, so that a few KiB fill them. */
  constructor(sink: Sink, mode: Mode, room?: number) {
    [this.sender, this.reader] = connected(sink);
    this.#open = new Set([this.sender, this.reader]);
    if (mode === 'nonblocking') check(fcntl(this.sender, F_SETFL, O_NONBLOCK), 'fcntl');
    check(fcntl(this.reader, F_SETFL, O_NONBLOCK), 'fcntl');
    if (room !== undefined) {
      check(setsockopt(this.sender, SOL_SOCKET, SO_SNDBUF, new Int32Array([room])), 'setsockopt');
      check(setsockopt(this.reader, SOL_SOCKET, SO_RCVBUF, new Int32Array([room])), 'setsockopt');
    }
  }

  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  /** One step, with what must be true of every step. */
  step(transfer: Transfer): number {
    const { taken, delivered, calls } = transfer;
    const n = transfer.step();
    // compared without expect(), which takes longer than the step
    const exact =
      transfer.delivered - delivered === Math.max(n, 0) &&
      transfer.left === transfer.taken - transfer.delivered &&
      transfer.taken >= taken &&
      transfer.calls >= calls &&
      residue(transfer) <= transfer.left;
    if (!exact) throw new Error(`step answered ${n}: ${JSON.stringify({ ...transfer, left: transfer.left })}`);
    return n;
  }

  /** Reads what is there now; at most `count` bytes if given. Answers how many. */
  read(count = Number.POSITIVE_INFINITY): number {
    let total = 0;
    while (total < count) {
      const n = recv(this.reader, this.#piece, Math.min(count - total, this.#piece.length), 0);
      if (n <= 0) break;
      this.#received.push(Buffer.from(this.#piece.subarray(0, n)));
      total += n;
    }
    return total;
  }

  /** Steps and reads in turns until the transfer ends; answers 0 or the error. */
  run(transfer: Transfer, readSize?: number): number {
    for (;;) {
      const n = this.step(transfer);
      this.read(readSize);
      if (n === -errno.EAGAIN) this.wait();
      else if (n <= 0 && n !== -errno.EINTR) return n;
    }
  }

  /** No more will be sent: reads to the end of the stream. */
  finish(): Buffer {
    shutdown(this.sender, SHUT_WR);
    for (;;) {
      this.read();
      const n = recv(this.reader, this.#piece, 1, MSG_PEEK);
      if (n === 0) return this.received;
      if (n === -errno.EAGAIN) this.wait();
      else check(n, 'recv');
    }
  }

  /** Until either end has something to do. */
  wait(): void {
    const fds = new Int32Array(2 * POLLFD_WORDS);
    setPollFd(fds, 0, this.sender, POLLOUT);
    setPollFd(fds, 1, this.reader, POLLIN);
    poll(fds, 2, 5000);
  }

  /** The peer goes away at once: TCP sends a reset. */
  reset(): void {
    const linger = new Int32Array(LINGER_WORDS);
    linger[LINGER_ONOFF_WORD] = 1;
    setsockopt(this.reader, SOL_SOCKET, SO_LINGER, linger);
    this.closeEnd(this.reader);
  }

  closeEnd(fd: number): void {
    if (this.#open.delete(fd)) close(fd);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open) close(fd);
    this.#open.clear();
  }
}

/** Bytes in the transfer's pipe, as the kernel counts them. */
export function residue(transfer: Transfer): number {
  const pipe = transfer.buffers.find((buffer) => buffer.kind === 'pipe');
  return pipe === undefined ? 0 : check(fionread(pipe.readEnd), 'ioctl');
}

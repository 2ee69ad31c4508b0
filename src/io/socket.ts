/**
 * A connected (or connecting) socket. No call of it ever waits: what would have to answers `undefined`, whatever the
 * descriptor's own mode is, and {@link Socket.readable} and {@link Socket.writable} are promises. See `docs/io/socket.md`.
 */
import type { Socket as NetSocket } from 'node:net';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Flag, type Memory, native, type View } from '../native.ts';
import { EPOLLIN, EPOLLOUT } from '../sys/epoll.ts';
import { encodeSockaddr, type SocketAddress } from '../sys/sockaddr.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  decodeTcpInfo,
  IPPROTO_TCP,
  MSG_DONTWAIT,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  TCP_CORK,
  TCP_INFO,
  TCP_INFO_SIZE,
  TCP_NODELAY,
  type TcpInfo,
} from '../sys/socket.ts';
import { milliseconds } from './deadline.ts';
import { Endpoint } from './endpoint.ts';
import { check, checkReady, EAGAIN, EINTR, retryOnEintr, SystemError } from './errors.ts';
import type { Fd } from './fd.ts';
import type { WaitOptions } from './pending.ts';
import { type Message, type ReceiveOptions, receiveMessage, sendMessage } from './rights.ts';
import { takeDescriptor } from './take.ts';
import { ready } from './wait.ts';

const { sys } = native;
const { EINPROGRESS, ETIMEDOUT } = constants.errno;

const LONGEST_PAUSE_MS = 50;

const DOMAINS = { inet: AF_INET, inet6: AF_INET6, unix: AF_UNIX };
const HOW = { read: SHUT_RD, write: SHUT_WR, both: SHUT_RDWR };

export interface TransferOptions {
  /** `MSG_*`; MSG_DONTWAIT and, for sends, MSG_NOSIGNAL are always added. */
  flags?: Flag<'msg'>;
  /** Where in the buffer to begin. */
  at?: number;
  /** How many bytes of it; to its end if left out. */
  count?: number;
}

export class Socket extends Endpoint {
  /** A stream socket that is not connected yet. `EMFILE`, `EAFNOSUPPORT`. socket(2). */
  static open(family: SocketAddress['family'], type: Flag<'sock'> = SOCK_STREAM): Socket {
    return Socket.own(openSocket(family, type));
  }

  /** {@link open} for TCP. */
  static tcp(family: 'inet' | 'inet6' = 'inet'): Socket {
    return Socket.open(family);
  }

  /** {@link open} for a UNIX socket. */
  static unix(type: Flag<'sock'> = SOCK_STREAM): Socket {
    return Socket.open('unix', type);
  }

  /** Two UNIX sockets, connected to each other. `EMFILE`. socketpair(2). */
  static pair(type: Flag<'sock'> = SOCK_STREAM): [Socket, Socket] {
    const sv = new Int32Array(2);
    check(sys.socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, sv), 'socketpair');
    return [Socket.own(sv[0] as number), Socket.own(sv[1] as number)];
  }

  /** A connected stream socket; nothing is left open if that fails. Errors as {@link connect}, and the signal's reason. */
  static async connect(address: SocketAddress, options: WaitOptions = {}): Promise<Socket> {
    const { signal } = options;
    signal?.throwIfAborted();
    const end = performance.now() + milliseconds(options.timeout);
    const socket = Socket.open(address.family);
    try {
      let result = socket.#start(address);
      // a UNIX listener's queue is full, and nothing tells when there is room in it
      for (let pause = 1; result === -EAGAIN; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
        if (performance.now() + pause > end) throw tooLate(socket.fd, options);
        await sleep(pause, undefined, signal ? { signal } : {});
        result = socket.#start(address);
      }
      if (socket.#started(result)) return socket;
      const left = Math.max(0, Math.ceil(end - performance.now()));
      await socket.connected({ signal, timeout: left });
      return socket;
    } catch (error) {
      socket.close();
      throw signal?.aborted ? signal.reason : error;
    }
  }

  /**
   * The connection of a socket of node:net, and the bytes that Node had read of it but nobody had taken. The descriptor is
   * duplicated, and Node's socket destroyed (it emits 'close'): the same open file in two loops is what neither libuv nor
   * epoll can bear. `ERR_NO_DESCRIPTOR` (not connected, destroyed, TLS), `ERR_UNSENT` (Node still holds bytes to send).
   */
  static take(from: NetSocket): { socket: Socket; head: Buffer } {
    const { raw, head } = takeDescriptor(from);
    return { socket: Socket.own(raw), head };
  }

  /**
   * Starts to connect: `true` if the connection stands already (a UNIX socket), `false` if {@link connected} will tell.
   * `ECONNREFUSED`, `ENOENT`, `EADDRNOTAVAIL`, `EAGAIN` (a UNIX listener's queue is full: try again). connect(2).
   */
  connect(address: SocketAddress): boolean {
    return this.#started(this.#start(address));
  }

  #start(address: SocketAddress): number {
    return sys.connect(this.fd, encodeSockaddr(address));
  }

  #started(result: number): boolean {
    // interrupted, it goes on by itself, and calling it again would be refused (connect(2), EINTR)
    if (result === -EINPROGRESS || result === -EINTR) return false;
    const hint = result === -EAGAIN ? 'the listener’s queue is full: try again later, or raise its backlog' : undefined;
    check(result, 'connect', { fd: this.fd, hint });
    return true;
  }

  /** Resolves when the connection stands. `ECONNREFUSED`, `ETIMEDOUT` (also after `timeout` ms), `ENETUNREACH`. */
  async connected(options: WaitOptions = {}): Promise<void> {
    const { fd } = this;
    const events = await ready(this, EPOLLOUT, options);
    if (events === 0)
      throw new SystemError(constants.errno.ETIMEDOUT, 'connect', {
        fd,
        text: `no connection in ${options.timeout} ms`,
      });
    const error = this.takeError();
    if (error !== 0) throw new SystemError(error, 'connect', { fd });
  }

  /** How many bytes of `buf` the socket took; `undefined` if none fit in now. `EPIPE`, `ECONNRESET`. send(2). */
  send(buf: Memory, { flags = 0, at, count }: TransferOptions = {}): number | undefined {
    const { fd } = this;
    const result = retryOnEintr(() => sys.send(fd, buf, span(buf, count, at), flags | MSG_DONTWAIT, at));
    return result >= 0 ? result : checkReady(result, 'send', { fd });
  }

  /** How many bytes came into `buf`; 0 when the peer has shut down, `undefined` if there are none now. `ECONNRESET`. recv(2). */
  recv(buf: Memory, { flags = 0, at, count }: TransferOptions = {}): number | undefined {
    const { fd } = this;
    const result = retryOnEintr(() => sys.recv(fd, buf, span(buf, count, at), flags | MSG_DONTWAIT, at));
    return result >= 0 ? result : checkReady(result, 'recv', { fd });
  }

  /** Throws up to `count` bytes of a TCP stream away without copying them; answers as {@link recv}. tcp(7), MSG_TRUNC. */
  discard(count: number): number | undefined {
    const { fd } = this;
    return checkReady(
      retryOnEintr(() => sys.recvDiscard(fd, count, MSG_DONTWAIT)),
      'recv',
      { fd },
    );
  }

  /**
   * Sends from several buffers, and with them duplicates of descriptors (UNIX sockets; at most 253, and at least one byte
   * beside them). The descriptors stay yours. `undefined` if nothing fits in now. `ETOOMANYREFS`. sendmsg(2), unix(7).
   */
  sendMessage(
    buffers: readonly View[],
    fds: readonly (Fd | number)[] = [],
    flags: Flag<'msg'> = 0,
  ): number | undefined {
    return sendMessage(this.fd, buffers, fds, flags);
  }

  /**
   * Receives into several buffers, and whatever descriptors came along, each with an owner of its own: close them.
   * `undefined` if there is nothing now. Descriptors for which there was no room are closed by the kernel, and
   * `truncated` says so. recvmsg(2), unix(7).
   */
  receiveMessage(buffers: readonly View[], options: ReceiveOptions = {}): Message | undefined {
    return receiveMessage(this.fd, buffers, options);
  }

  /** Resolves when there is something to read, the end, or an error. Answers `EPOLL*` flags, 0 after the time-out. */
  readable(options: WaitOptions = {}): Promise<number> {
    return ready(this, EPOLLIN, options);
  }

  /** Resolves when a send would take bytes, or fail. Answers `EPOLL*` flags, 0 after the time-out. */
  writable(options: WaitOptions = {}): Promise<number> {
    return ready(this, EPOLLOUT, options);
  }

  /** Ends one direction, or both; after `write` the peer reads to its end, and can still answer. `ENOTCONN`. shutdown(2). */
  shutdown(how: keyof typeof HOW): void {
    const { fd } = this;
    const value = HOW[how];
    if (value === undefined)
      throw Object.assign(new RangeError(`how must be read, write or both, got ${String(how)}`), {
        code: 'ERR_OUT_OF_RANGE',
      });
    check(sys.shutdown(fd, value), 'shutdown', { fd });
  }

  /** TCP_NODELAY: small segments are sent at once (Nagle's algorithm off). */
  noDelay(on = true): void {
    this.setOption(IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0);
  }

  /** TCP_CORK: part-filled segments wait (200 ms at most) until it is taken out. */
  cork(on = true): void {
    this.setOption(IPPROTO_TCP, TCP_CORK, on ? 1 : 0);
  }

  /** `ENOTCONN`. getpeername(2). */
  remoteAddress(): SocketAddress {
    return this.peerAddress();
  }

  /** What the kernel knows of a TCP connection. `EOPNOTSUPP` for other sockets. tcp(7), TCP_INFO. */
  tcpInfo(): TcpInfo {
    const { fd } = this;
    const bytes = new Uint8Array(TCP_INFO_SIZE);
    check(sys.getsockopt(fd, IPPROTO_TCP, TCP_INFO, bytes, Int32Array.of(TCP_INFO_SIZE)), 'getsockopt', { fd });
    return decodeTcpInfo(bytes);
  }
}

function tooLate(fd: number, { timeout }: WaitOptions): SystemError {
  return new SystemError(ETIMEDOUT, 'connect', { fd, text: `no connection after ${timeout} ms` });
}

/** A descriptor that still needs an owner. */
export function openSocket(family: SocketAddress['family'], type: Flag<'sock'> = SOCK_STREAM): number {
  const domain = DOMAINS[family];
  if (domain === undefined)
    throw Object.assign(new RangeError(`family must be inet, inet6 or unix, got ${String(family)}`), {
      code: 'ERR_OUT_OF_RANGE',
    });
  return check(sys.socket(domain, type | SOCK_NONBLOCK, 0), 'socket');
}

/** To the buffer's end, if a beginning but no count is given. (An address has no end that is known here.) */
function span(buf: Memory, count: number | undefined, at: number | undefined): number | undefined {
  if (count !== undefined || at === undefined || typeof buf === 'number') return count;
  return Math.max(0, buf.byteLength - at);
}

/** A socket that waits for connections. See `docs/io/listener.md`. */

import { lstatSync, unlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { native } from '../native.ts';
import { EPOLLIN } from '../sys/epoll.ts';
import { encodeSockaddr, type Name, type SocketAddress } from '../sys/sockaddr.ts';
import { SO_REUSEADDR, SO_REUSEPORT, SOCK_NONBLOCK, SOL_SOCKET, SOMAXCONN } from '../sys/socket.ts';
import { Endpoint } from './endpoint.ts';
import { check, checkReady, EINTR, SystemError } from './errors.ts';
import type { WaitOptions } from './pending.ts';
import { openSocket, Socket } from './socket.ts';
import { ready } from './wait.ts';

const { sys } = native;
const { ECONNABORTED, EPROTO } = constants.errno;

/** How long nobody is accepted when this process has no descriptor left: doubled each time, up to the second. */
const BACK_OFF_MS = [10, 1000] as const;

export interface TcpListenerOptions {
  /** An address of this machine. `'127.0.0.1'` if left out; `'::'` and `'0.0.0.0'` are all of them. */
  host?: string;
  /** 0 (if left out) lets the kernel choose: {@link Listener.address} tells. */
  port?: number;
  /** How many connections wait to be accepted, cut to /proc/sys/net/core/somaxconn. SOMAXCONN if left out. */
  backlog?: number;
  /** Several listeners on one port, among which the kernel spreads connections. Linux 3.9. */
  reusePort?: boolean;
}

export class Listener extends Endpoint {
  #bound: { path: string | Buffer; ino: number; dev: number } | undefined;

  /** `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES` (a port below 1024), `EMFILE`. */
  static tcp({ host = '127.0.0.1', port = 0, backlog, reusePort = false }: TcpListenerOptions = {}): Listener {
    const family = host.includes(':') ? 'inet6' : 'inet';
    return listen({ family, host, port }, backlog, reusePort);
  }

  /**
   * On a path, or on a name in the abstract namespace (`{ abstract }`), which is not in the file system and goes with the
   * listener. close() removes the path, if it is still this listener's. `EADDRINUSE` (the path exists), `EACCES`.
   */
  static unix(name: Name | { abstract: Name }, { backlog }: { backlog?: number } = {}): Listener {
    if (typeof name === 'object' && 'abstract' in name) return listen({ family: 'unix', ...name }, backlog, false);
    const listener = listen({ family: 'unix', path: name }, backlog, false);
    try {
      const path = typeof name === 'string' ? resolve(name) : Buffer.from(name);
      const { ino, dev } = lstatSync(path);
      listener.#bound = { path, ino, dev };
      return listener;
    } catch (error) {
      listener.close();
      throw error;
    }
  }

  override close(): void {
    const bound = this.#bound;
    this.#bound = undefined;
    super.close();
    if (bound === undefined) return;
    const now = lstatSync(bound.path, { throwIfNoEntry: false });
    if (now?.ino === bound.ino && now.dev === bound.dev) unlinkSync(bound.path);
  }

  /**
   * The next connection, or `undefined` if there is none now. `EMFILE` and `ENFILE`: it stays in the queue, so that the
   * listener stays readable; do not try again before something was closed. accept4(2).
   */
  accept(): Socket | undefined {
    const { fd } = this;
    for (;;) {
      const result = sys.accept4(fd, null, null, SOCK_NONBLOCK);
      if (result >= 0) return Socket.own(result);
      // who gave up while waiting in the queue is no concern of the next one's
      if (result === -EINTR || result === -ECONNABORTED || result === -EPROTO) continue;
      checkReady(result, 'accept4', { fd, hint: HINTS[-result] });
      return undefined;
    }
  }

  /** {@link accept} as soon as there is a connection; `undefined` after `timeout` ms. */
  async acceptAsync(options: WaitOptions = {}): Promise<Socket | undefined> {
    options.signal?.throwIfAborted();
    for (;;) {
      const socket = this.accept();
      if (socket !== undefined) return socket;
      if ((await ready(this, EPOLLIN, options)) === 0) return undefined;
    }
  }

  /**
   * Connection after connection, until the listener is closed. While this process has no descriptor left, it does not
   * spin: it tries again after 10 ms, then 20, and so on to a second, and warns once.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Socket, void, undefined> {
    yield* this.connections();
  }

  /** The same with a signal: the iteration throws its reason. */
  async *connections({ signal }: { signal?: AbortSignal } = {}): AsyncGenerator<Socket, void, undefined> {
    let pause = 0;
    while (!this.closed) {
      let socket: Socket | undefined;
      try {
        socket = await this.acceptAsync({ signal });
        pause = 0;
      } catch (error) {
        if (this.closed) return;
        if (!(error instanceof SystemError && HINTS[error.errno] !== undefined)) throw error;
        if (pause === 0) process.emitWarning(error.message, { type: 'AcceptWarning', code: error.code });
        pause = Math.min(Math.max(2 * pause, BACK_OFF_MS[0]), BACK_OFF_MS[1]);
        await sleep(pause, undefined, signal ? { signal } : {});
      }
      if (socket !== undefined) yield socket;
    }
  }

  /** Where it listens: tells the port that the kernel chose. getsockname(2). */
  address(): SocketAddress {
    return this.localAddress();
  }
}

const HINTS: Readonly<Record<number, string>> = {
  [constants.errno.EMFILE]: 'this process has RLIMIT_NOFILE descriptors open: close some, or raise it (ulimit -n)',
  [constants.errno.ENFILE]: 'the system has no file left: /proc/sys/fs/file-max',
  [constants.errno.ENOBUFS]: 'the kernel has no memory for sockets left',
  [constants.errno.ENOMEM]: 'the kernel has no memory for sockets left',
};

function listen(address: SocketAddress, backlog: number = SOMAXCONN, reusePort: boolean): Listener {
  const where = encodeSockaddr(address);
  const listener = Listener.own(openSocket(address.family));
  try {
    const { fd } = listener;
    if (address.family !== 'unix') listener.setOption(SOL_SOCKET, SO_REUSEADDR, 1);
    if (reusePort) listener.setOption(SOL_SOCKET, SO_REUSEPORT, 1);
    const text = 'path' in address ? { path: String(address.path) } : {};
    check(sys.bind(fd, where), 'bind', { fd, ...text });
    check(sys.listen(fd, backlog), 'listen', { fd });
    return listener;
  } catch (error) {
    listener.close();
    throw error;
  }
}

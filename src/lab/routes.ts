/**
 * Routes: a connected pair of stream sockets inside this process, and what lies between the two. What a path copies depends
 * on it: a loopback keeps the sender's pages, a device without scatter-gather cannot.
 *
 * All of it is made in one go, without waiting for Node's loop, and nothing of it has a name: when the descriptors are
 * closed, or the process is killed, the kernel takes the networks and devices away.
 */
import { constants } from 'node:os';
import { check, EINTR, SystemError } from '../io/errors.ts';
import { Listener } from '../io/listener.ts';
import { pollOne } from '../io/select.ts';
import { Socket } from '../io/socket.ts';
import { type Capability, works } from '../model/works.ts';
import { once } from '../probe/instrument.ts';
import { siocoutqnsd } from '../sys/net.ts';
import { POLLIN, POLLOUT } from '../sys/poll.ts';
import type { InetAddress } from '../sys/sockaddr.ts';
import { AF_UNIX, SO_DOMAIN, SO_RCVBUF, SO_RCVBUFFORCE, SO_SNDBUF, SO_SNDBUFFORCE, SOL_SOCKET } from '../sys/socket.ts';
import { type Endpoints, orClose, vethEndpoints } from './veth.ts';

export type RouteName = 'tcp' | 'unix' | 'veth';
export const routeNames: readonly RouteName[] = ['tcp', 'unix', 'veth'];

export interface RouteOptions {
  /**
   * `veth` only: scatter-gather of the sender's device, and with it what depends on it (segmentation). Set before the
   * connection is made, since TCP asks its device then. Left as the kernel has it (on) if left out.
   */
  readonly scatterGather?: boolean;
  /**
   * Bytes that each end holds unsent or unacknowledged; 1 MiB if left out. The kernel takes twice that, for its own
   * overhead. Without CAP_NET_ADMIN cut to /proc/sys/net/core/wmem_max.
   */
  readonly sendBuffer?: number;
  /** Bytes that each end holds unread; as {@link sendBuffer}, with rmem_max. */
  readonly receiveBuffer?: number;
}

export interface Route {
  readonly name: RouteName;
  /** Both block, as the bench's sockets do. Either end may send. */
  readonly sender: Socket;
  readonly receiver: Socket;
  /** The device that the sender's bytes leave through, in the network of the sender's socket; none for UNIX sockets. */
  readonly interface?: string;
  /** What lies between the two, in words for a report. */
  describe(): string;
  close(): void;
  [Symbol.dispose](): void;
}

type Ends = readonly [sender: Socket, receiver: Socket];

const { ETIMEDOUT } = constants.errno;
const BUFFER = 1024 * 1024;
const PATIENCE_MS = 5000;
const LOOPBACK = '127.0.0.1';

/** Past the limit of the system where this user may, within it elsewhere. */
function setBuffer(socket: Socket | Listener, forced: number, plain: number, bytes: number): void {
  try {
    socket.setOption(SOL_SOCKET, forced, bytes);
  } catch (error) {
    if (!(error instanceof SystemError && error.code === 'EPERM')) throw error;
    socket.setOption(SOL_SOCKET, plain, bytes);
  }
}

/** TCP agrees on the largest window with the first packets: what is set later than that comes too late. */
function setBuffers(socket: Socket | Listener, { sendBuffer = BUFFER, receiveBuffer = BUFFER }: RouteOptions): void {
  setBuffer(socket, SO_SNDBUFFORCE, SO_SNDBUF, sendBuffer);
  setBuffer(socket, SO_RCVBUFFORCE, SO_RCVBUF, receiveBuffer);
}

/** Until `fd` is ready. In this process nobody is slow: it only waits where the kernel does something later. */
function untilReady(fd: number, events: number, what: string): void {
  const end = performance.now() + PATIENCE_MS;
  for (let left = PATIENCE_MS; left > 0; left = end - performance.now()) {
    const result = pollOne(fd, events, Math.ceil(left));
    if (result === -EINTR) continue;
    if (check(result, 'poll', { fd }) > 0) return;
  }
  throw new SystemError(ETIMEDOUT, 'poll', { fd, text: `${what}: nothing within ${PATIENCE_MS} ms` });
}

/** The other end of the connection that `sender` makes. Nobody else can be in the queue of a listener that is ours. */
function connect(sender: Socket, listener: Listener, address: InetAddress, options: RouteOptions): Socket {
  setBuffers(listener, options);
  setBuffers(sender, options);
  sender.connect(address);
  const what = `connecting to ${address.host}:${address.port}`;
  untilReady(sender.fd, POLLOUT, what);
  const error = sender.takeError();
  if (error !== 0) throw new SystemError(error, 'connect', { fd: sender.fd });
  untilReady(listener.fd, POLLIN, `accepting ${what}`);
  const receiver = listener.accept();
  if (receiver === undefined) throw new Error(`${what}: the listener is ready, but has nobody`);
  return receiver;
}

function portOf(listener: Listener): number {
  const address = listener.address();
  if (address.family !== 'inet') throw new Error(`a TCP listener is bound to ${address.family}`);
  return address.port;
}

/** The listener is not needed any more, whatever comes of it. */
function connected({ sender, listener, host }: Endpoints, options: RouteOptions): Ends {
  return orClose([sender], () => {
    try {
      return [sender, connect(sender, listener, { family: 'inet', host, port: portOf(listener) }, options)];
    } finally {
      listener.close();
    }
  });
}

function tcpEndpoints(): Endpoints {
  const listener = Listener.tcp({ host: LOOPBACK });
  return orClose([listener], () => ({ sender: Socket.tcp(), listener, host: LOOPBACK }));
}

function unixPair(options: RouteOptions): Ends {
  const ends = Socket.pair();
  return orClose(ends, () => {
    for (const end of ends) setBuffers(end, options);
    return ends;
  });
}

class OpenRoute implements Route {
  readonly name: RouteName;
  readonly sender: Socket;
  readonly receiver: Socket;
  declare readonly interface?: string;
  readonly #text: string;

  constructor(name: RouteName, [sender, receiver]: Ends, text: string, device?: string) {
    this.name = name;
    this.sender = sender;
    this.receiver = receiver;
    this.#text = text;
    if (device !== undefined) this.interface = device;
    orClose([sender, receiver], () => {
      sender.nonblocking = false;
      receiver.nonblocking = false;
    });
  }

  describe(): string {
    return this.#text;
  }

  close(): void {
    try {
      this.sender.close();
    } finally {
      this.receiver.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Opens a route. Nothing is left open if that fails. `EMFILE`; for `veth` whatever {@link vethCapability} would say.
 *
 * While it makes a `veth` this thread is in other networks, and back home before the call returns, whatever happened.
 */
export function openRoute(name: RouteName, options: RouteOptions = {}): Route {
  if (options.scatterGather !== undefined && name !== 'veth')
    throw new RangeError(`scatterGather: a ${name} route has no device to set it on, only veth has`);
  switch (name) {
    case 'tcp':
      return new OpenRoute(name, connected(tcpEndpoints(), options), `TCP over loopback, ${LOOPBACK}`, 'lo');
    case 'unix':
      return new OpenRoute(name, unixPair(options), 'a pair of UNIX stream sockets');
    case 'veth': {
      const { scatterGather } = options;
      const ends = vethEndpoints(scatterGather);
      const how = scatterGather === undefined ? '' : `, scatter-gather ${scatterGather ? 'on' : 'off'}`;
      const text = `TCP over a veth pair between two network namespaces${how}`;
      return new OpenRoute(name, connected(ends, options), text, ends.device);
    }
    default:
      throw new RangeError(`name must be one of ${routeNames.join(', ')}, got ${String(name)}`);
  }
}

/** Whether this user and this kernel can make a `veth` route: tried once. */
export const vethCapability: () => Capability = once(() => {
  openRoute('veth').close();
  return works;
});

/**
 * Whether everything that was written has been sent: what is still in the sender's queue is a reference to its source
 * whatever the device can do. A UNIX socket has no such queue. ioctl(2), SIOCOUTQNSD.
 */
export function transmitted(sender: Socket): boolean {
  if (sender.getOption(SOL_SOCKET, SO_DOMAIN) === AF_UNIX) return true;
  const { fd } = sender;
  return check(siocoutqnsd(fd), 'ioctl', { fd }) === 0;
}

/** The stream sockets that the bench sends through: blocking ones, so that waiting for room is no call of its own. */
import { Listener } from '../io/listener.ts';
import { Socket } from '../io/socket.ts';
import type { Sink } from '../model/results.ts';
import type { SocketAddress } from '../sys/sockaddr.ts';
import type { Endpoint } from './protocol.ts';

const LOOPBACK = '127.0.0.1';
const PATIENCE_MS = 10_000;

/** As {@link import('node:net').connect} takes it. */
export function nodeTarget(endpoint: Endpoint): { path: string } | { host: string; port: number } {
  return 'path' in endpoint ? { path: endpoint.path } : { host: LOOPBACK, port: endpoint.port };
}

export async function connectBlocking(endpoint: Endpoint): Promise<Socket> {
  const address: SocketAddress =
    'path' in endpoint
      ? { family: 'unix', path: endpoint.path }
      : { family: 'inet', host: LOOPBACK, port: endpoint.port };
  const socket = await Socket.connect(address, { timeout: PATIENCE_MS });
  socket.nonblocking = false;
  return socket;
}

/** `path` is where a UNIX socket will be; for TCP the kernel chooses a port. */
export function listen(sink: Sink, path: string): { listener: Listener; endpoint: Endpoint } {
  if (sink === 'unix') return { listener: Listener.unix(path), endpoint: { path } };
  const listener = Listener.tcp({ host: LOOPBACK });
  const address = listener.address();
  if (address.family !== 'inet') throw new Error(`a TCP listener is bound to ${address.family}`);
  return { listener, endpoint: { port: address.port } };
}

export async function acceptBlocking(listener: Listener): Promise<Socket> {
  const socket = await listener.acceptAsync({ timeout: PATIENCE_MS });
  if (socket === undefined) throw new Error(`no sender connected within ${PATIENCE_MS / 1000} s`);
  socket.nonblocking = false;
  return socket;
}

/**
 * The receiving process. What it does must cost less than sending: TCP bytes are discarded in the kernel without being
 * copied, UNIX bytes are copied into one small buffer over and over. In the verifying pass it hashes every byte instead.
 */
import { createHash } from 'node:crypto';
import { EINTR, SystemError } from '../io/errors.ts';
import type { Listener } from '../io/listener.ts';
import { Socket } from '../io/socket.ts';
import type { Sink } from '../model/results.ts';
import { recv, recvDiscard } from '../sys/socket.ts';
import { cpuSince, cpuTime } from './cpu-time.ts';
import { pinThisThread } from './pinning.ts';
import type { Endpoint, Received, ReceiverCalls } from './protocol.ts';
import { serve } from './serve.ts';
import { acceptBlocking, listen } from './wire.ts';

/** The most that one call takes; what has arrived is less. */
const DISCARD = 4 * 1024 * 1024;
const buffer = new Uint8Array(256 * 1024);

const connections: Socket[] = [];
let listener: Listener | undefined;
let sink: Sink = 'tcp';

function receiveSome(fd: number, most: number, into: boolean): number {
  for (;;) {
    const n = into ? recv(fd, buffer, Math.min(most, buffer.length), 0) : recvDiscard(fd, Math.min(most, DISCARD), 0);
    if (n > 0) return n;
    if (n === -EINTR) continue;
    if (n === 0) throw new Error(`the sender closed the connection with ${most} bytes still to come`);
    throw new SystemError(-n, 'recv', { fd, text: `${most} bytes are still to come` });
  }
}

function discard(fd: number, bytes: number): void {
  const into = sink === 'unix';
  for (let left = bytes; left > 0; ) left -= receiveSome(fd, left, into);
}

function hash(fd: number, bytes: number): string {
  const sha256 = createHash('sha256');
  for (let left = bytes; left > 0; ) {
    const n = receiveSome(fd, left, true);
    sha256.update(buffer.subarray(0, n));
    left -= n;
  }
  return sha256.digest('hex');
}

async function receive(
  request: Parameters<ReceiverCalls['receive']>[0],
  event: (name: string) => Promise<void>,
): Promise<Received> {
  const { connection, transfers, size } = request;
  const fd = connections[connection]?.fd;
  if (fd === undefined) throw new Error(`no connection ${connection}`);
  await event('ready');
  const before = cpuTime();
  const sha256: string[] = [];
  if (request.hash) for (let i = 0; i < transfers; i++) sha256.push(hash(fd, size));
  else discard(fd, transfers * size);
  return { end: String(process.hrtime.bigint()), cpu: cpuSince(before), sha256 };
}

serve({
  async listen(request: Parameters<ReceiverCalls['listen']>[0]): Promise<Endpoint> {
    if (request.cpu !== undefined) await pinThisThread(request.cpu);
    sink = request.sink;
    const made = listen(sink, request.path);
    listener = made.listener;
    return made.endpoint;
  },
  async accept(): Promise<number> {
    if (listener === undefined) throw new Error('not listening');
    return connections.push(await acceptBlocking(listener)) - 1;
  },
  adopt(request: Parameters<ReceiverCalls['adopt']>[0]): number {
    sink = request.sink;
    const socket = Socket.adoptRawFd(request.fd, { unsafe: true });
    socket.nonblocking = false;
    return connections.push(socket) - 1;
  },
  receive,
});

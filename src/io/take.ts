/**
 * Taking the descriptor of a node:net socket. Node has no documented way to give it; its handle has had the number as
 * `fd` since 0.10, and a handle without it is refused.
 */
import type { Socket as NetSocket } from 'node:net';
import { constant, native } from '../native.ts';
import { check } from './errors.ts';

const { sys } = native;
const F_DUPFD_CLOEXEC = constant<'fcntl'>('F_DUPFD_CLOEXEC');

function refuse(code: string, message: string): never {
  throw Object.assign(new Error(message), { code });
}

/** A duplicate of the socket's descriptor, and what Node had read of it; Node's own socket is destroyed. */
export function takeDescriptor(from: NetSocket): { raw: number; head: Buffer } {
  // bytes that the peer sends in this turn stay in the kernel: Node reads between turns only
  if ('encrypted' in from)
    refuse('ERR_NO_DESCRIPTOR', 'a TLS socket cannot be taken: its bytes mean nothing without its keys');
  const handle = (from as { _handle?: { fd?: unknown } | null })._handle;
  const fd = handle?.fd;
  if (typeof fd !== 'number' || fd < 0)
    refuse(
      'ERR_NO_DESCRIPTOR',
      `the socket has no descriptor to take: it is ${from.destroyed ? 'destroyed' : from.connecting ? 'still connecting' : 'not connected'}`,
    );
  if (from.connecting) refuse('ERR_NO_DESCRIPTOR', 'the socket is still connecting: take it after its connect event');
  if (from.writableLength > 0)
    refuse(
      'ERR_UNSENT',
      `Node still holds ${from.writableLength} bytes to send: take the socket after its drain event`,
    );
  if (from.readableEncoding !== null && from.readableLength > 0)
    refuse(
      'ERR_DECODED',
      'Node has decoded bytes that nobody read yet: do not use setEncoding() on a socket to be taken',
    );
  const raw = check(sys.fcntl(fd, F_DUPFD_CLOEXEC, 0), 'fcntl', { fd });
  from.pause();
  const head: Buffer = from.read() ?? Buffer.alloc(0);
  from.destroy();
  return { raw, head };
}

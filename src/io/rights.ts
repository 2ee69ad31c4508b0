/** Messages that carry descriptors (SCM_RIGHTS). unix(7), cmsg(3). */
import { type Flag, native, type View } from '../native.ts';
import { controlMessages, decodeRights, encodeRights, RIGHTS_SPACE } from '../sys/cmsg.ts';
import { MSG_CTRUNC, MSG_DONTWAIT, MSG_TRUNC } from '../sys/socket.ts';
import { checkReady, retryOnEintr } from './errors.ts';
import { Fd } from './fd.ts';

const { sys } = native;

export interface Message {
  /** How many bytes came; 0 when the peer has shut down. */
  readonly bytes: number;
  /** The descriptors that came along: yours to close. */
  readonly fds: readonly Fd[];
  /** A datagram was longer than the buffers: its rest is lost. MSG_TRUNC. */
  readonly truncated: boolean;
  /** Descriptors came that could not be taken, since this process has too many open. MSG_CTRUNC. */
  readonly lost: boolean;
}

export interface ReceiveOptions {
  /** `MSG_*`; MSG_DONTWAIT is always added. */
  flags?: Flag<'msg'>;
}

// filled and read within one call, so one of each is enough for a thread
const control = new Uint8Array(RIGHTS_SPACE);
const header = new Int32Array(3);

export function sendMessage(
  fd: number,
  buffers: readonly View[],
  fds: readonly (Fd | number)[],
  flags: Flag<'msg'>,
): number | undefined {
  const rights = fds.length > 0 ? encodeRights(fds.map((each) => (typeof each === 'number' ? each : each.fd))) : null;
  const result = retryOnEintr(() => sys.sendmsg(fd, buffers, null, rights, flags | MSG_DONTWAIT));
  return checkReady(result, 'sendmsg', { fd });
}

export function receiveMessage(
  fd: number,
  buffers: readonly View[],
  { flags = 0 }: ReceiveOptions,
): Message | undefined {
  const result = retryOnEintr(() => sys.recvmsg(fd, buffers, null, control, header, flags | MSG_DONTWAIT));
  const bytes = checkReady(result, 'recvmsg', { fd });
  if (bytes === undefined) return undefined;
  const [, length = 0, got = 0] = header;
  const fds = controlMessages(control, length)
    .flatMap(decodeRights)
    .map((raw) => Fd.own(raw));
  return { bytes, fds, truncated: (got & MSG_TRUNC) !== 0, lost: (got & MSG_CTRUNC) !== 0 };
}

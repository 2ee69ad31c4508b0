/**
 * Control messages, the small records beside the bytes of sendmsg and recvmsg: descriptors that travel (SCM_RIGHTS) and
 * the error queue, on which the kernel tells what became of a zero-copy send. cmsg(3), unix(7), ip(7).
 */
import { endianness } from 'node:os';
import { constant, layout, offsetOf } from '../native.ts';

export const SCM_RIGHTS = constant<'scm'>('SCM_RIGHTS');
export const SO_EE_ORIGIN_ZEROCOPY = constant<'ee'>('SO_EE_ORIGIN_ZEROCOPY');
/** In the completion of a zero-copy send: the kernel made a copy after all, as it always does on loopback. */
export const SO_EE_CODE_ZEROCOPY_COPIED = constant<'ee'>('SO_EE_CODE_ZEROCOPY_COPIED');
/** Bytes before the data of a control message: CMSG_LEN(0). */
export const CMSG_HEADER = constant<'cmsg'>('CMSG_HEADER');
/** Control messages begin at multiples of this: CMSG_ALIGN(1). */
export const CMSG_ALIGNMENT = constant<'cmsg'>('CMSG_ALIGNMENT');
/** How many descriptors one message may carry (SCM_MAX_FD of include/net/scm.h, Linux 2.6.38). */
export const SCM_MAX_FD = 253;

const SOL_SOCKET = constant<'sol'>('SOL_SOCKET');
const IPPROTO_IP = constant<'sol'>('IPPROTO_IP');
const IPPROTO_IPV6 = constant<'sol'>('IPPROTO_IPV6');
const IP_RECVERR = constant<'so'>('IP_RECVERR');
const IPV6_RECVERR = constant<'so'>('IPV6_RECVERR');

const cmsghdr = layout('cmsghdr');
const LEN = offsetOf(cmsghdr, 'cmsg_len');
const LEVEL = offsetOf(cmsghdr, 'cmsg_level');
const TYPE = offsetOf(cmsghdr, 'cmsg_type');
const ee = layout('sock_extended_err');
const LITTLE = endianness() === 'LE';

export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  /** A view of the control buffer: valid until that is used again. */
  readonly data: Uint8Array;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const align = (bytes: number) => Math.ceil(bytes / CMSG_ALIGNMENT) * CMSG_ALIGNMENT;

/** How large a control buffer must be for one message with `dataBytes` of data: CMSG_SPACE. */
export function controlSpace(dataBytes: number): number {
  return CMSG_HEADER + align(dataBytes);
}

/** Room for one message with as many descriptors as can come at once: what to give recvmsg on a UNIX socket. */
export const RIGHTS_SPACE = controlSpace(SCM_MAX_FD * 4);
/** Room for one record of the error queue: `struct sock_extended_err` and the offender's address behind it. */
export const ERROR_SPACE = controlSpace(ee.size + layout('sockaddr_in6').size);

/** The control buffer that makes sendmsg on a UNIX socket send these descriptors; the receiver gets duplicates. */
export function encodeRights(fds: readonly number[]): Uint8Array {
  if (fds.length === 0 || fds.length > SCM_MAX_FD)
    throw new RangeError(
      `encodeRights: fds must hold 1 to ${SCM_MAX_FD} descriptors, got ${fds.length}; send more messages`,
    );
  const out = new Uint8Array(controlSpace(fds.length * 4));
  const view = viewOf(out);
  view.setBigUint64(LEN, BigInt(CMSG_HEADER + fds.length * 4), LITTLE);
  view.setInt32(LEVEL, SOL_SOCKET, LITTLE);
  view.setInt32(TYPE, SCM_RIGHTS, LITTLE);
  for (const [i, fd] of fds.entries()) {
    if (!(Number.isInteger(fd) && fd >= 0 && fd <= 0x7fffffff))
      throw new TypeError(`encodeRights: fds[${i}] must be a descriptor, got ${String(fd)}`);
    view.setInt32(CMSG_HEADER + i * 4, fd, LITTLE);
  }
  return out;
}

/** The messages in the first `length` bytes of `control` (what recvmsg left in `header[1]`), in order. */
export function controlMessages(control: Uint8Array, length: number = control.byteLength): ControlMessage[] {
  if (length > control.byteLength)
    throw new RangeError(`controlMessages: length must be at most ${control.byteLength}, got ${length}`);
  const view = viewOf(control);
  const messages: ControlMessage[] = [];
  for (let at = 0; at + CMSG_HEADER <= length; ) {
    const size = Number(view.getBigUint64(at + LEN, LITTLE));
    // a message that claims more than there is would be read from what lay in the buffer before
    if (size < CMSG_HEADER || size > length - at) break;
    messages.push({
      level: view.getInt32(at + LEVEL, LITTLE),
      type: view.getInt32(at + TYPE, LITTLE),
      data: control.subarray(at + CMSG_HEADER, at + size),
    });
    at += align(size);
  }
  return messages;
}

/** The descriptors in a message; none where it is another kind of message. They are this thread's to close. */
export function decodeRights({ level, type, data }: ControlMessage): number[] {
  if (level !== SOL_SOCKET || type !== SCM_RIGHTS) return [];
  const view = viewOf(data);
  return Array.from({ length: data.byteLength >> 2 }, (_, i) => view.getInt32(i * 4, LITTLE));
}

/** `struct sock_extended_err`: one record of a socket's error queue. */
export interface ExtendedError {
  readonly errno: number;
  readonly origin: number;
  readonly type: number;
  readonly code: number;
  readonly info: number;
  readonly data: number;
}

/** The record in a message that came with MSG_ERRQUEUE; `undefined` where it is another kind of message. */
export function decodeExtendedError({ level, type, data }: ControlMessage): ExtendedError | undefined {
  const wanted = (level === IPPROTO_IP && type === IP_RECVERR) || (level === IPPROTO_IPV6 && type === IPV6_RECVERR);
  if (!wanted || data.byteLength < ee.size) return undefined;
  const view = viewOf(data);
  const u32 = (field: string) => view.getUint32(offsetOf(ee, field), LITTLE);
  const u8 = (field: string) => view.getUint8(offsetOf(ee, field));
  return {
    errno: u32('ee_errno'),
    origin: u8('ee_origin'),
    type: u8('ee_type'),
    code: u8('ee_code'),
    info: u32('ee_info'),
    data: u32('ee_data'),
  };
}

/** The sends `first` to `last` are done with their buffers. Both wrap at 2^32, so `last` may be below `first`. */
export interface ZeroCopyCompletion {
  readonly first: number;
  readonly last: number;
  /** The kernel copied the bytes instead of referring to them. */
  readonly copied: boolean;
}

/**
 * The completion in a message that came with MSG_ERRQUEUE; `undefined` where it is something else. Sends are numbered
 * from 0 per socket, counting only those MSG_ZEROCOPY calls that answered a byte count > 0 with SO_ZEROCOPY set.
 */
export function decodeZeroCopy(message: ControlMessage): ZeroCopyCompletion | undefined {
  const error = decodeExtendedError(message);
  if (error === undefined || error.origin !== SO_EE_ORIGIN_ZEROCOPY || error.errno !== 0) return undefined;
  return { first: error.info, last: error.data, copied: (error.code & SO_EE_CODE_ZEROCOPY_COPIED) !== 0 };
}

/**
 * Socket addresses as the kernel has them (`struct sockaddr_in`, `sockaddr_in6`, `sockaddr_un`) and as people write
 * them. ip(7), ipv6(7), unix(7).
 */
import { isIPv4, isIPv6 } from 'node:net';
import { endianness } from 'node:os';
import { constant, layout, offsetOf } from '../native.ts';

export interface InetAddress {
  readonly family: 'inet';
  /** Dotted: `'127.0.0.1'`. */
  readonly host: string;
  readonly port: number;
}

export interface Inet6Address {
  readonly family: 'inet6';
  /** `'::1'`, without a zone: that is `scopeId`. */
  readonly host: string;
  readonly port: number;
  readonly flowinfo?: number;
  /** The interface's index, for link-local addresses. */
  readonly scopeId?: number;
}

/** Bytes, where they are no UTF-8; text otherwise. */
export type Name = string | Uint8Array;

/** A socket in the file system (`path`), in the abstract namespace (`abstract`), or one that has no name. */
export type UnixAddress =
  | { readonly family: 'unix'; readonly path: Name }
  | { readonly family: 'unix'; readonly abstract: Name }
  | { readonly family: 'unix'; readonly unnamed: true };

export type SocketAddress = InetAddress | Inet6Address | UnixAddress;

const AF_INET = constant<'af'>('AF_INET');
const AF_INET6 = constant<'af'>('AF_INET6');
const AF_UNIX = constant<'af'>('AF_UNIX');

const storage = layout('sockaddr_storage');
const sin = layout('sockaddr_in');
const sin6 = layout('sockaddr_in6');
const sun = layout('sockaddr_un');
const SUN_PATH = offsetOf(sun, 'sun_path');

/** Room for any address: what to give accept4, recvfrom, getsockname. */
export const SOCKADDR_SIZE = storage.size;
/** The longest UNIX name in bytes; one byte of `sun_path` is the NUL that ends a path or begins an abstract name. */
export const UNIX_NAME_MAX = sun.size - SUN_PATH - 1;

const LITTLE = endianness() === 'LE';

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function unsigned(name: string, value: number, max: number): number {
  if (!Number.isInteger(value)) throw new TypeError(`address.${name} must be an integer, got ${String(value)}`);
  if (value < 0 || value > max) throw new RangeError(`address.${name} must be 0 to ${max}, got ${value}`);
  return value;
}

function refuseHost(host: unknown, wanted: string): never {
  const got = typeof host === 'string' ? `'${host}'` : String(host);
  throw new TypeError(`address.host must be ${wanted}, got ${got}; resolve a name with dns.lookup() first`);
}

/** The 16 bytes of an address that net.isIPv6 has accepted. */
function parse6(host: string): number[] {
  // URL writes an IPv6 host in one form: lower-case hex groups, one '::' at most, nothing dotted
  const [head = '', tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const front = groups(head);
  const back = groups(tail ?? '');
  const zeros = Array<number>(8 - front.length - back.length).fill(0);
  return [...front, ...zeros, ...back].flatMap((group) => [group >> 8, group & 255]);
}

function print6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  const mapped = groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff';
  if (mapped) return `::ffff:${bytes.slice(12, 16).join('.')}`;
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

function encodeUnix(address: UnixAddress): Uint8Array {
  if ('unnamed' in address) return header(SUN_PATH, AF_UNIX);
  const abstract = 'abstract' in address;
  const field = abstract ? 'abstract' : 'path';
  const name = abstract ? address.abstract : address.path;
  if (typeof name !== 'string' && !(name instanceof Uint8Array))
    throw new TypeError(`address.${field} must be a string or a Uint8Array, got ${String(name)}`);
  const bytes = typeof name === 'string' ? new TextEncoder().encode(name) : name;
  if (bytes.length > UNIX_NAME_MAX)
    throw new RangeError(
      `address.${field} must be at most ${UNIX_NAME_MAX} bytes (sun_path), got ${bytes.length}; a shorter directory, ` +
        'or the path /proc/self/fd/N/name of an open directory N, helps',
    );
  if (!abstract && (bytes.length === 0 || bytes.includes(0)))
    throw new RangeError(
      `address.path must be a path without NUL, got ${bytes.length === 0 ? 'none' : 'one'}; use { abstract } for a name ` +
        'outside the file system, { unnamed: true } for none',
    );
  const out = header(SUN_PATH + 1 + bytes.length, AF_UNIX);
  out.set(bytes, SUN_PATH + (abstract ? 1 : 0));
  return out;
}

function header(size: number, family: number): Uint8Array {
  const out = new Uint8Array(size);
  viewOf(out).setUint16(offsetOf(storage, 'ss_family'), family, LITTLE);
  return out;
}

/** The kernel's form of an address: exactly as many bytes as bind, connect and sendto are to be given. */
export function encodeSockaddr(address: SocketAddress): Uint8Array {
  switch (address.family) {
    case 'inet': {
      if (!isIPv4(address.host)) refuseHost(address.host, "an IPv4 address such as '127.0.0.1'");
      const out = header(sin.size, AF_INET);
      viewOf(out).setUint16(offsetOf(sin, 'sin_port'), unsigned('port', address.port, 0xffff));
      out.set(address.host.split('.').map(Number), offsetOf(sin, 'sin_addr'));
      return out;
    }
    case 'inet6': {
      if (typeof address.host === 'string' && address.host.includes('%'))
        throw new TypeError(
          `address.host must have no zone, got '${address.host}'; give the interface's index as scopeId`,
        );
      if (!isIPv6(address.host)) refuseHost(address.host, "an IPv6 address such as '::1'");
      const out = header(sin6.size, AF_INET6);
      const view = viewOf(out);
      view.setUint16(offsetOf(sin6, 'sin6_port'), unsigned('port', address.port, 0xffff));
      view.setUint32(offsetOf(sin6, 'sin6_flowinfo'), unsigned('flowinfo', address.flowinfo ?? 0, 0xffffffff));
      view.setUint32(offsetOf(sin6, 'sin6_scope_id'), unsigned('scopeId', address.scopeId ?? 0, 0xffffffff), LITTLE);
      out.set(parse6(address.host), offsetOf(sin6, 'sin6_addr'));
      return out;
    }
    case 'unix':
      return encodeUnix(address);
    default:
      throw new TypeError(
        `address.family must be 'inet', 'inet6' or 'unix', got ${String((address as { family?: unknown }).family)}`,
      );
  }
}

function decodeName(bytes: Uint8Array): Name {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes.slice();
  }
}

function decodeUnix(bytes: Uint8Array): UnixAddress {
  const name = bytes.subarray(SUN_PATH);
  if (name.length === 0) return { family: 'unix', unnamed: true };
  if (name[0] === 0) return { family: 'unix', abstract: decodeName(name.subarray(1)) };
  const end = name.indexOf(0);
  return { family: 'unix', path: decodeName(end < 0 ? name : name.subarray(0, end)) };
}

/** Reads an address of `length` bytes (what the kernel left in `addrlen[0]`) from the start of `bytes`. */
export function decodeSockaddr(bytes: Uint8Array, length: number = bytes.byteLength): SocketAddress {
  if (length > bytes.byteLength)
    throw new RangeError(
      `decodeSockaddr: length must be at most ${bytes.byteLength}, got ${length}: the address was cut`,
    );
  if (length < SUN_PATH)
    throw new RangeError(
      `decodeSockaddr: length must be at least ${SUN_PATH}, got ${length}: there is no address (a connected stream ` +
        'names no sender: ask getpeername)',
    );
  const whole = bytes.subarray(0, length);
  const view = viewOf(whole);
  const family = view.getUint16(offsetOf(storage, 'ss_family'), LITTLE);
  if (family === AF_UNIX) return decodeUnix(whole);
  const size = family === AF_INET ? sin.size : family === AF_INET6 ? sin6.size : 0;
  if (size === 0)
    throw new RangeError(`decodeSockaddr: bytes must hold a family AF_INET, AF_INET6 or AF_UNIX, got family ${family}`);
  if (length < size) throw new RangeError(`decodeSockaddr: length must be ${size} for this family, got ${length}`);
  if (family === AF_INET) {
    const at = offsetOf(sin, 'sin_addr');
    return {
      family: 'inet',
      host: whole.subarray(at, at + 4).join('.'),
      port: view.getUint16(offsetOf(sin, 'sin_port')),
    };
  }
  const at = offsetOf(sin6, 'sin6_addr');
  return {
    family: 'inet6',
    host: print6(whole.subarray(at, at + 16)),
    port: view.getUint16(offsetOf(sin6, 'sin6_port')),
    flowinfo: view.getUint32(offsetOf(sin6, 'sin6_flowinfo')),
    scopeId: view.getUint32(offsetOf(sin6, 'sin6_scope_id'), LITTLE),
  };
}

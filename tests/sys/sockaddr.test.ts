import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layout, native, offsetOf } from '../../src/native.ts';
import {
  decodeSockaddr,
  encodeSockaddr,
  SOCKADDR_SIZE,
  type SocketAddress,
  UNIX_NAME_MAX,
} from '../../src/sys/sockaddr.ts';
import * as socket from '../../src/sys/socket.ts';
import { errno } from '../support/errno.ts';
import { tempPath } from '../support/temp.ts';

const { sys } = native;

const addresses: SocketAddress[] = [
  { family: 'inet', host: '127.0.0.1', port: 80 },
  { family: 'inet', host: '255.0.1.254', port: 65535 },
  { family: 'inet6', host: '::', port: 0, flowinfo: 0, scopeId: 0 },
  { family: 'inet6', host: '::1', port: 8080, flowinfo: 0, scopeId: 0 },
  { family: 'inet6', host: 'fe80::1:2', port: 1, flowinfo: 0xffffffff, scopeId: 7 },
  { family: 'inet6', host: '2001:db8:1:2:3:4:5:6', port: 443, flowinfo: 1, scopeId: 0 },
  { family: 'inet6', host: '::ffff:192.0.2.7', port: 443, flowinfo: 0, scopeId: 0 },
  { family: 'unix', path: '/run/a socket' },
  { family: 'unix', path: 'ü'.repeat(53) },
  { family: 'unix', path: Uint8Array.of(0x2f, 0xff, 0xfe) },
  { family: 'unix', abstract: 'iolab' },
  { family: 'unix', abstract: '' },
  { family: 'unix', abstract: 'a\0b' },
  { family: 'unix', abstract: 'x'.repeat(107) },
  { family: 'unix', unnamed: true },
];

describe('encodeSockaddr and decodeSockaddr', () => {
  test.each(addresses)('round trip %o', (address) => {
    expect(decodeSockaddr(encodeSockaddr(address))).toEqual(address);
  });

  test('any 16 bytes are an IPv6 address that comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(65535), (bytes, port) => {
        const sin6 = layout('sockaddr_in6');
        const raw = encodeSockaddr({ family: 'inet6', host: '::', port });
        raw.set(bytes, offsetOf(sin6, 'sin6_addr'));
        expect(encodeSockaddr(decodeSockaddr(raw))).toEqual(raw);
      }),
    );
  });

  test('any text of at most 107 bytes without NUL is a UNIX path that comes back', () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 26 }).filter((s) => !s.includes('\0'));
    fc.assert(
      fc.property(text, (path) => {
        expect(decodeSockaddr(encodeSockaddr({ family: 'unix', path }))).toEqual({ family: 'unix', path });
      }),
    );
  });

  test('the port is in network order, wherever the structure has it', () => {
    const bytes = encodeSockaddr({ family: 'inet', host: '1.2.3.4', port: 0x1234 });
    const sin = layout('sockaddr_in');
    const port = offsetOf(sin, 'sin_port');
    const addr = offsetOf(sin, 'sin_addr');
    expect(bytes.length).toBe(sin.size);
    expect([...bytes.subarray(port, port + 2)]).toEqual([0x12, 0x34]);
    expect([...bytes.subarray(addr, addr + 4)]).toEqual([1, 2, 3, 4]);
  });
});

describe('encodeSockaddr refuses', () => {
  test.each([
    [{ family: 'inet', host: 'localhost', port: 1 }, /^address\.host must be an IPv4 .*'localhost'.*dns\.lookup/],
    [{ family: 'inet', host: '::1', port: 1 }, /^address\.host must be an IPv4/],
    [{ family: 'inet', host: '127.1', port: 1 }, /^address\.host must be an IPv4/],
    [{ family: 'inet', port: 1 }, /^address\.host must be an IPv4 .*undefined/],
    [{ family: 'inet', host: '127.0.0.1', port: 65536 }, /^address\.port must be 0 to 65535, got 65536/],
    [{ family: 'inet', host: '127.0.0.1', port: -1 }, /^address\.port must be 0 to 65535, got -1/],
    [{ family: 'inet', host: '127.0.0.1', port: 1.5 }, /^address\.port must be an integer, got 1\.5/],
    [{ family: 'inet', host: '127.0.0.1' }, /^address\.port must be an integer, got undefined/],
    [{ family: 'inet6', host: '127.0.0.1', port: 1 }, /^address\.host must be an IPv6/],
    [{ family: 'inet6', host: 'fe80::1%lo', port: 1 }, /^address\.host must have no zone.*scopeId/],
    [{ family: 'inet6', host: '::1', port: 1, scopeId: 2 ** 32 }, /^address\.scopeId must be 0 to 4294967295/],
    [{ family: 'inet6', host: '::1', port: 1, flowinfo: -1 }, /^address\.flowinfo must be 0 to/],
    [{ family: 'unix', path: '' }, /^address\.path must be a path without NUL, got none/],
    [{ family: 'unix', path: 'a\0b' }, /^address\.path must be a path without NUL, got one/],
    [{ family: 'unix', path: 'x'.repeat(108) }, /^address\.path must be at most 107 bytes .*got 108/],
    [{ family: 'unix', path: 7 }, /^address\.path must be a string or a Uint8Array, got 7/],
    [{ family: 'unix', abstract: 'x'.repeat(108) }, /^address\.abstract must be at most 107 bytes/],
    [{ family: 'unix' }, /^address\.path must be a string/],
    [{ family: 'netlink' }, /^address\.family must be 'inet', 'inet6' or 'unix', got netlink/],
  ])('%o', (address, message) => {
    expect(() => encodeSockaddr(address as SocketAddress)).toThrow(message);
  });
});

describe('decodeSockaddr refuses', () => {
  const inet = encodeSockaddr({ family: 'inet', host: '127.0.0.1', port: 1 });
  test.each([
    [inet, 0, /there is no address/],
    [inet, 17, /length must be at most 16, got 17: the address was cut/],
    [inet, 8, /length must be 16 for this family, got 8/],
    [encodeSockaddr({ family: 'inet6', host: '::1', port: 1 }).subarray(0, 24), 24, /length must be 28/],
    [new Uint8Array(16), 16, /must hold a family AF_INET, AF_INET6 or AF_UNIX, got family 0/],
  ])('%o of length %i', (bytes, length, message) => {
    expect(() => decodeSockaddr(bytes, length)).toThrow(message);
  });
});

/** Binds a socket there and answers the address that the kernel says it has. */
function bound(domain: number, address: SocketAddress): SocketAddress {
  const fd = socket.socket(domain, socket.SOCK_STREAM, 0);
  try {
    expect(socket.bind(fd, encodeSockaddr(address))).toBe(0);
    const addr = new Uint8Array(SOCKADDR_SIZE);
    const addrlen = Int32Array.of(SOCKADDR_SIZE);
    expect(socket.getsockname(fd, addr, addrlen)).toBe(0);
    return decodeSockaddr(addr, addrlen[0]);
  } finally {
    sys.close(fd);
  }
}

describe('the kernel agrees', () => {
  test('on IPv4', () => {
    const address = bound(socket.AF_INET, { family: 'inet', host: '127.0.0.2', port: 0 });
    expect(address).toMatchObject({ family: 'inet', host: '127.0.0.2', port: expect.any(Number) });
    expect('port' in address && address.port > 0).toBe(true);
  });

  test('on IPv6', (ctx) => {
    const fd = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 0);
    const r = fd < 0 ? fd : socket.bind(fd, encodeSockaddr({ family: 'inet6', host: '::1', port: 0 }));
    if (fd >= 0) sys.close(fd);
    if (r === -errno.EAFNOSUPPORT || r === -errno.EADDRNOTAVAIL) ctx.skip('this kernel has no IPv6 loopback');
    expect(bound(socket.AF_INET6, { family: 'inet6', host: '::1', port: 0 })).toMatchObject({
      host: '::1',
      scopeId: 0,
    });
  });

  test('on a UNIX path, also the longest', () => {
    const path = tempPath();
    expect(bound(socket.AF_UNIX, { family: 'unix', path })).toEqual({ family: 'unix', path });
    const longest = `${tempPath()}-`.padEnd(UNIX_NAME_MAX, 'x');
    expect(bound(socket.AF_UNIX, { family: 'unix', path: longest })).toEqual({ family: 'unix', path: longest });
  });

  test('on abstract names, with NUL in them and of full length', () => {
    for (const abstract of [`iolab-${process.pid}\0x`, `iolab-${process.pid}-`.padEnd(UNIX_NAME_MAX, 'x')])
      expect(bound(socket.AF_UNIX, { family: 'unix', abstract })).toEqual({ family: 'unix', abstract });
  });

  test('that binding to no name makes an abstract one of five hexadecimal digits', () => {
    const address = bound(socket.AF_UNIX, { family: 'unix', unnamed: true });
    expect(address).toEqual({ family: 'unix', abstract: expect.stringMatching(/^[0-9a-f]{5}$/) });
  });
});

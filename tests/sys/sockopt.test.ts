import { describe, expect, test } from 'vitest';
import { native } from '../../src/native.ts';
import * as socket from '../../src/sys/socket.ts';
import { closedFd, tcpPair, unixPair } from '../support/descriptors.ts';
import { errno } from '../support/errno.ts';
import { filled, keep, pipe } from '../support/raw.ts';
import { int, set } from '../support/sockopt.ts';
import { pattern } from '../support/temp.ts';

const { sys } = native;
const { AF_INET, AF_INET6, SOCK_STREAM, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET, MSG_DONTWAIT } = socket;

describe('getsockopt and setsockopt', () => {
  test('numbers go in and come out; buffer sizes are doubled', () => {
    const { client } = tcpPair();
    for (const name of [socket.TCP_NODELAY, socket.TCP_CORK, socket.TCP_QUICKACK]) {
      expect(set(client, IPPROTO_TCP, name, 1)).toBe(0);
      expect(int(client, IPPROTO_TCP, name)).toBe(1);
    }
    expect(set(client, SOL_SOCKET, socket.SO_SNDBUF, 10_000)).toBe(0);
    expect(int(client, SOL_SOCKET, socket.SO_SNDBUF)).toBe(20_000);
  });

  test('optlen says how much may be written, and takes how much was', () => {
    const { client } = tcpPair();
    const value = new Uint8Array(8).fill(0xa5);
    const length = Int32Array.of(8);
    expect(socket.getsockopt(client, SOL_SOCKET, socket.SO_TYPE, value, length)).toBe(0);
    expect(length[0]).toBe(4);
    expect([...value]).toEqual([SOCK_STREAM, 0, 0, 0, 0xa5, 0xa5, 0xa5, 0xa5]);
    length[0] = 1;
    expect(socket.getsockopt(client, SOL_SOCKET, socket.SO_DOMAIN, value.fill(0xa5), length)).toBe(0);
    expect([length[0], value[0], value[1]]).toEqual([1, AF_INET, 0xa5]);
    for (const bad of [9, -1])
      expect(socket.getsockopt(client, SOL_SOCKET, socket.SO_TYPE, value, Int32Array.of(bad))).toBe(-errno.EINVAL);
    expect(() => socket.getsockopt(client, SOL_SOCKET, socket.SO_TYPE, value, new Int32Array(0))).toThrow(
      /optlen: 4 bytes/,
    );
  });

  test('SO_LINGER with no time makes close reset the connection', () => {
    const { server, client } = tcpPair();
    const linger = new Int32Array(socket.LINGER_WORDS);
    linger[socket.LINGER_ONOFF_WORD] = 1;
    linger[socket.LINGER_SECONDS_WORD] = 0;
    expect(socket.setsockopt(client, SOL_SOCKET, socket.SO_LINGER, linger)).toBe(0);
    sys.close(client);
    expect(socket.recv(server, Buffer.alloc(1), undefined, 0)).toBe(-errno.ECONNRESET);
    expect(socket.recv(server, Buffer.alloc(1), undefined, 0)).toBe(0);
    expect(socket.send(server, Buffer.alloc(1), undefined, 0)).toBe(-errno.EPIPE);
  });

  test('TCP_INFO: an established connection, with its segment size and round trip', () => {
    const { server, client } = tcpPair();
    expect(socket.send(client, pattern(100_000), undefined, 0)).toBe(100_000);
    const into = Buffer.alloc(100_000);
    expect(socket.recv(server, into, undefined, socket.MSG_WAITALL)).toBe(100_000);
    const bytes = new Uint8Array(socket.TCP_INFO_SIZE);
    const length = Int32Array.of(bytes.length);
    expect(socket.getsockopt(client, IPPROTO_TCP, socket.TCP_INFO, bytes, length)).toBe(0);
    expect(length[0]).toBe(socket.TCP_INFO_SIZE);
    const info = socket.decodeTcpInfo(bytes);
    const ESTABLISHED = 1;
    expect(info.state).toBe(ESTABLISHED);
    expect(info.sndMss).toBe(int(client, IPPROTO_TCP, socket.TCP_MAXSEG));
    expect([info.sndCwnd, info.rtt].every((n) => n > 0)).toBe(true);
    expect(info.totalRetrans).toBe(0);
    expect(() => socket.decodeTcpInfo(bytes.subarray(1))).toThrow(/bytes must be \d+ long \(TCP_INFO_SIZE\), got \d+/);
  });

  // values that hold pointers: socket filters, TCP_ZEROCOPY_RECEIVE, netfilter's tables, levels that nobody has looked at
  test.each([
    ['SO_ATTACH_FILTER', SOL_SOCKET, 26],
    ['SO_ATTACH_REUSEPORT_CBPF', SOL_SOCKET, 51],
    ['TCP_ZEROCOPY_RECEIVE', IPPROTO_TCP, 35],
    ['IPT_SO_GET_INFO', IPPROTO_IP, 64],
    ['IP6T_SO_GET_INFO', IPPROTO_IPV6, 64],
    ['a negative name', IPPROTO_IP, -1],
    ['SOL_ALG', 279, 1],
    ['SOL_RAW', 255, 1],
    ['SOL_NETLINK', 270, 1],
  ])('%s (%i, %i) is refused both ways: -ENOPROTOOPT', (_name, level, name) => {
    const { client } = tcpPair();
    expect(set(client, level, name, 1)).toBe(-errno.ENOPROTOOPT);
    expect(int(client, level, name)).toBe(-errno.ENOPROTOOPT);
  });

  test('-ENOPROTOOPT unknown, -EINVAL too short, -EOPNOTSUPP another level, -ENOTSOCK, -EBADF', () => {
    const { client } = tcpPair();
    expect(set(client, SOL_SOCKET, 12_345, 1)).toBe(-errno.ENOPROTOOPT);
    expect(socket.setsockopt(client, SOL_SOCKET, socket.SO_SNDBUF, new Uint8Array(3))).toBe(-errno.EINVAL);
    expect(set(unixPair().a, IPPROTO_TCP, socket.TCP_NODELAY, 1)).toBe(-errno.EOPNOTSUPP);
    expect(set(pipe().read, SOL_SOCKET, socket.SO_SNDBUF, 1)).toBe(-errno.ENOTSOCK);
    expect(int(filled(1), SOL_SOCKET, socket.SO_TYPE)).toBe(-errno.ENOTSOCK);
    expect(set(closedFd(), SOL_SOCKET, socket.SO_SNDBUF, 1)).toBe(-errno.EBADF);
    expect(int(closedFd(), SOL_SOCKET, socket.SO_TYPE)).toBe(-errno.EBADF);
  });

  test('IPv6 sockets take IPv4 peers unless IPV6_V6ONLY', (ctx) => {
    const fd = socket.socket(AF_INET6, SOCK_STREAM, 0);
    if (fd < 0) ctx.skip('this kernel has no IPv6');
    keep(fd);
    expect(set(fd, IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)).toBe(0);
    expect(int(fd, IPPROTO_IPV6, socket.IPV6_V6ONLY)).toBe(1);
    expect(set(fd, IPPROTO_IPV6, socket.IPV6_RECVERR, 1)).toBe(0);
    expect(socket.recv(fd, Buffer.alloc(1), undefined, MSG_DONTWAIT)).toBe(-errno.ENOTCONN);
  });
});

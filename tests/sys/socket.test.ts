import { describe, expect, test } from 'vitest';
import { native } from '../../src/native.ts';
import { F_GETFL, fcntl, O_NONBLOCK } from '../../src/sys/fd.ts';
import { POLLFD_WORDS, POLLOUT, poll, setPollFd } from '../../src/sys/poll.ts';
import { decodeSockaddr, encodeSockaddr, SOCKADDR_SIZE } from '../../src/sys/sockaddr.ts';
import * as socket from '../../src/sys/socket.ts';
import { closedFd, closesOnExec, tcpListener, tcpPair, unixPair, withNofile } from '../support/descriptors.ts';
import { errno } from '../support/errno.ts';
import { isRoot, keep, pipe } from '../support/raw.ts';
import { int, set } from '../support/sockopt.ts';
import { tempPath } from '../support/temp.ts';

const { sys } = native;
const { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_SEQPACKET, SOCK_STREAM } = socket;
const { SOL_SOCKET } = socket;

const make = (domain: number, type: number = SOCK_STREAM) => keep(socket.socket(domain, type, 0));
const loopback = (port = 0) => encodeSockaddr({ family: 'inet', host: '127.0.0.1', port });
const named = (call: typeof socket.getsockname, fd: number) => {
  const bytes = new Uint8Array(SOCKADDR_SIZE);
  const length = Int32Array.of(bytes.length);
  expect(call(fd, bytes, length)).toBe(0);
  return { bytes: bytes.slice(0, length[0]), address: decodeSockaddr(bytes, length[0]) };
};
/** A UDP socket with a port of its own. */
const udp = () => {
  const fd = make(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK);
  expect(socket.bind(fd, loopback())).toBe(0);
  return { fd, ...named(socket.getsockname, fd) };
};

describe('socket and socketpair', () => {
  test.each([
    ['INET', AF_INET, SOCK_STREAM],
    ['INET', AF_INET, SOCK_DGRAM],
    ['UNIX', AF_UNIX, SOCK_STREAM],
    ['UNIX', AF_UNIX, SOCK_DGRAM],
    ['UNIX', AF_UNIX, SOCK_SEQPACKET],
  ])('AF_%s (%i), type %i: closes on exec; non-blocking only when asked', (_name, domain, type) => {
    const fd = make(domain, type);
    expect(closesOnExec(fd)).toBe(true);
    expect([int(fd, SOL_SOCKET, socket.SO_DOMAIN), int(fd, SOL_SOCKET, socket.SO_TYPE)]).toEqual([domain, type]);
    expect(fcntl(fd, F_GETFL, 0) & O_NONBLOCK).toBe(0);
    expect(fcntl(make(domain, type | SOCK_NONBLOCK), F_GETFL, 0) & O_NONBLOCK).toBe(O_NONBLOCK);
  });

  test.each([
    ['UNSPEC', 0],
    ['AX25', 3],
    ['NETLINK', 16],
    ['PACKET', 17],
    ['ALG', 38],
    ['VSOCK', 40],
    ['XDP', 44],
    ['-1', -1],
  ])('AF_%s (%i) is not to be had: -EAFNOSUPPORT', (_name, domain) => {
    for (const type of [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, 3])
      expect(socket.socket(domain, type, 0)).toBe(-errno.EAFNOSUPPORT);
    expect(socket.socketpair(domain, SOCK_STREAM, 0, new Int32Array(2))).toBe(-errno.EAFNOSUPPORT);
  });

  test('what does not go together', () => {
    const ESOCKTNOSUPPORT = 94;
    expect(socket.socket(AF_INET, SOCK_SEQPACKET, 0)).toBe(-ESOCKTNOSUPPORT);
    expect(socket.socket(AF_INET, SOCK_STREAM, socket.IPPROTO_UDP)).toBe(-errno.EPROTONOSUPPORT);
    expect(socket.socket(AF_INET, SOCK_STREAM | 0x100000, 0)).toBe(-errno.EINVAL);
    expect(socket.socketpair(AF_INET, SOCK_STREAM, 0, new Int32Array(2))).toBe(-errno.EOPNOTSUPP);
  });

  test.skipIf(isRoot)('a raw socket without privilege: EPERM (root may)', () => {
    const [SOCK_RAW, IPPROTO_ICMP] = [3, 1];
    expect(socket.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)).toBe(-errno.EPERM);
  });

  test('-EMFILE at the limit; sv is as it was', () => {
    const sv = Int32Array.of(-7, -8);
    withNofile(3, () => {
      expect(socket.socket(AF_UNIX, SOCK_STREAM, 0)).toBe(-errno.EMFILE);
      expect(socket.socketpair(AF_UNIX, SOCK_STREAM, 0, sv)).toBe(-errno.EMFILE);
    });
    expect([...sv]).toEqual([-7, -8]);
  });

  test('a pair is connected, closes on exec, and may carry messages', () => {
    const { a, b } = unixPair(SOCK_SEQPACKET);
    expect([closesOnExec(a), closesOnExec(b)]).toEqual([true, true]);
    expect(socket.send(a, Buffer.from('one'), undefined, 0)).toBe(3);
    expect(socket.send(a, Buffer.from('two'), undefined, 0)).toBe(3);
    expect(socket.recv(b, Buffer.alloc(10), undefined, 0)).toBe(3);
  });
});

describe('bind and listen', () => {
  test.each<[string, number, () => number]>([
    ['a port that is taken', errno.EADDRINUSE, () => socket.bind(make(AF_INET), tcpListener().address)],
    [
      'an address of another machine',
      errno.EADDRNOTAVAIL,
      () => socket.bind(make(AF_INET), encodeSockaddr({ family: 'inet', host: '192.0.2.1', port: 0 })),
    ],
    ['a socket that is bound', errno.EINVAL, () => socket.bind(tcpListener().listener, loopback())],
    [
      'an IPv6 address for an IPv4 socket',
      errno.EAFNOSUPPORT,
      () => socket.bind(make(AF_INET), encodeSockaddr({ family: 'inet6', host: '::1', port: 0 })),
    ],
    ['an IPv4 address for a UNIX socket', errno.EINVAL, () => socket.bind(make(AF_UNIX), loopback())],
    [
      'a path in no directory',
      errno.ENOENT,
      () => socket.bind(make(AF_UNIX), encodeSockaddr({ family: 'unix', path: `${tempPath()}/x` })),
    ],
    [
      'a path through a file',
      errno.ENOTDIR,
      () => socket.bind(make(AF_UNIX), encodeSockaddr({ family: 'unix', path: '/proc/self/status/x' })),
    ],
    ['what is no socket', errno.ENOTSOCK, () => socket.bind(pipe().read, loopback())],
    ['a closed descriptor', errno.EBADF, () => socket.bind(closedFd(), loopback())],
  ])('bind refuses %s: %i', (_what, code, call) => {
    expect(call()).toBe(-code);
  });

  test.skipIf(isRoot)('bind refuses a low port without privilege: EACCES (root may)', () => {
    expect([-errno.EACCES, 0]).toContain(socket.bind(make(AF_INET), loopback(1)));
  });

  test('a UNIX path stays in the file system after close, and cannot be bound again', () => {
    const address = encodeSockaddr({ family: 'unix', path: tempPath() });
    const fd = make(AF_UNIX);
    expect(socket.bind(fd, address)).toBe(0);
    sys.close(fd);
    expect(socket.bind(make(AF_UNIX), address)).toBe(-errno.EADDRINUSE);
  });

  test('addresses of other families, or none, are refused before the call', () => {
    const fd = make(AF_INET);
    const netlink = new Uint8Array(12);
    new DataView(netlink.buffer).setUint16(0, 16, true);
    expect(() => socket.bind(fd, netlink)).toThrow(/^bind: addr must be an address of the family AF_INET, AF_INET6 or/);
    expect(() => socket.bind(fd, new Uint8Array(1))).toThrow(/addr: 2 bytes needed, but addr has 1/);
    expect(() => socket.connect(fd, new Uint8Array(129))).toThrow(/addr must be a socket address of at most 128 bytes/);
    expect(() => socket.bind(fd, '127.0.0.1' as never)).toThrow(/addr must be a typed array/);
  });

  test.each<[string, number, () => number]>([
    ['a datagram socket', errno.EOPNOTSUPP, () => socket.listen(udp().fd, 1)],
    ['a UNIX socket without a name', errno.EINVAL, () => socket.listen(make(AF_UNIX), 1)],
    ['what is no socket', errno.ENOTSOCK, () => socket.listen(pipe().read, 1)],
    ['a closed descriptor', errno.EBADF, () => socket.listen(closedFd(), 1)],
  ])('listen refuses %s: %i', (_what, code, call) => {
    expect(call()).toBe(-code);
  });

  test('listen: -EADDRINUSE where another of the same name listens, unless both set SO_REUSEPORT', () => {
    for (const [option, expected] of [
      [socket.SO_REUSEADDR, -errno.EADDRINUSE],
      [socket.SO_REUSEPORT, 0],
    ] as const) {
      const [a, b] = [make(AF_INET), make(AF_INET)];
      for (const fd of [a, b]) expect(set(fd, SOL_SOCKET, option, 1)).toBe(0);
      expect(socket.bind(a, loopback())).toBe(0);
      expect(socket.bind(b, named(socket.getsockname, a).bytes)).toBe(0);
      expect(socket.listen(a, 1)).toBe(0);
      expect(int(a, SOL_SOCKET, socket.SO_ACCEPTCONN)).toBe(1);
      expect(socket.listen(b, 1)).toBe(expected);
    }
  });
});

describe('accept4', () => {
  const connected = (flags = 0) => {
    const l = tcpListener(flags);
    const client = make(AF_INET);
    expect(socket.connect(client, l.address)).toBe(0);
    return { ...l, client };
  };

  test('tells who it is, closes on exec, and does not inherit O_NONBLOCK', () => {
    const { listener, client } = connected(SOCK_NONBLOCK);
    const addr = new Uint8Array(SOCKADDR_SIZE);
    const length = Int32Array.of(addr.length);
    const server = keep(socket.accept4(listener, addr, length, 0));
    expect(decodeSockaddr(addr, length[0])).toEqual(named(socket.getsockname, client).address);
    expect(closesOnExec(server)).toBe(true);
    expect(fcntl(server, F_GETFL, 0) & O_NONBLOCK).toBe(0);
    expect(socket.accept4(listener, null, null, SOCK_NONBLOCK)).toBe(-errno.EAGAIN);
  });

  test('cuts an address to its room, and tells its whole length', () => {
    const { listener } = connected();
    const addr = new Uint8Array(16).fill(0xa5);
    const length = Int32Array.of(4);
    expect(fcntl(keep(socket.accept4(listener, addr, length, SOCK_NONBLOCK)), F_GETFL, 0) & O_NONBLOCK).toBe(
      O_NONBLOCK,
    );
    expect(length[0]).toBe(16);
    expect([...addr.subarray(4)]).toEqual(Array(12).fill(0xa5));
  });

  test('-EMFILE leaves the connection in the queue', () => {
    const { listener } = connected(SOCK_NONBLOCK);
    withNofile(3, () => {
      for (let i = 0; i < 3; i++) expect(socket.accept4(listener, null, null, 0)).toBe(-errno.EMFILE);
    });
    keep(socket.accept4(listener, null, null, 0));
  });

  test.each<[string, number, (listener: number) => number]>([
    ['a length beyond addr', errno.EINVAL, (fd) => socket.accept4(fd, new Uint8Array(16), Int32Array.of(17), 0)],
    ['a negative length', errno.EINVAL, (fd) => socket.accept4(fd, new Uint8Array(16), Int32Array.of(-1), 0)],
    ['an address without its length', errno.EINVAL, (fd) => socket.accept4(fd, new Uint8Array(16), null, 0)],
    ['unknown flags', errno.EINVAL, (fd) => socket.accept4(fd, null, null, 0x100000)],
    ['a socket that does not listen', errno.EINVAL, () => socket.accept4(make(AF_INET), null, null, 0)],
    ['a datagram socket', errno.EOPNOTSUPP, () => socket.accept4(udp().fd, null, null, 0)],
    ['what is no socket', errno.ENOTSOCK, () => socket.accept4(pipe().read, null, null, 0)],
    ['a closed descriptor', errno.EBADF, () => socket.accept4(closedFd(), null, null, 0)],
  ])('refuses %s: %i', (_what, code, call) => {
    expect(call(connected(SOCK_NONBLOCK).listener)).toBe(-code);
  });
});

describe('connect and shutdown', () => {
  test('non-blocking: wait until writable, then SO_ERROR tells how it went, once', () => {
    const { listener, address } = tcpListener();
    const tries = [address, loopback(1)].map((to) => {
      const fd = make(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
      expect(socket.connect(fd, to)).toBe(-errno.EINPROGRESS);
      const fds = new Int32Array(POLLFD_WORDS);
      setPollFd(fds, 0, fd, POLLOUT);
      expect(poll(fds, 1, 5000)).toBe(1);
      return [int(fd, SOL_SOCKET, socket.SO_ERROR), int(fd, SOL_SOCKET, socket.SO_ERROR)];
    });
    expect(tries).toEqual([
      [0, 0],
      [errno.ECONNREFUSED, 0],
    ]);
    keep(socket.accept4(listener, null, null, 0));
  });

  test('-EALREADY while it is under way: a full queue does not answer', () => {
    const { listener, address } = tcpListener();
    expect(socket.listen(listener, 0)).toBe(0);
    const attempts = Array.from({ length: 4 }, () => make(AF_INET, SOCK_STREAM | SOCK_NONBLOCK));
    for (const fd of attempts) expect(socket.connect(fd, address)).toBe(-errno.EINPROGRESS);
    expect(attempts.map((fd) => socket.connect(fd, address))).toContain(-errno.EALREADY);
  });

  test('a UNIX listener with a full queue: -EAGAIN', () => {
    const path = encodeSockaddr({ family: 'unix', path: tempPath() });
    const listener = make(AF_UNIX);
    expect([socket.bind(listener, path), socket.listen(listener, 0)]).toEqual([0, 0]);
    expect(socket.connect(make(AF_UNIX), path)).toBe(0);
    expect(socket.connect(make(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK), path)).toBe(-errno.EAGAIN);
    expect(socket.connect(make(AF_UNIX, SOCK_DGRAM), path)).toBe(-errno.EPROTOTYPE);
  });

  test('a datagram socket loses its peer by AF_UNSPEC', () => {
    const [a, b] = [udp(), udp()];
    expect(socket.connect(a.fd, b.bytes)).toBe(0);
    expect(named(socket.getpeername, a.fd).address).toEqual(b.address);
    expect(socket.connect(a.fd, new Uint8Array(16))).toBe(0);
    expect(socket.send(a.fd, Buffer.from('x'), undefined, 0)).toBe(-errno.EDESTADDRREQ);
  });

  test.each<[string, number, () => number]>([
    ['a port where nobody listens', errno.ECONNREFUSED, () => socket.connect(make(AF_INET), loopback(1))],
    ['a socket that is connected', errno.EISCONN, () => socket.connect(tcpPair().client, loopback(1))],
    [
      'no such path',
      errno.ENOENT,
      () => socket.connect(make(AF_UNIX), encodeSockaddr({ family: 'unix', path: tempPath() })),
    ],
    [
      'an abstract name that nobody has',
      errno.ECONNREFUSED,
      () => socket.connect(make(AF_UNIX), encodeSockaddr({ family: 'unix', abstract: tempPath() })),
    ],
    [
      'an address of another family',
      errno.EAFNOSUPPORT,
      () => socket.connect(make(AF_INET), encodeSockaddr({ family: 'inet6', host: '::1', port: 1 })),
    ],
    ['what is no socket', errno.ENOTSOCK, () => socket.connect(pipe().read, loopback(1))],
    ['a closed descriptor', errno.EBADF, () => socket.connect(closedFd(), loopback(1))],
  ])('connect refuses %s: %i', (_what, code, call) => {
    expect(call()).toBe(-code);
  });

  test('shutdown ends one direction: what was sent before still arrives', () => {
    const { server, client } = tcpPair();
    expect(socket.send(server, Buffer.from('last'), undefined, 0)).toBe(4);
    expect(socket.shutdown(server, socket.SHUT_WR)).toBe(0);
    expect([
      socket.recv(client, Buffer.alloc(10), undefined, 0),
      socket.recv(client, Buffer.alloc(10), undefined, 0),
    ]).toEqual([4, 0]);
    expect(socket.send(client, Buffer.from('back'), undefined, 0)).toBe(4);
    expect(socket.recv(server, Buffer.alloc(10), undefined, 0)).toBe(4);
  });

  test.each<[string, number, () => number]>([
    ['what is not connected', errno.ENOTCONN, () => socket.shutdown(make(AF_INET), socket.SHUT_RD)],
    ['another direction', errno.EINVAL, () => socket.shutdown(tcpPair().client, 3)],
    ['what is no socket', errno.ENOTSOCK, () => socket.shutdown(pipe().read, socket.SHUT_RDWR)],
    ['a closed descriptor', errno.EBADF, () => socket.shutdown(closedFd(), socket.SHUT_RDWR)],
  ])('shutdown refuses %s: %i', (_what, code, call) => {
    expect(call()).toBe(-code);
  });

  test('getsockname and getpeername: -ENOTCONN, -EINVAL, -ENOTSOCK, -EBADF', () => {
    const length = Int32Array.of(16);
    const addr = new Uint8Array(16);
    expect(socket.getpeername(make(AF_INET), addr, length)).toBe(-errno.ENOTCONN);
    for (const call of [socket.getsockname, socket.getpeername]) {
      expect(call(tcpPair().client, addr, Int32Array.of(17))).toBe(-errno.EINVAL);
      expect(call(tcpPair().client, addr, Int32Array.of(-1))).toBe(-errno.EINVAL);
      expect(call(pipe().read, addr, length)).toBe(-errno.ENOTSOCK);
      expect(call(closedFd(), addr, length)).toBe(-errno.EBADF);
    }
  });
});

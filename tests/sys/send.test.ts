import { describe, expect, test } from 'vitest';
import { native } from '../../src/native.ts';
import { decodeSockaddr, encodeSockaddr, SOCKADDR_SIZE } from '../../src/sys/sockaddr.ts';
import * as socket from '../../src/sys/socket.ts';
import { closedFd, tcpListener, tcpPair, underSignals, unixPair } from '../support/descriptors.ts';
import { errno } from '../support/errno.ts';
import { keep, map, pipe } from '../support/raw.ts';
import { pattern, tempPath } from '../support/temp.ts';

const { sys } = native;
const { AF_INET, AF_UNIX, MSG_DONTWAIT, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_SEQPACKET, SOCK_STREAM } = socket;

const text = (value: string) => Buffer.from(value);
const make = (domain: number, type: number = SOCK_STREAM) => keep(socket.socket(domain, type, 0));

function udp(): { fd: number; bytes: Uint8Array } {
  const fd = make(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK);
  expect(socket.bind(fd, encodeSockaddr({ family: 'inet', host: '127.0.0.1', port: 0 }))).toBe(0);
  const bytes = new Uint8Array(SOCKADDR_SIZE);
  const length = Int32Array.of(bytes.length);
  expect(socket.getsockname(fd, bytes, length)).toBe(0);
  return { fd, bytes: bytes.slice(0, length[0]) };
}

/** The server's end of a connection that its peer has reset. */
function reset(): number {
  const { server, client } = tcpPair();
  expect(socket.send(server, text('unread'), undefined, 0)).toBe(6);
  sys.close(client);
  return server;
}

describe('send and recv', () => {
  test('count and at choose bytes of the buffer, and nothing else is touched', () => {
    const { server, client } = tcpPair();
    expect(socket.send(server, text('0123456789'), 4, 0, 3)).toBe(4);
    const into = Buffer.alloc(10, '.');
    expect(socket.recv(client, into, 8, 0, 2)).toBe(4);
    expect(into.toString()).toBe('..3456....');
    expect(socket.send(server, text('abc'), 0, 0)).toBe(0);
    expect(socket.recv(client, into, undefined, MSG_DONTWAIT)).toBe(-errno.EAGAIN);
  });

  test('from and into a mapping', () => {
    const { a, b } = unixPair();
    const at = map(4096);
    expect(socket.send(a, text('mapped'), undefined, 0)).toBe(6);
    expect(socket.recv(b, at, 4096, 0)).toBe(6);
    expect(socket.send(b, at, 3, 0, 3)).toBe(3);
    const into = Buffer.alloc(3);
    expect(socket.recv(a, into, undefined, 0)).toBe(3);
    expect(into.toString()).toBe('ped');
  });

  test('MSG_PEEK leaves the bytes, MSG_WAITALL waits for all of them', () => {
    const { server, client } = tcpPair();
    expect(socket.send(server, text('abcd'), undefined, socket.MSG_MORE)).toBe(4);
    expect(socket.send(server, text('ef'), undefined, 0)).toBe(2);
    const into = Buffer.alloc(6);
    expect(socket.recv(client, into, undefined, socket.MSG_WAITALL | socket.MSG_PEEK)).toBe(6);
    expect(socket.recv(client, into, undefined, socket.MSG_WAITALL)).toBe(6);
    expect(into.toString()).toBe('abcdef');
  });

  test('a full socket: a short count, then -EAGAIN; what was taken is what arrives', () => {
    const { server, client } = tcpPair(SOCK_NONBLOCK);
    const bytes = pattern(1 << 20);
    let sent = 0;
    for (;;) {
      const n = socket.send(server, bytes, undefined, 0);
      if (n < 0) {
        expect(n).toBe(-errno.EAGAIN);
        break;
      }
      sent += n;
    }
    expect(socket.shutdown(server, socket.SHUT_WR)).toBe(0);
    let got = 0;
    for (;;) {
      const n = recvSome(client);
      if (n === 0) break;
      got += n;
    }
    expect(got).toBe(sent);
  });

  test('0 is the end, and an empty datagram', () => {
    const { server, client } = tcpPair();
    sys.close(server);
    expect(socket.recv(client, Buffer.alloc(1), undefined, 0)).toBe(0);
    const { a, b } = unixPair(SOCK_SEQPACKET);
    expect(socket.send(a, new Uint8Array(0), undefined, 0)).toBe(0);
    expect(socket.recv(b, Buffer.alloc(1), undefined, MSG_DONTWAIT)).toBe(0);
  });

  test('a datagram: cut to the buffer, and MSG_TRUNC tells how long it was', () => {
    const { a, b } = unixPair(SOCK_DGRAM);
    for (const flags of [0, socket.MSG_TRUNC]) {
      expect(socket.send(a, text('datagram'), undefined, 0)).toBe(8);
      expect(socket.recv(b, Buffer.alloc(4), undefined, flags)).toBe(flags === 0 ? 4 : 8);
      expect(socket.recv(b, Buffer.alloc(4), undefined, MSG_DONTWAIT)).toBe(-errno.EAGAIN);
    }
  });

  test.each<[string, number, () => number]>([
    [
      'after shutdown',
      errno.EPIPE,
      () => {
        const { client } = tcpPair();
        socket.shutdown(client, socket.SHUT_WR);
        return socket.send(client, text('x'), undefined, 0);
      },
    ],
    [
      'to a UNIX peer that is gone',
      errno.EPIPE,
      () => {
        const { a, b } = unixPair();
        sys.close(b);
        return socket.send(a, text('x'), undefined, 0);
      },
    ],
    ['to a TCP peer that has reset', errno.ECONNRESET, () => socket.send(reset(), text('x'), undefined, 0)],
    ['on a socket without connection', errno.EPIPE, () => socket.send(make(AF_INET), text('x'), undefined, 0)],
    ['on a UNIX socket without connection', errno.ENOTCONN, () => socket.send(make(AF_UNIX), text('x'), undefined, 0)],
    ['a datagram without destination', errno.EDESTADDRREQ, () => socket.send(udp().fd, text('x'), undefined, 0)],
    [
      'a datagram too long',
      errno.EMSGSIZE,
      () => socket.sendto(udp().fd, Buffer.alloc(70_000), undefined, 0, udp().bytes),
    ],
    [
      'urgent data where there is none',
      errno.EOPNOTSUPP,
      () => socket.send(unixPair(SOCK_SEQPACKET).a, text('x'), undefined, socket.MSG_OOB),
    ],
    ['on what is no socket', errno.ENOTSOCK, () => socket.send(pipe().write, text('x'), undefined, 0)],
    ['on a closed descriptor', errno.EBADF, () => socket.send(closedFd(), text('x'), undefined, 0)],
  ])('send %s: %i', (_what, code, call) => {
    expect(call()).toBe(-code);
  });

  test.each<[string, number, () => number]>([
    ['from a peer that has reset', errno.ECONNRESET, () => socket.recv(reset(), Buffer.alloc(9), undefined, 0)],
    [
      'with nothing there',
      errno.EAGAIN,
      () => socket.recv(tcpPair(SOCK_NONBLOCK).client, Buffer.alloc(9), undefined, 0),
    ],
    ['without connection', errno.ENOTCONN, () => socket.recv(make(AF_INET), Buffer.alloc(9), undefined, 0)],
    ['on a listener', errno.ENOTCONN, () => socket.recv(tcpListener().listener, Buffer.alloc(9), undefined, 0)],
    [
      'urgent data that is not there',
      errno.EINVAL,
      () => socket.recv(tcpPair().client, Buffer.alloc(9), undefined, socket.MSG_OOB),
    ],
    [
      'from a port where nobody listens',
      errno.ECONNREFUSED,
      () => {
        const [a, b] = [udp(), udp()];
        socket.connect(a.fd, b.bytes);
        sys.close(b.fd);
        socket.send(a.fd, text('x'), undefined, 0);
        return socket.recv(a.fd, Buffer.alloc(9), undefined, 0);
      },
    ],
    ['on what is no socket', errno.ENOTSOCK, () => socket.recv(pipe().read, Buffer.alloc(9), undefined, 0)],
    ['on a closed descriptor', errno.EBADF, () => socket.recv(closedFd(), Buffer.alloc(9), undefined, 0)],
  ])('recv %s: %i', (_what, code, call) => {
    expect(call()).toBe(-code);
  });

  test('a receive with a time-out of its own answers -EINTR, though the handler would restart it', async () => {
    const { client } = tcpPair();
    const SO_RCVTIMEO = 20;
    expect(socket.setsockopt(client, socket.SOL_SOCKET, SO_RCVTIMEO, BigInt64Array.of(10n, 0n))).toBe(0);
    const receive = () => socket.recv(client, Buffer.alloc(1), undefined, 0);
    expect(await underSignals('SIGUSR2', receive)).toBe(-errno.EINTR);
  });

  test('bounds are checked before the call, and named', () => {
    const { a } = unixPair();
    expect(() => socket.send(a, Buffer.alloc(4), 5, 0)).toThrow(/len: 5 bytes needed, but buf has 4/);
    expect(() => socket.send(a, Buffer.alloc(4), 2, 0, 3)).toThrow(/at: bytes 3 to 5 needed, but buf has 4/);
    expect(() => socket.recv(a, Buffer.alloc(4), 2 ** 53, 0)).toThrow(/len must be an integer of/);
    expect(() => socket.recv(a, new Uint8Array(new SharedArrayBuffer(4)), 4, 0)).toThrow(
      /buf must be memory that is not/,
    );
    expect(() => socket.recv(a, 4096, 1, 0)).toThrow(/buf must be an address inside a mapping/);
  });
});

/** What is there of a stream that was shut down, so that waiting for it ends. */
function recvSome(fd: number): number {
  for (;;) {
    const n = socket.recvDiscard(fd, 1 << 20, 0);
    if (n !== -errno.EAGAIN) {
      expect(n).toBeGreaterThanOrEqual(0);
      return n;
    }
  }
}

describe('recvDiscard', () => {
  test('throws away exactly so many bytes of a TCP stream, in order', () => {
    const { server, client } = tcpPair();
    expect(socket.send(server, text('headbodytail'), undefined, 0)).toBe(12);
    const into = Buffer.alloc(4);
    expect(socket.recv(client, into, undefined, 0)).toBe(4);
    expect(socket.recvDiscard(client, 4, 0)).toBe(4);
    expect(socket.recv(client, into, undefined, 0)).toBe(4);
    expect(into.toString()).toBe('tail');
    expect(socket.recvDiscard(client, 4, MSG_DONTWAIT)).toBe(-errno.EAGAIN);
    sys.close(server);
    expect(socket.recvDiscard(client, 4, 0)).toBe(0);
  });

  test('a UNIX stream cannot: -EFAULT, and the bytes stay', () => {
    const { a, b } = unixPair();
    expect(socket.send(a, text('kept'), undefined, 0)).toBe(4);
    expect(socket.recvDiscard(b, 4, 0)).toBe(-errno.EFAULT);
    const into = Buffer.alloc(4);
    expect(socket.recv(b, into, undefined, 0)).toBe(4);
    expect(into.toString()).toBe('kept');
  });

  test('of a datagram, all goes and its length is told, if no memory is asked for', () => {
    const { a, b } = unixPair(SOCK_DGRAM);
    expect(socket.send(a, text('datagram'), undefined, 0)).toBe(8);
    expect(socket.recvDiscard(b, 0, 0)).toBe(8);
    expect(socket.recvDiscard(b, 0, MSG_DONTWAIT)).toBe(-errno.EAGAIN);
  });

  test('needs no memory for any length', () => {
    const { server, client } = tcpPair();
    expect(socket.send(server, text('x'), undefined, 0)).toBe(1);
    expect(socket.recvDiscard(client, 2 ** 40, 0)).toBe(1);
    expect(() => socket.recvDiscard(client, -1, 0)).toThrow(/len must be an integer of 0 to/);
  });
});

describe('sendto and recvfrom', () => {
  test('a datagram comes with the address to answer to', () => {
    const [a, b] = [udp(), udp()];
    expect(socket.sendto(a.fd, text('ask'), undefined, 0, b.bytes)).toBe(3);
    const from = new Uint8Array(SOCKADDR_SIZE);
    const length = Int32Array.of(from.length);
    const into = Buffer.alloc(9);
    expect(socket.recvfrom(b.fd, into, undefined, 0, from, length)).toBe(3);
    expect(decodeSockaddr(from, length[0])).toEqual(decodeSockaddr(a.bytes));
    expect(socket.sendto(b.fd, text('tell'), undefined, 0, from.subarray(0, length[0]))).toBe(4);
    expect(socket.recvfrom(a.fd, into, undefined, 0, null, null)).toBe(4);
  });

  test('a UNIX path on which somebody receives, and on which nobody does any more', () => {
    const address = encodeSockaddr({ family: 'unix', path: tempPath() });
    const receiver = make(AF_UNIX, SOCK_DGRAM);
    const sender = make(AF_UNIX, SOCK_DGRAM);
    expect(socket.bind(receiver, address)).toBe(0);
    expect(socket.sendto(sender, text('x'), undefined, 0, address)).toBe(1);
    const from = new Uint8Array(SOCKADDR_SIZE);
    const length = Int32Array.of(from.length);
    expect(socket.recvfrom(receiver, Buffer.alloc(1), undefined, 0, from, length)).toBe(1);
    // a sender without a name
    expect(length[0]).toBe(0);
    sys.close(receiver);
    expect(socket.sendto(sender, text('x'), undefined, 0, address)).toBe(-errno.ECONNREFUSED);
  });

  test('-EISCONN for a connected UNIX stream; a TCP connection ignores the address', () => {
    const address = encodeSockaddr({ family: 'unix', path: tempPath() });
    expect(socket.sendto(unixPair().a, text('x'), undefined, 0, address)).toBe(-errno.EISCONN);
    expect(socket.sendto(tcpPair().client, text('x'), undefined, 0, udp().bytes)).toBe(1);
  });

  test('-EINVAL for a length beyond the address; other families are refused before the call', () => {
    const { fd } = udp();
    expect(socket.recvfrom(fd, Buffer.alloc(1), undefined, 0, new Uint8Array(8), Int32Array.of(9))).toBe(-errno.EINVAL);
    expect(() => socket.sendto(fd, text('x'), undefined, 0, Uint8Array.of(16, 0, 0, 0))).toThrow(
      /addr must be an address/,
    );
  });
});

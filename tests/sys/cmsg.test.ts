import { describe, expect, test } from 'vitest';
import { layout, native, offsetOf } from '../../src/native.ts';
import * as cmsg from '../../src/sys/cmsg.ts';
import { POLLERR, POLLFD_WORDS, poll, pollRevents, setPollFd } from '../../src/sys/poll.ts';
import { RLIMIT_MEMLOCK } from '../../src/sys/process.ts';
import { decodeSockaddr, encodeSockaddr, SOCKADDR_SIZE } from '../../src/sys/sockaddr.ts';
import * as socket from '../../src/sys/socket.ts';
import { encodeRlimit, RLIMIT_SIZE, readRlimit, readStat, STAT_SIZE } from '../../src/sys/structs.ts';
import { closedFd, closesOnExec, tcpPair, unixPair, withNofile } from '../support/descriptors.ts';
import { errno } from '../support/errno.ts';
import { CAP_IPC_LOCK, capable, filled, isRoot, keep, map } from '../support/raw.ts';
import { pattern } from '../support/temp.ts';

const { sys, runtime } = native;
const { AF_INET, MSG_DONTWAIT, SOCK_DGRAM, SOL_SOCKET, SO_ZEROCOPY } = socket;
// before it was EOPNOTSUPP it was the kernel's own ENOTSUPP, which no header for programs has
const ENOTSUPP = 524;

const inode = (fd: number) => {
  const buf = new Uint8Array(STAT_SIZE);
  expect(sys.fstat(fd, buf)).toBe(0);
  const { dev, ino } = readStat(buf);
  return `${dev}:${ino}`;
};

/** One recvmsg with room for `room` bytes of control; what arrived, and the descriptors in it. */
function receive(fd: number, room: number, flags = MSG_DONTWAIT) {
  const control = new Uint8Array(room);
  const header = new Int32Array(3);
  const data = Buffer.alloc(64);
  const n = socket.recvmsg(fd, [data], null, control, header, flags);
  const messages = n < 0 ? [] : cmsg.controlMessages(control, header[1]);
  return {
    n,
    messages,
    fds: messages.flatMap(cmsg.decodeRights),
    flags: header[2] ?? 0,
    data: data.subarray(0, Math.max(n, 0)),
  };
}

describe('sendmsg and recvmsg', () => {
  test('gather and scatter, and name the sender', () => {
    const a = keep(socket.socket(AF_INET, SOCK_DGRAM, 0));
    const b = keep(socket.socket(AF_INET, SOCK_DGRAM, 0));
    for (const fd of [a, b])
      expect(socket.bind(fd, encodeSockaddr({ family: 'inet', host: '127.0.0.1', port: 0 }))).toBe(0);
    const [to, from] = [b, a].map((fd) => {
      const bytes = new Uint8Array(SOCKADDR_SIZE);
      const length = Int32Array.of(bytes.length);
      expect(socket.getsockname(fd, bytes, length)).toBe(0);
      return bytes.slice(0, length[0]);
    });
    const parts = ['ab', '', 'cdef'].map((s) => Buffer.from(s));
    expect(socket.sendmsg(a, parts, to ?? null, null, 0)).toBe(6);
    const name = new Uint8Array(SOCKADDR_SIZE);
    const header = new Int32Array(3).fill(-1);
    const into = [Buffer.alloc(1), Buffer.alloc(4)];
    expect(socket.recvmsg(b, into, name, null, header, 0)).toBe(5);
    expect(Buffer.concat(into).toString()).toBe('abcde');
    expect(decodeSockaddr(name, header[0])).toEqual(decodeSockaddr(from ?? name));
    expect(header[1]).toBe(0);
    expect((header[2] ?? 0) & socket.MSG_TRUNC).toBe(socket.MSG_TRUNC);
  });

  test('refuse what is no array of buffers, too many of them, and a header that is too small', () => {
    const { a } = unixPair();
    const header = new Int32Array(3);
    expect(() => socket.sendmsg(a, Buffer.alloc(1) as never, null, null, 0)).toThrow(/iov must be an array of buffers/);
    expect(() => socket.sendmsg(a, [1] as never, null, null, 0)).toThrow(/iov must be a typed array/);
    expect(() => socket.sendmsg(a, Array(1025).fill(Buffer.alloc(1)), null, null, 0)).toThrow(/at most 1024 buffers/);
    expect(() => socket.recvmsg(a, [], null, null, new Int32Array(2), 0)).toThrow(/header: 12 bytes needed/);
    expect(() => socket.recvmsg(a, [], null, [] as never, header, 0)).toThrow(/control must be a typed array/);
  });
});

describe('SCM_RIGHTS', () => {
  test('the descriptors arrive as new ones of the same files: ours to close, and closed on exec', () => {
    const { a, b } = unixPair();
    const files = [filled(1), filled(2), filled(3)];
    const control = cmsg.encodeRights(files);
    expect(socket.sendmsg(a, [Buffer.from('x')], null, control, 0)).toBe(1);
    const got = receive(b, cmsg.RIGHTS_SPACE);
    got.fds.map(keep);
    expect(got).toMatchObject({ n: 1, flags: expect.any(Number) });
    expect(got.flags & socket.MSG_CTRUNC).toBe(0);
    expect(got.fds.map(inode)).toEqual(files.map(inode));
    expect(got.fds.some((fd) => files.includes(fd))).toBe(false);
    expect(got.fds.every(closesOnExec)).toBe(true);
    expect(got.fds.map((fd) => runtime.owns(fd))).toEqual([1, 1, 1]);
    expect(got.fds.map((fd) => sys.close(fd))).toEqual([0, 0, 0]);
  });

  test('with too little room: MSG_CTRUNC, and what does not fit is closed, not leaked', () => {
    const { a, b } = unixPair();
    const files = [filled(1), filled(2), filled(3)];
    expect(socket.sendmsg(a, [Buffer.from('x')], null, cmsg.encodeRights(files), 0)).toBe(1);
    const got = receive(b, cmsg.CMSG_HEADER + 4);
    got.fds.map(keep);
    expect(got.flags & socket.MSG_CTRUNC).toBe(socket.MSG_CTRUNC);
    expect(got.fds.map(inode)).toEqual(files.slice(0, 1).map(inode));
    expect(socket.sendmsg(a, [Buffer.from('x')], null, cmsg.encodeRights(files), 0)).toBe(1);
    // the leak guard sees to the three that were not wanted
    const none = receive(b, 0);
    expect([none.n, none.fds.length, none.flags & socket.MSG_CTRUNC]).toEqual([1, 0, socket.MSG_CTRUNC]);
  });

  test('253 at once, no more', () => {
    const { a, b } = unixPair();
    const file = filled(1);
    expect(socket.sendmsg(a, [Buffer.from('x')], null, cmsg.encodeRights(Array(253).fill(file)), 0)).toBe(1);
    const got = receive(b, cmsg.RIGHTS_SPACE);
    expect(got.fds.map(keep)).toHaveLength(253);
    expect(() => cmsg.encodeRights(Array(254).fill(file))).toThrow(/fds must hold 1 to 253 descriptors, got 254/);
    expect(() => cmsg.encodeRights([])).toThrow(/fds must hold 1 to 253 descriptors, got 0/);
    for (const bad of [-1, 1.5, 2 ** 31, Number.NaN])
      expect(() => cmsg.encodeRights([0, bad])).toThrow(/fds\[1\] must be a descriptor, got/);
  });

  test.skipIf(isRoot)('-ETOOMANYREFS: more under way than RLIMIT_NOFILE (CAP_SYS_ADMIN may)', () => {
    const ETOOMANYREFS = 109;
    const { a } = unixPair();
    const control = cmsg.encodeRights(Array(253).fill(filled(1)));
    withNofile(100, () => {
      expect(socket.sendmsg(a, [Buffer.from('x')], null, control, 0)).toBe(1);
      expect(socket.sendmsg(a, [Buffer.from('x')], null, control, 0)).toBe(-ETOOMANYREFS);
    });
  });

  test('-EBADF for a closed descriptor, -EINVAL for messages without sense', () => {
    const { a } = unixPair();
    expect(socket.sendmsg(a, [Buffer.from('x')], null, cmsg.encodeRights([closedFd()]), 0)).toBe(-errno.EBADF);
    const short = cmsg.encodeRights([a]);
    new DataView(short.buffer).setBigUint64(0, 15n, true);
    expect(socket.sendmsg(a, [Buffer.from('x')], null, short, 0)).toBe(-errno.EINVAL);
    const long = cmsg.encodeRights([a]);
    new DataView(long.buffer).setBigUint64(0, 1000n, true);
    expect(socket.sendmsg(a, [Buffer.from('x')], null, long, 0)).toBe(-errno.EINVAL);
  });
});

describe('controlMessages', () => {
  test('finds what the kernel laid out: credentials of 12 bytes, then descriptors at the next multiple of 8', () => {
    const [SO_PASSCRED, SCM_CREDENTIALS] = [16, 2];
    const { a, b } = unixPair();
    expect(socket.setsockopt(b, SOL_SOCKET, SO_PASSCRED, Int32Array.of(1))).toBe(0);
    const file = filled(1);
    expect(socket.sendmsg(a, [Buffer.from('x')], null, cmsg.encodeRights([file]), 0)).toBe(1);
    const { messages, fds } = receive(b, cmsg.controlSpace(12) + cmsg.controlSpace(4));
    fds.map(keep);
    expect(messages.map(({ type, data }) => [type, data.length])).toEqual([
      [SCM_CREDENTIALS, 12],
      [cmsg.SCM_RIGHTS, 4],
    ]);
    expect(fds.map(inode)).toEqual([inode(file)]);
    expect([0, 1, 8, 9].map(cmsg.controlSpace)).toEqual([16, 24, 24, 32]);
  });

  test('finds several, by their alignment, and stops at the length', () => {
    const [one, two] = [cmsg.encodeRights([5]), cmsg.encodeRights([6, 7])];
    const both = new Uint8Array([...one, ...two, ...cmsg.encodeRights([9])]);
    const messages = cmsg.controlMessages(both, one.length + two.length);
    expect(messages.map(cmsg.decodeRights)).toEqual([[5], [6, 7]]);
    expect(messages.every((m) => m.level === SOL_SOCKET && m.type === cmsg.SCM_RIGHTS)).toBe(true);
    expect(cmsg.controlMessages(both.subarray(0, 15))).toEqual([]);
    expect(() => cmsg.controlMessages(both, both.length + 1)).toThrow(/length must be at most \d+, got \d+/);
  });

  test.each([0n, 15n, 21n, 2n ** 64n - 1n])('does not believe a message that claims %i bytes', (claim) => {
    const control = cmsg.encodeRights([5]).subarray(0, 20);
    new DataView(control.buffer).setBigUint64(offsetOf(layout('cmsghdr'), 'cmsg_len'), claim, true);
    expect(cmsg.controlMessages(control)).toEqual([]);
  });

  test('other kinds are neither descriptors nor errors', () => {
    const other = { level: 1, type: 99, data: new Uint8Array(64) };
    expect([cmsg.decodeRights(other), cmsg.decodeExtendedError(other), cmsg.decodeZeroCopy(other)]).toEqual([
      [],
      undefined,
      undefined,
    ]);
    const short = { level: 0, type: socket.IP_RECVERR, data: new Uint8Array(8) };
    expect(cmsg.decodeExtendedError(short)).toBeUndefined();
  });
});

test('the error queue tells why a datagram could not be delivered', () => {
  const fd = keep(socket.socket(AF_INET, SOCK_DGRAM, 0));
  expect(socket.setsockopt(fd, socket.IPPROTO_IP, socket.IP_RECVERR, Int32Array.of(1))).toBe(0);
  expect(socket.connect(fd, encodeSockaddr({ family: 'inet', host: '127.0.0.1', port: 1 }))).toBe(0);
  expect(socket.send(fd, Buffer.from('lost'), undefined, 0)).toBe(4);
  const { n, messages, data, flags } = receive(fd, cmsg.ERROR_SPACE, socket.MSG_ERRQUEUE);
  expect([n, data.toString(), flags & socket.MSG_ERRQUEUE]).toEqual([4, 'lost', socket.MSG_ERRQUEUE]);
  const ICMP = 2;
  expect(messages.map(cmsg.decodeExtendedError)).toEqual([
    { errno: errno.ECONNREFUSED, origin: ICMP, type: 3, code: 3, info: 0, data: 0 },
  ]);
  expect(messages.map(cmsg.decodeZeroCopy)).toEqual([undefined]);
});

describe('MSG_ZEROCOPY on loopback', () => {
  const { MSG_ZEROCOPY } = socket;
  const memory = () => {
    const at = map(65_536);
    sys.processVmWritev(at, undefined, pattern(65_536));
    return at;
  };
  const allow = (fd: number) => socket.setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, Int32Array.of(1));
  const discard = (fd: number, count: number) => {
    for (let left = count; left > 0; ) {
      const n = socket.recvDiscard(fd, left, 0);
      expect(n).toBeGreaterThan(0);
      left -= n;
    }
  };
  /** Completions until send `last` is done, which is when the peer's kernel has acknowledged its bytes. */
  const completions = (fd: number, last: number) => {
    const all: cmsg.ZeroCopyCompletion[] = [];
    for (let tries = 0; tries < 500 && all.at(-1)?.last !== last; tries++) {
      const { n, messages } = receive(fd, cmsg.ERROR_SPACE, socket.MSG_ERRQUEUE);
      if (n === -errno.EAGAIN) {
        const fds = new Int32Array(POLLFD_WORDS);
        setPollFd(fds, 0, fd, 0);
        poll(fds, 1, 10);
        continue;
      }
      expect(n).toBe(0);
      for (const message of messages) {
        const done = cmsg.decodeZeroCopy(message);
        if (done) all.push(done);
      }
    }
    return all;
  };

  // row by row: is SO_ZEROCOPY to be had, what does the send answer, does a completion come
  test('TCP with SO_ZEROCOPY: completes, and says that it was copied', () => {
    const { server, client } = tcpPair();
    expect(allow(server)).toBe(0);
    const at = memory();
    for (let i = 0; i < 3; i++) {
      expect(socket.send(server, at, 16_384, MSG_ZEROCOPY)).toBe(16_384);
      discard(client, 16_384);
    }
    const done = completions(server, 2);
    // ranges may coalesce, but they are gapless and in order
    expect(done[0]?.first).toBe(0);
    for (const [i, { first, last, copied }] of done.entries()) {
      expect(first).toBe(i === 0 ? 0 : (done[i - 1]?.last ?? -2) + 1);
      expect(last).toBeGreaterThanOrEqual(first);
      expect(copied).toBe(true);
    }
    expect(done.at(-1)?.last).toBe(2);
    expect(receive(server, cmsg.ERROR_SPACE, socket.MSG_ERRQUEUE).n).toBe(-errno.EAGAIN);
  });

  test('an unread completion shows as POLLERR, which reading the queue takes away', () => {
    const { server, client } = tcpPair();
    expect(allow(server)).toBe(0);
    expect(socket.send(server, memory(), 16_384, MSG_ZEROCOPY)).toBe(16_384);
    discard(client, 16_384);
    const fds = new Int32Array(POLLFD_WORDS);
    setPollFd(fds, 0, server, 0);
    expect(poll(fds, 1, 5000)).toBe(1);
    expect(pollRevents(fds, 0)).toBe(POLLERR);
    expect(completions(server, 0)).toHaveLength(1);
    expect(poll(fds, 1, 0)).toBe(0);
  });

  test('TCP without SO_ZEROCOPY: the flag is ignored, the bytes go, no completion comes', () => {
    const { server, client } = tcpPair();
    expect(socket.send(server, memory(), 16_384, MSG_ZEROCOPY)).toBe(16_384);
    discard(client, 16_384);
    expect(receive(server, cmsg.ERROR_SPACE, socket.MSG_ERRQUEUE).n).toBe(-errno.EAGAIN);
  });

  test('a send without the flag is not counted', () => {
    const { server, client } = tcpPair();
    expect(allow(server)).toBe(0);
    expect(socket.send(server, memory(), 100, 0)).toBe(100);
    expect(socket.send(server, memory(), 16_384, MSG_ZEROCOPY)).toBe(16_384);
    discard(client, 16_484);
    expect(completions(server, 0)).toMatchObject([{ first: 0, last: 0 }]);
  });

  test('UNIX: SO_ZEROCOPY is refused, the flag is ignored', () => {
    const { a, b } = unixPair();
    expect([-errno.EOPNOTSUPP, -ENOTSUPP]).toContain(allow(a));
    expect(socket.send(a, memory(), 16_384, MSG_ZEROCOPY)).toBe(16_384);
    expect(socket.recv(b, Buffer.alloc(16_384), undefined, 0)).toBe(16_384);
  });

  test.skipIf(capable(CAP_IPC_LOCK))('-ENOBUFS beyond RLIMIT_MEMLOCK: nothing was sent (CAP_IPC_LOCK may)', () => {
    const { server } = tcpPair();
    expect(allow(server)).toBe(0);
    const at = memory();
    const old = new Uint8Array(RLIMIT_SIZE);
    expect(sys.prlimit(0, RLIMIT_MEMLOCK, null, old)).toBe(0);
    expect(sys.prlimit(0, RLIMIT_MEMLOCK, encodeRlimit({ ...readRlimit(old), soft: 4096n }), null)).toBe(0);
    try {
      expect(socket.send(server, at, 65_536, MSG_ZEROCOPY)).toBe(-errno.ENOBUFS);
    } finally {
      expect(sys.prlimit(0, RLIMIT_MEMLOCK, old, null)).toBe(0);
    }
  });

  test('on what is no socket: -ENOTSOCK', () => {
    expect(allow(filled(1))).toBe(-errno.ENOTSOCK);
  });
});

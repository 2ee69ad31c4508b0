import { readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { close, read } from '../../src/sys/fd.ts';
import * as net from '../../src/sys/net.ts';
import { AF_INET, recv, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, send, socket } from '../../src/sys/socket.ts';
import { closedFd, closesOnExec, tcpPair, unixPair } from '../support/descriptors.ts';
import { errno } from '../support/errno.ts';
import { CAP_NET_ADMIN, CAP_SYS_ADMIN, capable, keep, open } from '../support/raw.ts';

const NETWORK = '/proc/thread-self/ns/net';
const here = () => readlinkSync(NETWORK);
const mayUnshare = capable(CAP_SYS_ADMIN);

describe('unshare and setns', () => {
  test.skipIf(!mayUnshare)('this thread alone goes to a fresh network, and comes back (needs CAP_SYS_ADMIN)', () => {
    const before = here();
    const home = open(NETWORK);
    const outside = keep(socket(AF_INET, SOCK_DGRAM, 0));
    let inside = -1;
    expect(net.unshare(net.CLONE_NEWNET)).toBe(0);
    try {
      expect(here()).not.toBe(before);
      inside = keep(socket(AF_INET, SOCK_DGRAM, 0));
    } finally {
      expect(net.setns(home, net.CLONE_NEWNET)).toBe(0);
    }
    expect(here()).toBe(before);
    // each socket asks the network that it was made in, wherever the thread is: a fresh one's loopback is down
    expect(net.ethtoolValue(outside, 'lo', net.ETHTOOL_GLINK, 0)).toBe(1);
    expect(net.ethtoolValue(inside, 'lo', net.ETHTOOL_GLINK, 0)).toBe(0);
  });

  test('no other namespace, nor two at a time: refused before the kernel is asked', () => {
    const CLONE_NEWNS = 0x20000;
    const CLONE_NEWUSER = 0x10000000;
    for (const flags of [0, -1, CLONE_NEWNS, CLONE_NEWUSER, net.CLONE_NEWNET | CLONE_NEWUSER])
      expect(net.unshare(flags)).toBe(-errno.EINVAL);
    const home = open(NETWORK);
    for (const kind of [0, -1, CLONE_NEWNS, CLONE_NEWUSER]) expect(net.setns(home, kind)).toBe(-errno.EINVAL);
  });

  test('setns takes an open network namespace only', () => {
    expect(net.setns(open('/proc/self/status'), net.CLONE_NEWNET)).toBe(-errno.EINVAL);
    expect(net.setns(closedFd(), net.CLONE_NEWNET)).toBe(-errno.EBADF);
  });

  test.skipIf(mayUnshare)('EPERM without CAP_SYS_ADMIN (this user has it)', () => {
    expect(net.unshare(net.CLONE_NEWNET)).toBe(-errno.EPERM);
    expect(net.setns(open(NETWORK), net.CLONE_NEWNET)).toBe(-errno.EPERM);
  });
});

describe('netlinkRoute', () => {
  test('is a socket that answers at once, and is closed in children', () => {
    const fd = keep(net.netlinkRoute(SOCK_NONBLOCK));
    expect(closesOnExec(fd)).toBe(true);
    expect(read(fd, new Uint8Array(64))).toBe(-errno.EAGAIN);
    // a message of type 0 (NLMSG_NOOP is 1) with a request to acknowledge it: number 23 comes back
    const message = new Uint32Array(net.nlmsghdr.size / 4);
    message[0] = message.byteLength;
    new Uint16Array(message.buffer)[3] = net.NLM_F_REQUEST | net.NLM_F_ACK;
    message[2] = 23;
    expect(send(fd, message, undefined, 0)).toBe(message.byteLength);
    const answer = new Uint32Array(64);
    expect(recv(fd, answer, undefined, 0)).toBeGreaterThanOrEqual(net.nlmsghdr.size + net.nlmsgerr.size);
    expect(new Uint16Array(answer.buffer)[2]).toBe(net.NLMSG_ERROR);
    expect(answer[2]).toBe(23);
  });

  test('takes SOCK_NONBLOCK and nothing else', () => {
    for (const flags of [1, -1, SOCK_CLOEXEC, SOCK_NONBLOCK | 1]) expect(net.netlinkRoute(flags)).toBe(-errno.EINVAL);
    close(keep(net.netlinkRoute(0)));
  });
});

describe('ethtoolValue', () => {
  test('loopback has scatter-gather, segmentation and checksums, always', () => {
    const fd = keep(socket(AF_INET, SOCK_DGRAM, 0));
    const get = (command: number) => net.ethtoolValue(fd, 'lo', command, 0);
    expect([net.ETHTOOL_GSG, net.ETHTOOL_GTSO, net.ETHTOOL_GGSO, net.ETHTOOL_GTXCSUM].map(get)).toEqual([1, 1, 1, 1]);
    expect([net.ETHTOOL_GRXCSUM, net.ETHTOOL_GGRO, net.ETHTOOL_GLINK].map(get).every((v) => v === 0 || v === 1)).toBe(
      true,
    );
  });

  test('knows a few commands, all with one number as argument: refused before the kernel is asked', () => {
    const fd = keep(socket(AF_INET, SOCK_DGRAM, 0));
    const ETHTOOL_GDRVINFO = 3;
    const ETHTOOL_NWAY_RST = 9;
    for (const command of [0, ETHTOOL_GDRVINFO, ETHTOOL_NWAY_RST, -1, 2 ** 31 - 1])
      expect(net.ethtoolValue(fd, 'lo', command >>> 0, 0)).toBe(-errno.EINVAL);
  });

  test('names that are none, descriptors that are no socket', () => {
    const fd = keep(socket(AF_INET, SOCK_DGRAM, 0));
    const sg = net.ETHTOOL_GSG;
    expect(net.ethtoolValue(fd, 'nosuch0', sg, 0)).toBe(-errno.ENODEV);
    expect(net.ethtoolValue(fd, '', sg, 0)).toBe(-errno.ENODEV);
    expect(net.ethtoolValue(fd, 'x'.repeat(net.IFNAMSIZ - 1), sg, 0)).toBe(-errno.ENODEV);
    expect(net.ethtoolValue(fd, 'x'.repeat(net.IFNAMSIZ), sg, 0)).toBe(-errno.EINVAL);
    expect(net.ethtoolValue(open('/dev/null'), 'lo', sg, 0)).toBe(-errno.ENOTTY);
    expect(net.ethtoolValue(closedFd(), 'lo', sg, 0)).toBe(-errno.EBADF);
    expect(() => net.ethtoolValue(fd, 'lo', sg, -1)).toThrow(/value/);
  });

  test.skipIf(capable(CAP_NET_ADMIN))('setting is EPERM without CAP_NET_ADMIN (this user has it)', () => {
    const fd = keep(socket(AF_INET, SOCK_DGRAM, 0));
    expect(net.ethtoolValue(fd, 'lo', net.ETHTOOL_SSG, 1)).toBe(-errno.EPERM);
  });
});

describe('siocoutqnsd', () => {
  test('0 as long as everything goes out, the rest when the peer takes no more', () => {
    const { client } = tcpPair(SOCK_NONBLOCK);
    expect(net.siocoutqnsd(client)).toBe(0);
    expect(send(client, new Uint8Array(23), undefined, 0)).toBe(23);
    expect(net.siocoutqnsd(client)).toBe(0);
    let sent = 0;
    const buffer = new Uint8Array(65_536);
    for (let n = 0; n >= 0; n = send(client, buffer, undefined, 0)) sent += n;
    const unsent = net.siocoutqnsd(client);
    expect(unsent).toBeGreaterThan(0);
    expect(unsent).toBeLessThan(sent);
  });

  test('is for TCP connections', () => {
    expect(net.siocoutqnsd(unixPair().a)).toBeLessThan(0);
    expect(net.siocoutqnsd(open('/dev/null'))).toBe(-errno.ENOTTY);
    expect(net.siocoutqnsd(closedFd())).toBe(-errno.EBADF);
  });
});

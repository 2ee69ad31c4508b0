import { readdirSync, readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Socket } from '../../src/io/socket.ts';
import {
  openRoute,
  type Route,
  type RouteName,
  type RouteOptions,
  routeNames,
  transmitted,
  vethCapability,
} from '../../src/lab/routes.ts';
import { deviceFeature } from '../../src/probe/device.ts';
import { close, F_DUPFD_CLOEXEC, fcntl, MFD_CLOEXEC, memfdCreate, pwrite } from '../../src/sys/fd.ts';
import { POLLFD_WORDS, POLLIN, poll, setPollFd } from '../../src/sys/poll.ts';
import { sendfile } from '../../src/sys/sendfile.ts';
import { withNofile } from '../support/descriptors.ts';
import { CAP_NET_ADMIN, CAP_SYS_ADMIN, capable, keep } from '../support/raw.ts';
import { pattern } from '../support/temp.ts';

const HELD = 256 * 1024;
const PATIENCE_MS = 10_000;

const veth = vethCapability();
const reason = veth.works ? '' : ` (${veth.cause})`;
const cases: [label: string, name: RouteName, options: RouteOptions][] = [
  ['tcp', 'tcp', {}],
  ['unix', 'unix', {}],
  ['veth', 'veth', {}],
  ['veth with scatter-gather', 'veth', { scatterGather: true }],
  ['veth without scatter-gather', 'veth', { scatterGather: false }],
];

const home = () => readlinkSync('/proc/thread-self/ns/net');
const devices = () => readdirSync('/sys/class/net').sort();
const descriptors = () => readdirSync('/proc/self/fd').length;
const blocked = new Int32Array(POLLFD_WORDS);

/** The number that the next descriptor gets. */
function lowestFree(): number {
  const fd = fcntl(0, F_DUPFD_CLOEXEC, 0);
  close(fd);
  return fd;
}

function readable(socket: Socket): void {
  setPollFd(blocked, 0, socket.fd, POLLIN);
  expect(poll(blocked, 1, PATIENCE_MS), 'nothing arrives').toBe(1);
}

function receive(socket: Socket, bytes: number): Buffer {
  const into = Buffer.alloc(bytes);
  for (let have = 0; have < bytes; ) {
    readable(socket);
    have += socket.recv(into, { at: have }) ?? 0;
  }
  return into;
}

/** All of it, with nobody reading meanwhile: MSG_DONTWAIT would answer short if it did not fit. */
function send(socket: Socket, bytes: Buffer): void {
  let sent = 0;
  while (sent < bytes.length) {
    const n = socket.send(bytes, { at: sent });
    if (n === undefined) expect.fail(`the socket holds ${sent} bytes only`);
    sent += n;
  }
}

/** Acknowledgements come from a softirq, which may run a little later on a busy machine. */
function untilTransmitted(route: Route): void {
  const end = performance.now() + PATIENCE_MS;
  while (!transmitted(route.sender)) {
    if (performance.now() > end) expect.fail('it is never transmitted');
    poll(new Int32Array(0), 0, 1);
  }
}

describe.each(cases)('%s', (_label, name, options) => {
  const skip = name === 'veth' && !veth.works;

  test.skipIf(skip)(`carries ${HELD} bytes each way while nobody reads${skip ? reason : ''}`, () => {
    const before = home();
    using route = openRoute(name, options);
    expect(home()).toBe(before);
    expect([route.sender.nonblocking, route.receiver.nonblocking]).toEqual([false, false]);
    for (const [from, to, seed] of [
      [route.sender, route.receiver, 1],
      [route.receiver, route.sender, 2],
    ] as const) {
      const bytes = pattern(HELD, seed);
      send(from, bytes);
      expect(receive(to, HELD).equals(bytes)).toBe(true);
    }
    expect(transmitted(route.sender)).toBe(true);
  });

  test.skipIf(skip)(`leaves nothing behind${skip ? reason : ''}`, () => {
    openRoute(name, options).close();
    const [before, open, there] = [home(), descriptors(), devices()];
    for (let i = 0; i < 5; i++) {
      const route = openRoute(name, options);
      expect(devices()).toEqual(there);
      expect(descriptors()).toBe(open + 2);
      route.close();
      route.close();
    }
    expect([home(), descriptors(), devices()]).toEqual([before, open, there]);
  });

  test.skipIf(skip)(`fails whole, and at home, wherever descriptors run out${skip ? reason : ''}`, () => {
    openRoute(name, options).close();
    const before = home();
    const open = descriptors();
    let failures = 0;
    for (let limit = lowestFree(); ; limit++) {
      let route: Route | undefined;
      withNofile(limit, () => {
        try {
          route = openRoute(name, options);
        } catch (error) {
          failures++;
          expect((error as { code?: string }).code).toBe('EMFILE');
        }
      });
      expect(home()).toBe(before);
      if (route !== undefined) {
        route.close();
        break;
      }
      expect(descriptors()).toBe(open);
    }
    expect(failures).toBeGreaterThanOrEqual(2);
    expect(descriptors()).toBe(open);
  });
});

test('names what lies between, and the device where there is one', () => {
  for (const name of routeNames) {
    if (name === 'veth' && !veth.works) continue;
    using route = openRoute(name);
    expect(route.name).toBe(name);
    expect(route.describe()).toMatch({ tcp: /loopback/, unix: /UNIX/, veth: /veth pair/ }[name]);
    expect(route.interface).toBe({ tcp: 'lo', unix: undefined, veth: 'veth0' }[name]);
    if (route.interface !== undefined)
      expect(deviceFeature(route.sender, route.interface, 'scatterGather')).toMatchObject({ value: 1 });
  }
});

test('refuses what it has no route for', () => {
  // @ts-expect-error: no such route
  expect(() => openRoute('pigeon')).toThrow(/name must be one of tcp, unix, veth, got pigeon/);
  expect(() => openRoute('tcp', { scatterGather: false })).toThrow(/tcp route has no device .* only veth/);
});

test('a smaller buffer fills earlier', () => {
  using small = openRoute('unix', { sendBuffer: 16_384 });
  using large = openRoute('unix');
  expect(small.sender.sendBuffer).toBeLessThan(large.sender.sendBuffer);
  using tcp = openRoute('tcp', { sendBuffer: 16_384, receiveBuffer: 32_768 });
  expect([tcp.sender.sendBuffer, tcp.receiver.receiveBuffer]).toEqual([32_768, 65_536]);
});

test.skipIf(capable(CAP_SYS_ADMIN) && capable(CAP_NET_ADMIN))(
  'veth says what it needs (this user has CAP_SYS_ADMIN and CAP_NET_ADMIN)',
  () => {
    expect(veth).toEqual({ works: false, cause: expect.stringMatching(/EPERM.*CAP_(SYS|NET)_ADMIN/) });
    expect(() => openRoute('veth')).toThrow(/EPERM/);
  },
);

describe('sendfile, with the file changed after everything was transmitted and before it is received', () => {
  const BYTES = 1024 * 1024;
  const OLD = Buffer.alloc(BYTES, 'o');
  const NEW = Buffer.alloc(BYTES, 'n');

  /** How much of what was received are bytes that came into the file after it was sent. */
  function aliased(name: RouteName, options: RouteOptions): number {
    using route = openRoute(name, { ...options, sendBuffer: 4 * BYTES, receiveBuffer: 4 * BYTES });
    const file = keep(memfdCreate('routes', MFD_CLOEXEC));
    expect(pwrite(file, OLD, undefined, 0)).toBe(BYTES);
    for (let at = 0; at < BYTES; ) {
      const n = sendfile(route.sender.fd, file, at, BYTES - at);
      expect(n).toBeGreaterThan(0);
      at += n;
    }
    untilTransmitted(route);
    expect(pwrite(file, NEW, undefined, 0)).toBe(BYTES);
    const got = receive(route.receiver, BYTES);
    return got.reduce((sum, byte) => sum + (byte === NEW[0] ? 1 : 0), 0) / BYTES;
  }

  test.skipIf(!veth.works)(`a device with scatter-gather: the receiver has the new bytes${reason}`, () => {
    for (let i = 0; i < 5; i++) expect(aliased('veth', { scatterGather: true })).toBe(1);
  });

  test.skipIf(!veth.works)(`without: the old ones, since they were copied${reason}`, () => {
    for (let i = 0; i < 5; i++) expect(aliased('veth', { scatterGather: false })).toBe(0);
  });
});

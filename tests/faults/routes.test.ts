import { readdirSync, readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openRoute, type Route, vethCapability } from '../../src/lab/routes.ts';
import { CLONE_NEWNET, setns } from '../../src/sys/net.ts';
import { errno } from '../support/errno.ts';
import { failEach, withFaults } from '../support/gate.ts';
import { nr } from '../support/numbers.ts';
import { open } from '../support/raw.ts';

const NETWORK = '/proc/thread-self/ns/net';
const home = () => readlinkSync(NETWORK);
const descriptors = () => readdirSync('/proc/self/fd').length;

const veth = vethCapability();
const reason = veth.works ? '' : ` (${veth.cause})`;

describe.skipIf(!veth.works)(`a veth route${reason}`, () => {
  // not close, which a fault keeps from closing, and not setns: see below
  test.each([
    ['openat', 2],
    ['unshare', 2],
    ['socket', 4],
    ['bind', 1],
    ['listen', 1],
    ['sendto', 7],
    ['recvfrom', 7],
    ['ioctl', 3],
    ['setsockopt', 4],
    ['connect', 1],
    ['poll', 2],
    ['accept4', 1],
    ['fcntl', 4],
  ] as const)('%s fails, whichever it is of %i at least: nothing is left, and the thread is at home', (call, least) => {
    const number = nr[call];
    const [before, count] = [home(), descriptors()];
    let route: Route | undefined;
    let error: unknown;
    const body = () => {
      route = undefined;
      error = undefined;
      try {
        route = openRoute('veth', { scatterGather: false });
      } catch (thrown) {
        error = thrown;
      }
    };
    const calls = failEach({ nr: number, error: errno.ENOMEM }, body, () => {
      route?.close();
      expect(route !== undefined || error instanceof Error).toBe(true);
      expect(home()).toBe(before);
      expect(descriptors()).toBe(count);
    });
    expect(calls).toBeGreaterThanOrEqual(least);
  });

  test('a thread that cannot go home says so', () => {
    const before = home();
    const fd = open(NETWORK);
    try {
      withFaults({ nr: nr.setns, nth: 1, error: errno.ENOMEM }, () => {
        expect(() => openRoute('veth')).toThrow(/this thread cannot go back to its own network/);
      });
      expect(home()).not.toBe(before);
    } finally {
      expect(setns(fd, CLONE_NEWNET)).toBe(0);
    }
    expect(home()).toBe(before);
  });
});

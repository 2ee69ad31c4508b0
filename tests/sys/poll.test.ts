import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/native.ts';
import { eventfd, signalMask } from '../../src/sys/event.ts';
import * as poll from '../../src/sys/poll.ts';
import * as socket from '../../src/sys/socket.ts';
import { encodeRlimit, RLIMIT_SIZE, readRlimit } from '../../src/sys/structs.ts';
import { closedFd, underSignals } from '../support/descriptors.ts';
import { errno } from '../support/errno.ts';
import { keep, open, pipe } from '../support/raw.ts';

const { sys } = native;
const NOFILE = native.constants.RLIMIT_NOFILE ?? -1;

function records(...wanted: [fd: number, events: number][]): Int32Array {
  const fds = new Int32Array(wanted.length * poll.POLLFD_WORDS);
  for (const [i, [fd, events]] of wanted.entries()) poll.setPollFd(fds, i, fd, events);
  return fds;
}

type Call = (fds: Int32Array, nfds: number, timeout: number) => number;
const calls: [string, Call][] = [
  ['poll', (fds, n, ms) => poll.poll(fds, n, ms)],
  ['ppoll', (fds, n, ms) => poll.ppoll(fds, n, ms, null)],
];

describe('pollfd records', () => {
  test('setPollFd writes fd and events and clears revents, pollRevents reads all 16 bits', () => {
    const fds = new Int32Array(4).fill(-1);
    poll.setPollFd(fds, 1, 7, poll.POLLIN | poll.POLLRDHUP);
    expect([...fds.subarray(0, 2)]).toEqual([-1, -1]);
    expect(fds[2]).toBe(7);
    expect(poll.pollRevents(fds, 1)).toBe(0);
    expect(poll.pollRevents(fds, 0)).toBe(0xffff);
    expect(poll.pollRevents(fds, 2)).toBe(0);
  });

  test.each([-1, 2, Number.NaN])('setPollFd has no record %d', (index) => {
    expect(() => poll.setPollFd(new Int32Array(4), index, 0, 0)).toThrow(/index must be 0 to 1, got/);
  });
});

describe.each(calls)('%s', (_name, call) => {
  test('tells what is ready, and counts the records', () => {
    const a = pipe();
    const b = pipe();
    sys.write(a.write, Buffer.from('x'));
    const fds = records([a.read, poll.POLLIN], [b.read, poll.POLLIN], [b.write, poll.POLLOUT]);
    expect(call(fds, 3, -1)).toBe(2);
    expect([0, 1, 2].map((i) => poll.pollRevents(fds, i))).toEqual([poll.POLLIN, 0, poll.POLLOUT]);
  });

  test('POLLHUP: the writer is gone, but its bytes are there; POLLERR: the reader is gone', () => {
    const a = pipe();
    const b = pipe();
    sys.write(a.write, Buffer.from('x'));
    sys.close(a.write);
    sys.close(b.read);
    const fds = records([a.read, poll.POLLIN], [b.write, 0]);
    expect(call(fds, 2, 0)).toBe(2);
    expect(poll.pollRevents(fds, 0)).toBe(poll.POLLIN | poll.POLLHUP);
    expect(poll.pollRevents(fds, 1)).toBe(poll.POLLERR);
  });

  test('POLLRDHUP: the peer has shut down its sending side, told only when asked for', () => {
    const sv = new Int32Array(2);
    expect(socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0, sv)).toBe(0);
    const [a = -1, b = -1] = sv;
    keep(a);
    keep(b);
    expect(socket.shutdown(b, socket.SHUT_WR)).toBe(0);
    const fds = records([a, poll.POLLIN], [a, poll.POLLIN | poll.POLLRDHUP], [a, poll.POLLPRI]);
    expect(call(fds, 3, 0)).toBe(2);
    expect([0, 1, 2].map((i) => poll.pollRevents(fds, i))).toEqual([poll.POLLIN, poll.POLLIN | poll.POLLRDHUP, 0]);
  });

  test('a closed descriptor is POLLNVAL, no error; a negative one is passed over', () => {
    const fds = records([closedFd(), poll.POLLIN], [-1, poll.POLLIN], [-(2 ** 31), poll.POLLIN]);
    expect(call(fds, 3, 0)).toBe(1);
    expect([0, 1, 2].map((i) => poll.pollRevents(fds, i))).toEqual([poll.POLLNVAL, 0, 0]);
  });

  test('a regular file is always ready', () => {
    const fds = records([open(import.meta.filename), poll.POLLIN | poll.POLLOUT]);
    expect(call(fds, 1, -1)).toBe(1);
    expect(poll.pollRevents(fds, 0)).toBe(poll.POLLIN | poll.POLLOUT);
  });

  test('looks at the first nfds records only, and writes to no other', () => {
    const full = keep(eventfd(1, 0));
    const fds = records([full, poll.POLLIN], [full, poll.POLLIN]);
    fds[3] = -1;
    expect(call(fds, 1, 0)).toBe(1);
    expect(poll.pollRevents(fds, 1)).toBe(0xffff);
    expect(call(fds, 0, 0)).toBe(0);
  });

  test('0 when the time is up', () => {
    const fds = records([pipe().read, poll.POLLIN]);
    expect(call(fds, 1, 0)).toBe(0);
    expect(call(fds, 1, 1)).toBe(0);
    expect(poll.pollRevents(fds, 0)).toBe(0);
  });

  test('-EINVAL for more records than RLIMIT_NOFILE', () => {
    const old = new Uint8Array(RLIMIT_SIZE);
    expect(sys.prlimit(0, NOFILE, null, old)).toBe(0);
    const fds = new Int32Array(1001 * poll.POLLFD_WORDS).fill(-1);
    expect(sys.prlimit(0, NOFILE, encodeRlimit({ ...readRlimit(old), soft: 1000n }), null)).toBe(0);
    try {
      expect(call(fds, 1001, 0)).toBe(-errno.EINVAL);
      expect(call(fds, 1000, 0)).toBe(0);
    } finally {
      expect(sys.prlimit(0, NOFILE, old, null)).toBe(0);
    }
  });

  test.each([
    ['records that are not there', [new Int32Array(4), 3, 0], /nfds: 24 bytes needed, but fds has 16/],
    ['a fraction of them', [new Int32Array(4), 1.5, 0], /nfds must be an integer/],
    ['no memory', [null, 0, 0], /fds must be a typed array/],
    ['an endless time by mistake', [new Int32Array(4), 2, Number.POSITIVE_INFINITY], /timeout must be/],
  ])('refuses %s before the call', (_what, args, message) => {
    expect(() => (call as (...args: unknown[]) => number)(...args)).toThrow(message);
  });

  test('-EINTR when a signal arrives', async () => {
    const fds = records([pipe().read, poll.POLLIN]);
    expect(await underSignals('SIGUSR2', () => call(fds, 1, 10_000))).toBe(-errno.EINTR);
  });
});

test('poll waits for ever for any negative time, ppoll for -1 and null only', () => {
  const fds = records([keep(eventfd(1, 0)), poll.POLLIN]);
  expect(poll.poll(fds, 1, -5)).toBe(1);
  expect(poll.ppoll(fds, 1, null, null)).toBe(1);
  expect(() => poll.ppoll(fds, 1, -5, null)).toThrow(/timeout must be a number of milliseconds of 0 to 9e15, or -1/);
});

test('ppoll takes parts of a millisecond, and nanoseconds as a bigint', () => {
  const fds = records([pipe().read, poll.POLLIN]);
  expect(poll.ppoll(fds, 1, 0.25, null)).toBe(0);
  expect(poll.ppoll(fds, 1, 250_000n, null)).toBe(0);
});

test('ppoll holds back the signals of its mask while it waits', async () => {
  const mask = signalMask(constants.signals.SIGUSR2);
  expect(await underSignals('SIGUSR2', () => poll.ppoll(new Int32Array(2), 0, 300, mask))).toBe(0);
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/native.ts';
import * as event from '../../src/sys/event.ts';
import { F_GETFL, fcntl, O_NONBLOCK } from '../../src/sys/fd.ts';
import { POLLFD_WORDS, POLLIN, POLLOUT, poll, pollRevents, setPollFd } from '../../src/sys/poll.ts';
import { readTimespec, TIMESPEC_SIZE } from '../../src/sys/structs.ts';
import { addonEnv } from '../support/compiled.ts';
import { closedFd, closesOnExec, withNofile } from '../support/descriptors.ts';
import { errno } from '../support/errno.ts';
import { keep, open, pipe } from '../support/raw.ts';

const { sys, constants: k } = native;
const MONOTONIC = k.CLOCK_MONOTONIC ?? -1;

const word = (value = 0n) => BigUint64Array.of(value);

/** What a read of 8 bytes answers: the counter, or an errno. */
function take(fd: number): bigint | number {
  const into = word();
  const r = sys.read(fd, into);
  return r === 8 ? (into[0] ?? -1n) : r;
}

function readiness(fd: number, timeout = 0): number {
  const fds = new Int32Array(POLLFD_WORDS);
  setPollFd(fds, 0, fd, POLLIN | POLLOUT);
  poll(fds, 1, timeout);
  return pollRevents(fds, 0);
}

describe('eventfd', () => {
  const make = (initval: number, flags = event.EFD_NONBLOCK) => keep(event.eventfd(initval, flags));

  test('adds what is written, gives it all at once, then would block', () => {
    const fd = make(5);
    expect(sys.write(fd, word(7n))).toBe(8);
    expect(take(fd)).toBe(12n);
    expect(take(fd)).toBe(-errno.EAGAIN);
  });

  test('as a semaphore gives one at a time', () => {
    const fd = make(2, event.EFD_NONBLOCK | event.EFD_SEMAPHORE);
    expect([take(fd), take(fd), take(fd)]).toEqual([1n, 1n, -errno.EAGAIN]);
  });

  test('counts to 2^64 - 2 and would block beyond; all 64 bits come back', () => {
    const fd = make(0);
    const most = 2n ** 64n - 2n;
    expect(sys.write(fd, word(most))).toBe(8);
    expect(sys.write(fd, word(1n))).toBe(-errno.EAGAIN);
    expect(readiness(fd)).toBe(POLLIN);
    expect(take(fd)).toBe(most);
    expect(readiness(fd)).toBe(POLLOUT);
  });

  test('takes 32 bits to begin with', () => {
    expect(take(make(2 ** 32 - 1))).toBe(2n ** 32n - 1n);
    expect(() => event.eventfd(2 ** 32, 0)).toThrow(/initval must be an integer of 0 to 4294967295, got 4294967296/);
    expect(() => event.eventfd(-1, 0)).toThrow(/initval must be/);
  });

  test('-EINVAL for 2^64 - 1, for less than 8 bytes and for unknown flags', () => {
    const fd = make(1);
    expect(sys.write(fd, word(2n ** 64n - 1n))).toBe(-errno.EINVAL);
    expect(sys.write(fd, new Uint8Array(7))).toBe(-errno.EINVAL);
    expect(sys.read(fd, new Uint8Array(7))).toBe(-errno.EINVAL);
    expect(event.eventfd(0, 0x40)).toBe(-errno.EINVAL);
  });

  test('closes on exec, asked or not', () => expect(closesOnExec(make(0, 0))).toBe(true));
});

describe('timer specifications', () => {
  test.each([
    { value: 0n, interval: 0n },
    { value: 1n, interval: 999_999_999n },
    { value: 1_000_000_000n, interval: 2_500_000_001n },
    { value: 2n ** 62n, interval: 2n ** 60n },
  ])('round trip %o', (spec) => {
    expect(event.decodeTimerSpec(event.encodeTimerSpec(spec))).toEqual(spec);
  });

  test('refuse negative times by name', () => {
    expect(() => event.encodeTimerSpec({ value: -1n, interval: 0n })).toThrow(/: value must be 0n .* got -1n/);
    expect(() => event.encodeTimerSpec({ value: 1n, interval: -5n })).toThrow(/: interval must be 0n .* got -5n/);
  });

  test('the kernel reads and writes the same fields', () => {
    const fd = keep(event.timerfdCreate(MONOTONIC, 0));
    const spec = { value: 3_600_000_000_000n, interval: 7_000_000_009n };
    const old = new BigInt64Array(event.ITIMERSPEC_WORDS).fill(-1n);
    expect(event.timerfdSettime(fd, 0, event.encodeTimerSpec(spec), old)).toBe(0);
    expect(event.decodeTimerSpec(old)).toEqual({ value: 0n, interval: 0n });
    const now = new BigInt64Array(event.ITIMERSPEC_WORDS);
    expect(event.timerfdGettime(fd, now)).toBe(0);
    const { value, interval } = event.decodeTimerSpec(now);
    expect(interval).toBe(spec.interval);
    expect(value > 0n && value <= spec.value).toBe(true);
  });
});

describe('timerfd', () => {
  const make = (clock = MONOTONIC, flags = event.TFD_NONBLOCK) => keep(event.timerfdCreate(clock, flags));
  const arm = (fd: number, value: bigint, interval = 0n, flags = 0) =>
    event.timerfdSettime(fd, flags, event.encodeTimerSpec({ value, interval }), null);
  const now = (clock: number) => {
    const tp = new Uint8Array(TIMESPEC_SIZE);
    expect(sys.clockGettime(clock, tp)).toBe(0);
    return readTimespec(tp);
  };

  test('expires once, and is disarmed then', () => {
    const fd = make();
    expect(take(fd)).toBe(-errno.EAGAIN);
    expect(arm(fd, 1_000_000n)).toBe(0);
    expect(readiness(fd, -1)).toBe(POLLIN);
    expect(take(fd)).toBe(1n);
    expect(take(fd)).toBe(-errno.EAGAIN);
    const left = new BigInt64Array(event.ITIMERSPEC_WORDS);
    expect(event.timerfdGettime(fd, left)).toBe(0);
    expect(event.decodeTimerSpec(left).value).toBe(0n);
  });

  test('with an interval counts how often it expired', () => {
    const fd = make(MONOTONIC, 0);
    expect(arm(fd, 1n, 1_000_000n)).toBe(0);
    let expired = 0n;
    // a blocking read: at least one each time
    while (expired < 5n) {
      const n = take(fd);
      expect(n).toBeGreaterThan(0n);
      expired += BigInt(n);
    }
  });

  test.each(['CLOCK_REALTIME', 'CLOCK_MONOTONIC', 'CLOCK_BOOTTIME'])(
    '%s: a time that has passed is due at once',
    (name) => {
      const clock = k[name] ?? -1;
      const fd = make(clock);
      expect(arm(fd, now(clock) - 1_000_000_000n, 0n, event.TFD_TIMER_ABSTIME)).toBe(0);
      expect(take(fd)).toBe(1n);
      expect(arm(fd, now(clock) + 3_600_000_000_000n, 0n, event.TFD_TIMER_ABSTIME)).toBe(0);
      expect(take(fd)).toBe(-errno.EAGAIN);
      const left = new BigInt64Array(event.ITIMERSPEC_WORDS);
      expect(event.timerfdGettime(fd, left)).toBe(0);
      // a span, though a time was set
      expect(event.decodeTimerSpec(left).value <= 3_600_000_000_000n).toBe(true);
    },
  );

  test('0n disarms it and takes back an expiry that was not read', () => {
    const fd = make();
    arm(fd, 1n);
    expect(readiness(fd, -1)).toBe(POLLIN);
    expect(arm(fd, 0n, 5n)).toBe(0);
    expect(take(fd)).toBe(-errno.EAGAIN);
  });

  test('-EINVAL: another clock, other flags, what is no timer, nanoseconds beyond a second', () => {
    expect(event.timerfdCreate(k.CLOCK_THREAD_CPUTIME_ID ?? -1, 0)).toBe(-errno.EINVAL);
    expect(event.timerfdCreate(MONOTONIC, 1)).toBe(-errno.EINVAL);
    const fd = make();
    const spec = event.encodeTimerSpec({ value: 1n, interval: 0n });
    expect(event.timerfdSettime(fd, 0x100, spec, null)).toBe(-errno.EINVAL);
    const other = keep(event.eventfd(0, 0));
    expect(event.timerfdSettime(other, 0, spec, null)).toBe(-errno.EINVAL);
    expect(event.timerfdGettime(other, spec)).toBe(-errno.EINVAL);
    expect(event.timerfdSettime(fd, 0, new BigInt64Array(4).fill(1_000_000_000n), null)).toBe(-errno.EINVAL);
    expect(event.timerfdSettime(fd, 0, new BigInt64Array(4).fill(-1n), null)).toBe(-errno.EINVAL);
    expect(sys.read(fd, new Uint8Array(7))).toBe(-errno.EINVAL);
  });

  test('-EBADF for a closed descriptor', () => {
    const spec = event.encodeTimerSpec({ value: 1n, interval: 0n });
    const fd = closedFd();
    expect(event.timerfdSettime(fd, 0, spec, null)).toBe(-errno.EBADF);
    expect(event.timerfdGettime(fd, spec)).toBe(-errno.EBADF);
  });

  test('refuses a structure that is too small or not aligned, before the call', () => {
    const fd = make();
    const spec = event.encodeTimerSpec({ value: 1n, interval: 0n });
    expect(() => event.timerfdGettime(fd, new BigInt64Array(3))).toThrow(
      /curr_value: 32 bytes needed, but curr_value has 24/,
    );
    expect(() => event.timerfdSettime(fd, 0, spec, new Uint8Array(31))).toThrow(/old_value: 32 bytes needed/);
    expect(() => event.timerfdGettime(fd, new Uint8Array(64).subarray(1))).toThrow(/aligned to 8 bytes/);
    expect(() => event.timerfdSettime(fd, 0, null as never, null)).toThrow(/new_value must be/);
  });

  test('closes on exec, asked or not', () => expect(closesOnExec(make(MONOTONIC, 0))).toBe(true));
});

test('-EMFILE at the limit of open files', () => {
  withNofile(3, () => {
    expect(event.eventfd(0, 0)).toBe(-errno.EMFILE);
    expect(event.timerfdCreate(MONOTONIC, 0)).toBe(-errno.EMFILE);
    expect(event.signalfd(-1, 0n, 0)).toBe(-errno.EMFILE);
  });
});

describe('signalMask', () => {
  test('bit n - 1 is signal n', () => {
    expect(event.signalMask()).toBe(0n);
    expect(event.signalMask(1, 10, 64)).toBe(1n | (1n << 9n) | (1n << 63n));
  });

  test.each([0, 65, 1.5, Number.NaN])('there is no signal %d', (signal) => {
    expect(() => event.signalMask(signal)).toThrow(/signal must be 1 to 64, got/);
  });
});

describe('signalfd', () => {
  const mask = event.signalMask(constants.signals.SIGUSR2);

  test('is made with -1, and takes another mask later', () => {
    const fd = keep(event.signalfd(-1, mask, event.SFD_NONBLOCK));
    expect(closesOnExec(fd)).toBe(true);
    expect(fcntl(fd, F_GETFL, 0) & O_NONBLOCK).toBe(O_NONBLOCK);
    expect(event.signalfd(fd, 0n, 0)).toBe(fd);
    expect(sys.read(fd, new Uint8Array(event.SIGNALFD_SIGINFO_SIZE))).toBe(-errno.EAGAIN);
  });

  test('its record has 128 bytes, and a read needs room for one', () => {
    expect(event.SIGNALFD_SIGINFO_SIZE).toBe(128);
    expect([event.SIGNALFD_SIGNO, event.SIGNALFD_PID, event.SIGNALFD_UID].every((at) => at < 128)).toBe(true);
    const fd = keep(event.signalfd(-1, mask, event.SFD_NONBLOCK));
    expect(sys.read(fd, new Uint8Array(127))).toBe(-errno.EINVAL);
  });

  test('-EINVAL: unknown flags, what is no signalfd; -EBADF: closed', () => {
    expect(event.signalfd(-1, mask, 1)).toBe(-errno.EINVAL);
    expect(event.signalfd(pipe().read, mask, 0)).toBe(-errno.EINVAL);
    expect(event.signalfd(open(import.meta.filename), mask, 0)).toBe(-errno.EINVAL);
    expect(event.signalfd(closedFd(), mask, 0)).toBe(-errno.EBADF);
  });

  test('takes masks as 64 bits only', () => {
    for (const bad of [2n ** 64n, -1n, 5, null])
      expect(() => event.signalfd(-1, bad as bigint, 0)).toThrow(/mask must be a bigint/);
  });

  // Every thread of the process must block the signal, else another takes it. Node's do that for SIGUSR1 only, and only
  // until libuv's pool has started; and the mask of ppoll is gone when it returns, so the record itself is out of reach.
  test('becomes readable when a signal comes that all threads block', async () => {
    const child = spawn(process.execPath, ['-e', CHILD], {
      env: { ...process.env, ...addonEnv },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.push(text);
      if (said.length === 1) signalUntilGone(child);
    });
    await once(child, 'close');
    expect(JSON.parse(said.slice(1).join(''))).toEqual({ ready: 1, revents: POLLIN, read: -errno.EAGAIN });
  });
});

function signalUntilGone(child: ChildProcess): void {
  const timer = setInterval(() => child.kill('SIGUSR1') || clearInterval(timer), 20);
  child.once('close', () => clearInterval(timer));
}

// a script in the command line is read without libuv's pool
const CHILD = `
const { writeSync } = require('node:fs');
const { sys, constants: k } = require(process.env.IOLAB_ADDON);
process.on('SIGUSR1', () => {});
const mask = 1n << 9n;
const fd = sys.signalfd(-1, mask, k.SFD_NONBLOCK);
const fds = Int32Array.of(fd, k.POLLIN);
writeSync(1, 'waiting');
const ready = sys.ppoll(fds, 1, 5000, mask);
const revents = fds[1] >>> 16;
const read = sys.read(fd, new Uint8Array(128));
writeSync(1, JSON.stringify({ ready, revents, read }));
process.exit();
`;

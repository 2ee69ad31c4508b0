import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/native.ts';
import { eventfd, signalMask } from '../../src/sys/event.ts';
import * as select from '../../src/sys/select.ts';
import { closedFd, dupAt, underSignals, withNofile } from '../support/descriptors.ts';
import { errno } from '../support/errno.ts';
import { keep, pipe } from '../support/raw.ts';

const { sys } = native;

const CANARY = 0xa5;

/** A bitmap for `nfds` with 64 bytes before and after it that nobody may touch. */
function guardedBitmap(nfds: number): { set: Uint8Array; intact: () => boolean } {
  const size = select.bitmapBytes(nfds);
  const memory = new Uint8Array(64 + size + 64).fill(CANARY);
  const set = memory.subarray(64, 64 + size).fill(0);
  const around = [memory.subarray(0, 64), memory.subarray(64 + size)];
  return { set, intact: () => around.every((part) => part.every((byte) => byte === CANARY)) };
}

const bits = (set: Uint8Array) => {
  const members: number[] = [];
  for (let fd = 0; fd < set.length * 8; fd++) if (select.isSet(set, fd)) members.push(fd);
  return members;
};

describe('bitmaps', () => {
  test.each([
    ['Uint8Array', () => new Uint8Array(1024)],
    ['BigUint64Array', () => new BigUint64Array(128)],
  ])('setBit, clearBit and isSet on a %s', (_name, make) => {
    const set = make();
    const members = [0, 1, 63, 64, 1023, 1024, 5000, 8191];
    for (const fd of members) select.setBit(set, fd);
    expect(bits(new Uint8Array(set.buffer))).toEqual(members);
    for (const fd of members) expect(select.isSet(set, fd)).toBe(true);
    for (const fd of [2, 62, 65, 1022, 1025]) expect(select.isSet(set, fd)).toBe(false);
    select.clearBit(set, 1024);
    select.clearBit(set, 7);
    expect(bits(new Uint8Array(set.buffer))).toEqual(members.filter((fd) => fd !== 1024));
  });

  test('are whole words of 64 bits', () => {
    expect([0, 1, 64, 65, 1024, 65536].map(select.bitmapBytes)).toEqual([0, 8, 8, 16, 128, 8192]);
    expect(select.bitmap(1025).length).toBe(136);
  });

  test.each([[-1], [64], [1e9]])('have no bit for %d: RangeError', (fd) => {
    for (const call of [select.setBit, select.clearBit, select.isSet])
      for (const set of [new Uint8Array(8), new BigUint64Array(1)])
        expect(() => call(set, fd)).toThrow(
          new RegExp(`: fd must be 0 to 63, the room in this bitmap, got ${fd}; bitmap`),
        );
  });

  test.each([[1.5], [Number.NaN], ['3'], [undefined]])('take no %s: TypeError', (fd) => {
    expect(() => select.setBit(new Uint8Array(8), fd as number)).toThrow(/^setBit: fd must be an integer, got/);
  });

  test('FD_SETSIZE is 1024', () => expect(select.FD_SETSIZE).toBe(1024));
});

type Call = (n: number, r: Uint8Array | null, w: Uint8Array | null, e: Uint8Array | null, t: number | null) => number;
const calls: [string, Call][] = [
  ['select', (n, r, w, e, t) => select.select(n, r, w, e, t)],
  ['pselect6', (n, r, w, e, t) => select.pselect6(n, r, w, e, t, null)],
];

describe.each(calls)('%s', (_name, call) => {
  test.for([1023, 1024, 5000, 65_535])('descriptor %d: no byte outside the sets is touched', (n, ctx) => {
    const raised = withNofile(n + 2, () => {
      const full = dupAt(keep(eventfd(1, 0)), n);
      const empty = dupAt(keep(eventfd(0, 0)), n);
      expect(full).toBe(n);
      const nfds = Math.max(full, empty) + 1;
      const read = guardedBitmap(nfds);
      const write = guardedBitmap(nfds);
      const except = guardedBitmap(nfds);
      for (const { set } of [read, write, except]) {
        select.setBit(set, full);
        select.setBit(set, empty);
      }
      expect(call(nfds, read.set, write.set, except.set, 0)).toBe(3);
      expect(bits(read.set)).toEqual([full]);
      expect(bits(write.set)).toEqual([full, empty]);
      expect(bits(except.set)).toEqual([]);
      expect([read, write, except].every((set) => set.intact())).toBe(true);
    });
    if (!raised) ctx.skip(`RLIMIT_NOFILE cannot be raised to ${n + 2} here`);
  });

  test('looks at descriptors below nfds only, and reads no more than their words', () => {
    const fd = dupAt(keep(eventfd(1, 0)), 100);
    const { set, intact } = guardedBitmap(fd + 1);
    select.setBit(set, fd);
    expect(call(fd, set, null, null, 0)).toBe(0);
    select.setBit(set, fd);
    expect(call(fd + 1, set, null, null, 0)).toBe(1);
    expect(intact()).toBe(true);
  });

  test('empties the sets when the time is up', () => {
    const { read } = pipe();
    const set = select.bitmap(read + 1);
    select.setBit(set, read);
    expect(call(read + 1, set, null, null, 0.001)).toBe(0);
    expect(bits(set)).toEqual([]);
  });

  test('the end of a pipe is readable, its reader gone makes it writable', () => {
    const a = pipe();
    const b = pipe();
    sys.close(a.write);
    sys.close(b.read);
    const nfds = Math.max(a.read, b.write) + 1;
    const [r, w] = [select.bitmap(nfds), select.bitmap(nfds)];
    select.setBit(r, a.read);
    select.setBit(w, b.write);
    expect(call(nfds, r, w, null, null)).toBe(2);
  });

  test('sleeps without sets', () => expect(call(0, null, null, null, 1)).toBe(0));

  test('-EINVAL for negative nfds, before any set is read', () => {
    expect(call(-1, null, null, null, 0)).toBe(-errno.EINVAL);
    expect(call(-(2 ** 31), new Uint8Array(0), null, null, 0)).toBe(-errno.EINVAL);
  });

  test('-EBADF for a closed descriptor leaves the sets as they were', () => {
    const fd = keep(eventfd(1, 0));
    // it was open, so it is within the table of open files: beyond that the kernel does not look (see the next test)
    const closed = closedFd();
    const set = select.bitmap(closed + 1);
    select.setBit(set, fd);
    select.setBit(set, closed);
    expect(call(closed + 1, set, null, null, 0)).toBe(-errno.EBADF);
    expect(bits(set)).toEqual([fd, closed]);
  });

  test('does not see, nor clear, what lies beyond the table of open files', () => {
    const far = 3_000_000;
    const { set, intact } = guardedBitmap(far + 1);
    select.setBit(set, far);
    expect(call(far + 1, set, null, null, 0)).toBe(0);
    expect(select.isSet(set, far)).toBe(true);
    expect(intact()).toBe(true);
  });

  test.each([
    ['a set that is too small', [65, new Uint8Array(8), null, null, 0], /readfds: 16 bytes needed, but readfds has 8/],
    ['the second set', [65, null, new Uint8Array(15), null, 0], /writefds: 16 bytes needed, but writefds has 15/],
    ['the third set', [1, null, null, new Uint8Array(7), 0], /exceptfds: 8 bytes needed, but exceptfds has 7/],
    ['a fraction', [1.5, null, null, null, 0], /nfds must be an integer/],
    ['an array', [1, [1], null, null, 0], /readfds must be a typed array/],
    ['a negative time', [0, null, null, null, -2], /timeout must be a number of milliseconds/],
    ['NaN as a time', [0, null, null, null, Number.NaN], /timeout must be/],
  ])('refuses %s before the call', (_what, args, message) => {
    expect(() => (call as (...args: unknown[]) => number)(...args)).toThrow(message);
  });

  test('-EINTR when a signal arrives, and the sets as they were', async () => {
    const { read } = pipe();
    const set = select.bitmap(read + 1);
    select.setBit(set, read);
    const result = await underSignals('SIGUSR2', () => call(read + 1, set, null, null, 10_000));
    expect(result).toBe(-errno.EINTR);
    expect(bits(set)).toEqual([read]);
  });
});

test("libc's macros, which write past their fixed size, are nowhere in the source", () => {
  const root = join(import.meta.dirname, '..', '..');
  const found = ['native', 'src'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(cc|h|ts)$/.test(file))
      .filter((file) => /\bFD_(SET|CLR|ISSET|ZERO)\s*\(/.test(readFileSync(join(root, folder, file), 'utf8'))),
  );
  expect(found).toEqual([]);
});

test('pselect6 holds back the signals of its mask while it waits', async () => {
  const mask = signalMask(constants.signals.SIGUSR2);
  const result = await underSignals('SIGUSR2', () => select.pselect6(0, null, null, null, 300, mask));
  expect(result).toBe(0);
});

test('pselect6 takes nanoseconds as a bigint', () => {
  expect(select.pselect6(0, null, null, null, 1n, null)).toBe(0);
  expect(() => select.pselect6(0, null, null, null, -1n, null)).toThrow(/timeout must be a bigint of 0 to/);
});

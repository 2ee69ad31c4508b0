/** What the fuzz and the reading that went with it have found, each as the smallest call that shows it. */
import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/native.ts';
import { errno } from '../support/errno.ts';
import { tempFile } from '../support/temp.ts';

const { sys, loop, pump, runtime, constants } = native;
const SEEK_SET = constants.SEEK_SET ?? 0;

test('select refuses a set that is shorter than nfds says, wherever it stands', () => {
  const short = new Uint8Array(8);
  const enough = new Uint8Array(128);
  for (const [r, w, x] of [
    [short, null, null],
    [null, short, null],
    [null, null, short],
    [enough, enough, short],
  ] as const)
    expect(() => sys.select(1024, r, w, x, 0)).toThrow(/(read|write|except)fds: 128 bytes needed/);
});

test('the number of times is an integer, too', () => {
  expect(() => loop.gettid?.(1.5)).toThrow(/times must be an integer/);
  expect(() => loop.gettid?.('2' as unknown as number)).toThrow(TypeError);
  expect(() => loop.gettid?.(0)).toThrow(/times must be an integer of 1 to 1e9/);
});

describe('answers that look like an error, or that a number cannot hold', () => {
  test('FIONREAD behind the end of a file', () => {
    const fd = sys.memfdCreate('found', 0);
    sys.lseek(fd, 100_000, SEEK_SET);
    expect(sys.fionread(fd)).toBe(-errno.EOVERFLOW);
    sys.close(fd);
  });

  test('a position beyond 2^53 - 1', () => {
    const fd = sys.memfdCreate('found', 0);
    expect(sys.lseek(fd, 2 ** 53 - 1, SEEK_SET)).toBe(2 ** 53 - 1);
    expect(sys.lseek(fd, 2n ** 53n, SEEK_SET)).toBe(-errno.EOVERFLOW);
    sys.close(fd);
  });
});

describe('what would end the process', () => {
  test('V8 is not told of more memory than there can be', () => {
    expect(runtime.account(2 ** 53 - 1)).toBe(-errno.EINVAL);
    expect(runtime.account(-(2 ** 53) + 1)).toBe(-errno.EINVAL);
  });

  test('a watched descriptor is neither closed nor replaced', async () => {
    const fd = sys.eventfd(0, 0);
    const other = sys.memfdCreate('found', 0);
    const watch = runtime.watchOpen(fd, () => {});
    runtime.watchStart(watch, 1);
    expect(sys.close(fd)).toBe(-errno.EBUSY);
    expect(sys.dup3(other, fd, 0)).toBe(-errno.EBUSY);
    await new Promise((resolve) => setImmediate(resolve));
    runtime.watchClose(watch);
    expect([sys.close(fd), sys.close(other)]).toEqual([0, 0]);
  });

  test('dup3 does not close what somebody else has opened', () => {
    const fd = sys.memfdCreate('found', 0);
    const foreign = openSync(tempFile(1), 'r');
    expect(() => sys.dup3(fd, foreign, 0)).toThrow(/newfd: descriptor \d+ was not opened by iolab/);
    closeSync(foreign);
    // the number is free now
    expect(sys.dup3(fd, foreign, 0)).toBe(foreign);
    expect([sys.close(fd), sys.close(foreign)]).toEqual([0, 0]);
  });
});

test('a pump whose chunk is nothing says so, and does not go on for ever', () => {
  const out = openSync('/dev/null', 'w');
  const file = openSync(tempFile(10), 'r');
  expect(pump.null(out, new Uint8Array(8), 0, 10)).toBe(-errno.EINVAL);
  expect(pump.mmapWrite(out, file, 0, 4096, 0, 10)).toBe(-errno.EINVAL);
  closeSync(out);
  closeSync(file);
});

import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SystemError } from '../../src/io/errors.ts';
import { Fd } from '../../src/io/fd.ts';
import { Pipe } from '../../src/io/pipe.ts';
import { errno } from '../support/errno.ts';
import { failEach, withFaults } from '../support/gate.ts';

const open = () => readdirSync('/proc/self/fd').length;

test('a pipe that cannot have its capacity is closed at both ends', () => {
  const before = open();
  for (const error of [errno.EPERM, errno.EBUSY, errno.ENOMEM]) {
    // pipe2, F_SETPIPE_SZ
    const { seen } = withFaults({ nth: 2, error }, () => {
      expect(() => Pipe.open({ capacity: 8192 })).toThrow(expect.objectContaining({ errno: error, syscall: 'fcntl' }));
    });
    // and both close(2)
    expect(seen).toBe(4);
    expect(open()).toBe(before);
  }
});

test('the limit is named, where it is the limit', () => {
  using pipe = Pipe.open();
  withFaults({ nth: 1, error: errno.EPERM }, () => {
    expect(() => pipe.setCapacity(2 ** 21)).toThrow(/^EPERM: operation not permitted, fcntl \(above .*pipe-max-size/);
  });
});

test('whichever call fails: it is named, and both ends are closed', () => {
  const before = open();
  const named: string[] = [];
  let seen: unknown;
  let pipe: Pipe | undefined;
  failEach(
    { error: errno.ENFILE },
    () => {
      seen = undefined;
      try {
        pipe = Pipe.open({ capacity: 8192 });
        pipe.setCapacity(16384);
        pipe.writeEnd.write(Buffer.from('x'));
        pipe.residue();
        expect(pipe.capacity).toBe(16384);
      } catch (error) {
        seen = error;
      }
    },
    () => {
      pipe?.close();
      expect(open()).toBe(before);
      if (seen === undefined) return;
      expect(seen).toBeInstanceOf(SystemError);
      named.push((seen as SystemError).syscall);
    },
  );
  expect(named).toEqual(['pipe2', 'fcntl', 'fcntl', 'write', 'ioctl', 'fcntl']);
});

test('the other end is closed even if closing the first one fails', () => {
  const pipe = Pipe.open();
  const raw = pipe.writeEnd.fd;
  withFaults({ nth: 1, error: errno.EIO }, () => expect(() => pipe.close()).toThrow('EIO'));
  expect([pipe.readEnd.closed, pipe.writeEnd.closed]).toEqual([true, true]);
  // the gate kept that close(2) from the kernel
  Fd.adoptRawFd(raw, { unsafe: true }).close();
});

import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SystemError } from '../../src/io/errors.ts';
import { Fd } from '../../src/io/fd.ts';
import { File } from '../../src/io/file.ts';
import { Pipe } from '../../src/io/pipe.ts';
import { native } from '../../src/native.ts';
import { AT_FDCWD, O_RDONLY, openat } from '../../src/sys/fd.ts';
import { errno } from '../support/errno.ts';
import { failEach, withFaults } from '../support/gate.ts';

const self = import.meta.filename;
const open = () => readdirSync('/proc/self/fd').length;

/** What `use` threw, or undefined. */
function thrown(use: () => unknown): unknown {
  try {
    use();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('close', () => {
  // The gate answers in the kernel's place, so the descriptor is still there: it is taken back and closed for real.
  const closeFailing = (error: number) => {
    const file = File.open(self);
    const raw = file.fd;
    let seen: unknown;
    const calls = withFaults({ nth: 1, error }, () => {
      seen = thrown(() => file.close());
      file.close();
    });
    expect([calls.seen, file.closed]).toEqual([1, true]);
    expect(native.runtime.owns(raw)).toBe(0);
    Fd.adoptRawFd(raw, { unsafe: true }).close();
    return seen;
  };

  test('is not repeated after EINTR, and that is no error', () => {
    expect(closeFailing(errno.EINTR)).toBeUndefined();
  });

  test.each([
    ['EIO', errno.EIO],
    ['ENOSPC', errno.ENOSPC],
    ['EDQUOT', errno.EDQUOT],
  ])('tells of %s, and is closed all the same', (code, error) => {
    expect(closeFailing(error)).toMatchObject({ name: 'SystemError', code, syscall: 'close' });
  });
});

test('nothing is asked of the kernel once it is closed', () => {
  const file = File.open(self);
  const pipe = Pipe.open();
  file.close();
  pipe.close();
  const buf = Buffer.alloc(1);
  const { seen } = withFaults({}, () => {
    const uses = [
      () => file.fd,
      () => file.read(buf),
      () => file.pread(buf, 0),
      () => file.size(),
      () => file.dup(),
      () => file.flags,
      () => file.dropCache(),
      () => file.release(),
      () => pipe.residue(),
      () => pipe.capacity,
      () => pipe.setCapacity(4096),
    ];
    for (const use of uses) expect(thrown(use)).toMatchObject({ code: 'EBADF_CLOSED' });
    file.close();
    pipe.close();
  });
  expect(seen).toBe(0);
});

describe('interrupted and not ready', () => {
  test('a call that a signal interrupted is made again', () => {
    using pipe = Pipe.open();
    const calls = withFaults({ nth: 1, error: errno.EINTR }, () => {
      expect(pipe.writeEnd.write(Buffer.from('abc'))).toBe(3);
    });
    expect(calls).toEqual({ seen: 2, fired: 1 });
    const out = Buffer.alloc(3);
    const again = withFaults({ nth: 1, error: errno.EINTR }, () => {
      expect(pipe.readEnd.read(out)).toBe(3);
    });
    expect([again.seen, out.toString()]).toEqual([2, 'abc']);
  });

  test('EAGAIN is undefined, and a short count is that count', () => {
    using pipe = Pipe.open({ nonblock: false });
    withFaults({ every: 1, error: errno.EAGAIN }, () => {
      expect(pipe.writeEnd.write(Buffer.from('abc'))).toBeUndefined();
      expect(pipe.readEnd.read(Buffer.alloc(3))).toBeUndefined();
    });
    withFaults({ nth: 1, shorten: 2 }, () => {
      expect(pipe.writeEnd.write(Buffer.from('abc'))).toBe(2);
    });
    expect(pipe.residue()).toBe(2);
  });
});

test('a duplicate that cannot be had leaves nothing open', () => {
  using file = File.open(self);
  const before = open();
  withFaults({ nth: 1, error: errno.EMFILE }, () => {
    expect(thrown(() => file.dup())).toMatchObject({ code: 'EMFILE', syscall: 'fcntl', fd: file.fd });
  });
  expect(open()).toBe(before);
});

test('a descriptor that cannot be looked at is not adopted', () => {
  const raw = openat(AT_FDCWD, self, O_RDONLY, 0);
  native.runtime.disown(raw);
  withFaults({ nth: 1, error: errno.EBADF }, () => {
    expect(thrown(() => Fd.adoptRawFd(raw, { unsafe: true }))).toMatchObject({ code: 'EBADF', fd: raw });
  });
  expect(native.runtime.owns(raw)).toBe(0);
  Fd.adoptRawFd(raw, { unsafe: true }).close();
});

test.each([
  ['EIO', errno.EIO],
  ['ENOMEM', errno.ENOMEM],
  ['EMFILE', errno.EMFILE],
  ['EPERM', errno.EPERM],
])('whichever call answers %s: the error names a call, and no descriptor is left', (code, error) => {
  const before = open();
  const made: Fd[] = [];
  let seen: unknown;
  const calls = failEach(
    { error },
    () => {
      seen = thrown(() => {
        const file = File.open(self);
        made.push(file);
        const copy = file.dup();
        made.push(copy);
        copy.nonblocking = true;
        copy.read(Buffer.alloc(10));
        file.pread(Buffer.alloc(10), 0);
      });
    },
    (k) => {
      for (const fd of made.splice(0)) fd.close();
      expect(open(), `call ${k}`).toBe(before);
      if (k <= 6) {
        expect(seen, `call ${k}`).toBeInstanceOf(SystemError);
        expect(seen).toMatchObject({ code, errno: error });
      } else expect(seen).toBeUndefined();
    },
  );
  // openat, F_DUPFD_CLOEXEC, F_GETFL, F_SETFL, read, pread64
  expect(calls).toBe(6);
});

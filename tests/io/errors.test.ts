import { openSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { check, checkReady, describeErrno, retryOnEintr, SystemError } from '../../src/io/errors.ts';

const { EAGAIN, EINTR, EPIPE, EBADF, ENOENT } = constants.errno;

describe('SystemError', () => {
  test('reads and looks like an error of Node, with a positive errno', () => {
    const error = new SystemError(ENOENT, 'openat', { path: '/nope' });
    const nodes = (() => {
      try {
        openSync('/nope', 'r');
      } catch (e) {
        return e as NodeJS.ErrnoException;
      }
      throw new Error('/nope exists');
    })();
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe(nodes.message.replace(', open ', ', openat '));
    expect(error.code).toBe(nodes.code);
    expect(error.errno).toBe(-(nodes.errno ?? 0));
    expect(error.path).toBe(nodes.path);
    expect(String(error)).toMatch(/^SystemError: ENOENT: no such file or directory, openat '\/nope'$/);
  });

  test('has the fields that are known, and no others', () => {
    expect(Object.keys(new SystemError(EPIPE, 'write')).sort()).toEqual(['code', 'errno', 'name', 'syscall']);
    const full = new SystemError(EPIPE, 'sendfile', { fd: 7, path: '/x', hint: 'the peer is gone' });
    expect(full).toMatchObject({ code: 'EPIPE', errno: EPIPE, syscall: 'sendfile', fd: 7, path: '/x' });
    expect(full.message).toBe("EPIPE: broken pipe, sendfile '/x' (the peer is gone)");
  });

  test('can have a code and a text of its own, and keeps the errno', () => {
    const error = new SystemError(EBADF, 'fd', { code: 'EBADF_CLOSED', text: 'this Fd is closed' });
    expect(error).toMatchObject({ code: 'EBADF_CLOSED', errno: EBADF, message: 'EBADF_CLOSED: this Fd is closed, fd' });
  });
});

describe('describeErrno', () => {
  test('knows every errno of this system by the name that <errno.h> has for it', () => {
    for (const [name, errno] of Object.entries(constants.errno)) {
      const [code, text] = describeErrno(errno);
      const aliases: Record<string, string> = { EWOULDBLOCK: 'EAGAIN', EOPNOTSUPP: 'ENOTSUP' };
      expect(code).toBe(aliases[name] ?? name);
      expect(text).not.toMatch(/^$|unknown/);
    }
  });

  test.each([
    [122, 'EDQUOT'],
    [116, 'ESTALE'],
    [117, 'EUCLEAN'],
    [524, 'ENOTSUPP'],
    [999, 'ERRNO_999'],
  ])('%d is %s, which libuv has no name for', (errno, name) => {
    expect(describeErrno(errno)[0]).toBe(name);
  });
});

test('check lets through what is not an error', () => {
  expect(check(0, 'read')).toBe(0);
  expect(check(2 ** 40, 'lseek')).toBe(2 ** 40);
  expect(() => check(-EPIPE, 'write', { fd: 3 })).toThrow(expect.objectContaining({ code: 'EPIPE', fd: 3 }));
});

test('checkReady makes would-block a value', () => {
  expect(checkReady(-EAGAIN, 'read')).toBeUndefined();
  expect(checkReady(0, 'read')).toBe(0);
  expect(() => checkReady(-EPIPE, 'write')).toThrow('EPIPE');
});

test('retryOnEintr calls again after EINTR, and only then', () => {
  const answers = [-EINTR, -EINTR, -EAGAIN, 5];
  let calls = 0;
  const next = () => answers[calls++] ?? 0;
  expect([retryOnEintr(next), calls]).toEqual([-EAGAIN, 3]);
  expect([retryOnEintr(next), calls]).toEqual([5, 4]);
});

import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/native.ts';
import * as epoll from '../../src/sys/epoll.ts';
import { errno } from '../support/errno.ts';

const { sys } = native;

/** An epoll object that watches the read end of a pipe. */
function watchedPipe(events: number, data = 0x1122334455667788n) {
  const ends = new Int32Array(2);
  sys.pipe2(ends, 0);
  const [read = -1, write = -1] = ends;
  const epfd = epoll.epollCreate1(0);
  expect(epoll.epollCtl(epfd, epoll.EPOLL_CTL_ADD, read, events, data)).toBe(0);
  const close = () => [read, write, epfd].map((fd) => sys.close(fd));
  return { read, write, epfd, close };
}

const room = (events: number) => new Uint32Array(events * epoll.EPOLL_EVENT_WORDS);

describe('epoll_create', () => {
  test('ignores its size, but refuses 0', () => {
    const small = epoll.epollCreate(1);
    const large = epoll.epollCreate(1_000_000);
    expect(small).toBeGreaterThan(2);
    expect(large).toBeGreaterThan(2);
    expect(epoll.epollCreate(0)).toBe(-errno.EINVAL);
    expect(epoll.epollCreate(-1)).toBe(-errno.EINVAL);
    expect([sys.close(small), sys.close(large)]).toEqual([0, 0]);
  });

  test('epoll_create1 closes on exec, and knows no other flag', () => {
    const fd = epoll.epollCreate1(0);
    expect(sys.fcntl(fd, native.constants.F_GETFD ?? -1, 0)).toBe(native.constants.FD_CLOEXEC);
    expect(epoll.epollCreate1(1)).toBe(-errno.EINVAL);
    sys.close(fd);
  });
});

describe('epoll_ctl', () => {
  test.each([
    ['itself', errno.EINVAL],
    ['a closed descriptor', errno.EBADF],
    ['a regular file', errno.EPERM],
    ['a descriptor twice', errno.EEXIST],
  ])('refuses %s', (what, code) => {
    const p = watchedPipe(epoll.EPOLLIN);
    const file = openSync(import.meta.filename, 'r');
    const fd = { itself: p.epfd, 'a closed descriptor': 19_999, 'a regular file': file }[what] ?? p.read;
    expect(epoll.epollCtl(p.epfd, epoll.EPOLL_CTL_ADD, fd, epoll.EPOLLIN, 0n)).toBe(-code);
    closeSync(file);
    p.close();
  });

  test('EPOLLEXCLUSIVE goes with ADD only, and not with ONESHOT', () => {
    const p = watchedPipe(epoll.EPOLLIN | epoll.EPOLLEXCLUSIVE);
    expect(epoll.epollCtl(p.epfd, epoll.EPOLL_CTL_MOD, p.read, epoll.EPOLLIN, 0n)).toBe(-errno.EINVAL);
    expect(epoll.epollCtl(p.epfd, epoll.EPOLL_CTL_DEL, p.read, 0, 0n)).toBe(0);
    const both = epoll.EPOLLIN | epoll.EPOLLEXCLUSIVE | epoll.EPOLLONESHOT;
    expect(epoll.epollCtl(p.epfd, epoll.EPOLL_CTL_ADD, p.read, both >>> 0, 0n)).toBe(-errno.EINVAL);
    p.close();
  });

  test('MOD and DEL of what is not watched answer ENOENT', () => {
    const p = watchedPipe(epoll.EPOLLIN);
    expect(epoll.epollCtl(p.epfd, epoll.EPOLL_CTL_MOD, p.write, epoll.EPOLLOUT, 0n)).toBe(-errno.ENOENT);
    expect(epoll.epollCtl(p.epfd, epoll.EPOLL_CTL_DEL, p.write, 0, 0n)).toBe(-errno.ENOENT);
    p.close();
  });
});

describe.each([
  ['epoll_wait', (epfd: number, ev: Uint32Array, n: number, ms: number) => epoll.epollWait(epfd, ev, n, ms)],
  ['epoll_pwait2', (epfd: number, ev: Uint32Array, n: number, ms: number) => epoll.epollPwait2(epfd, ev, n, ms, null)],
])('%s', (_name, wait) => {
  test('gives back the mask and all 64 bits of data', () => {
    const p = watchedPipe(epoll.EPOLLIN);
    const events = room(2);
    expect(wait(p.epfd, events, 2, 0)).toBe(0);
    sys.write(p.write, Buffer.from('x'));
    expect(wait(p.epfd, events, 2, -1)).toBe(1);
    expect(events[0]).toBe(epoll.EPOLLIN);
    expect(events[epoll.EPOLL_DATA_WORD]).toBe(0x55667788);
    expect(events[epoll.EPOLL_DATA_WORD + 1]).toBe(0x11223344);
    p.close();
  });

  test('level is told as long as it lasts, edge once, one-shot until it is armed again', () => {
    for (const [mode, again] of [
      [0, 1],
      [epoll.EPOLLET, 0],
      [epoll.EPOLLONESHOT, 0],
    ] as const) {
      const p = watchedPipe((epoll.EPOLLIN | mode) >>> 0);
      sys.write(p.write, Buffer.from('x'));
      expect(wait(p.epfd, room(1), 1, 0)).toBe(1);
      expect(wait(p.epfd, room(1), 1, 0)).toBe(again);
      epoll.epollCtl(p.epfd, epoll.EPOLL_CTL_MOD, p.read, (epoll.EPOLLIN | mode) >>> 0, 0n);
      expect(wait(p.epfd, room(1), 1, 0)).toBe(1);
      p.close();
    }
  });

  test('writes no event past maxevents', () => {
    const p = watchedPipe(epoll.EPOLLIN);
    const out = epoll.epollCtl(p.epfd, epoll.EPOLL_CTL_ADD, p.write, epoll.EPOLLOUT, 7n);
    expect(out).toBe(0);
    sys.write(p.write, Buffer.from('x'));
    const events = room(2).fill(0xdeadbeef);
    expect(wait(p.epfd, events, 1, 0)).toBe(1);
    expect([...events.subarray(epoll.EPOLL_EVENT_WORDS)]).toEqual(Array(epoll.EPOLL_EVENT_WORDS).fill(0xdeadbeef));
    p.close();
  });

  test('refuses a buffer that is too small, before the call', () => {
    const p = watchedPipe(epoll.EPOLLIN);
    expect(() => wait(p.epfd, room(1), 2, 0)).toThrow(/maxevents: \d+ bytes needed, but events has \d+/);
    p.close();
  });

  test('answers EINVAL for no room and EBADF for a closed object', () => {
    const p = watchedPipe(epoll.EPOLLIN);
    expect(wait(p.epfd, room(1), 0, 0)).toBe(-errno.EINVAL);
    p.close();
    expect(wait(p.epfd, room(1), 1, 0)).toBe(-errno.EBADF);
  });
});

test('epollCtl2 passes data as two halves', () => {
  const p = watchedPipe(epoll.EPOLLIN);
  expect(epoll.epollCtl2(p.epfd, epoll.EPOLL_CTL_MOD, p.read, epoll.EPOLLIN, 0xffffffff, 3)).toBe(0);
  sys.write(p.write, Buffer.from('x'));
  const events = room(1);
  epoll.epollWait(p.epfd, events, 1, 0);
  expect([...events.subarray(epoll.EPOLL_DATA_WORD, epoll.EPOLL_DATA_WORD + 2)]).toEqual([0xffffffff, 3]);
  p.close();
});

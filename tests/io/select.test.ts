import { describe, expect, test } from 'vitest';
import { EventFd, Pipe, poll, SystemError, select } from '../../src/io/index.ts';
import { native } from '../../src/native.ts';
import { POLLHUP, POLLIN, POLLNVAL, POLLOUT } from '../../src/sys/poll.ts';
import { using } from '../support/using.ts';

const { sys, constants } = native;

describe('select', () => {
  test('answers those that are ready, as they were given', () => {
    using([Pipe.open(), EventFd.open({ initial: 1 })], (pipe, counter) => {
      const sets = { read: [pipe.readEnd, counter], write: [pipe.writeEnd], except: [counter] };
      expect(select(sets, { timeout: 0 })).toEqual({ read: [counter], write: [pipe.writeEnd], except: [] });
      pipe.writeEnd.write(Buffer.from('x'));
      expect(select(sets, { timeout: 0 }).read).toEqual([pipe.readEnd, counter]);
      expect(select({ read: [pipe.readEnd.fd] }, { timeout: 0 }).read).toEqual([pipe.readEnd.fd]);
      expect(select({}, { timeout: 0 })).toEqual({ read: [], write: [], except: [] });
    });
  });

  test('keeps the contract of libc, unless it is asked not to', () => {
    using([EventFd.open({ initial: 1 })], (counter) => {
      for (const wanted of [1023, 1024, 5000]) {
        const raw = sys.fcntl(counter.fd, constants.F_DUPFD_CLOEXEC as number, wanted);
        if (raw < 0) continue; // RLIMIT_NOFILE
        if (raw < 1024) expect(select({ read: [raw] }, { timeout: 0 }).read).toEqual([raw]);
        else {
          const message = new RegExp(`below FD_SETSIZE \\(1024\\), got ${raw}: use poll\\(\\) or Epoll`);
          expect(() => select({ read: [raw] }, { timeout: 0 })).toThrow(message);
          expect(() => select({ read: [raw] }, { timeout: 0 })).toThrow(RangeError);
        }
        expect(select({ read: [raw] }, { timeout: 0, beyondFdSetSize: true }).read).toEqual([raw]);
        sys.close(raw);
      }
    });
  });

  test('refuses what is no descriptor, or is not open', () => {
    expect(() => select({ read: [-1] }, { timeout: 0 })).toThrow(RangeError);
    expect(() => select({ write: [1.5] }, { timeout: 0 })).toThrow(RangeError);
    expect(() => select({ read: [999] }, { timeout: 0 })).toThrow(SystemError);
    expect(() => select({ read: [999] }, { timeout: 0 })).toThrow(/EBADF.*poll\(\) tells which one/);
  });
});

describe('poll', () => {
  test('answers the entries that have something to tell', () => {
    using([Pipe.open()], (pipe) => {
      const entries = [
        { fd: pipe.readEnd, events: POLLIN },
        { fd: pipe.writeEnd, events: POLLOUT },
      ];
      expect(poll(entries, { timeout: 0 })).toEqual([{ fd: pipe.writeEnd, events: POLLOUT, revents: POLLOUT }]);
      pipe.writeEnd.write(Buffer.from('x'));
      expect(poll(entries, { timeout: 0 }).map(({ revents }) => revents)).toEqual([POLLIN, POLLOUT]);
      pipe.writeEnd.close();
      expect(poll(entries.slice(0, 1), { timeout: 0 })[0]?.revents).toBe(POLLIN | POLLHUP);
      expect(poll([{ fd: 999, events: POLLIN }], { timeout: 0 })).toEqual([
        { fd: 999, events: POLLIN, revents: POLLNVAL },
      ]);
      expect(poll([], { timeout: 0 })).toEqual([]);
      expect(() => poll([{ fd: -1, events: POLLIN }], { timeout: 0 })).toThrow(RangeError);
    });
  });
});

test('the main thread does not block', () => {
  using([Pipe.open()], (pipe) => {
    const blocked = expect.objectContaining({
      code: 'ERR_BLOCKS_MAIN_THREAD',
      message: expect.stringMatching(/ready\(\)/),
    });
    expect(() => select({ read: [pipe.readEnd] })).toThrow(blocked);
    expect(() => select({ read: [pipe.readEnd] }, { timeout: 1 })).toThrow(blocked);
    expect(() => poll([{ fd: pipe.readEnd, events: POLLIN }])).toThrow(blocked);
    expect(() => poll([{ fd: pipe.readEnd, events: POLLIN }], { timeout: -3 })).toThrow(RangeError);
  });
});

import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Epoll, EventFd, Fd, type Interest, Pipe, Socket, SystemError } from '../../src/io/index.ts';
import { native } from '../../src/native.ts';
import { EPOLL_EVENT_WORDS, EPOLLET, EPOLLEXCLUSIVE, EPOLLHUP, EPOLLIN, EPOLLOUT } from '../../src/sys/epoll.ts';
import { using } from '../support/using.ts';

const { sys } = native;
const x = Buffer.from('x');

describe('a set', () => {
  test('answers what is ready, with its data', () => {
    using([Epoll.open<string>(), Pipe.open(), Pipe.open()], (epoll, a, b) => {
      epoll.add(a.readEnd, { in: true }, 'a');
      epoll.add(b.readEnd, EPOLLIN, 'b');
      expect(epoll.size).toBe(2);
      expect(epoll.wait(0)).toBe(0);
      b.writeEnd.write(x);
      expect(epoll.wait(0)).toBe(1);
      expect([epoll.mask(0), epoll.data(0), epoll.fdOf(0)]).toEqual([EPOLLIN, 'b', b.readEnd.fd]);
      expect(epoll.events[0]).toBe(EPOLLIN);
      a.writeEnd.write(x);
      expect(epoll.wait(0)).toBe(2);
      expect([epoll.data(0), epoll.data(1)].sort()).toEqual(['a', 'b']);
    });
  });

  test('changes and forgets', () => {
    using([Epoll.open<number>(), ...Socket.pair()], (epoll, a, _b) => {
      epoll.add(a, { in: true }, 1);
      expect(epoll.wait(0)).toBe(0);
      epoll.modify(a, { out: true });
      expect([epoll.wait(0), epoll.mask(0), epoll.data(0)]).toEqual([1, EPOLLOUT, 1]);
      epoll.modify(a, { out: true, oneshot: true }, 2);
      expect([epoll.wait(0), epoll.data(0), epoll.wait(0)]).toEqual([1, 2, 0]);
      epoll.modify(a, { out: true, oneshot: true });
      expect(epoll.wait(0)).toBe(1);
      epoll.delete(a);
      expect([epoll.has(a), epoll.size, epoll.wait(0)]).toEqual([false, 0, 0]);
    });
  });

  test('writes no more events than it has room for, and gives all of them in turn', () => {
    using([Epoll.open<number>({ maxEvents: 2 })], (epoll) => {
      const counters = Array.from({ length: 5 }, () => EventFd.open({ initial: 1 }));
      for (const [i, counter] of counters.entries()) epoll.add(counter, { in: true }, i);
      const seen = new Set<number | undefined>();
      for (let round = 0; round < 3; round++) {
        expect(epoll.wait(0)).toBe(2);
        seen.add(epoll.data(0)).add(epoll.data(1));
      }
      expect([...seen].sort()).toEqual([0, 1, 2, 3, 4]);
      expect(epoll.events.length).toBe(2 * EPOLL_EVENT_WORDS);
      for (const counter of counters) counter.close();
    });
  });

  test('asks for an event of the last wait', () => {
    using([Epoll.open()], (epoll) => {
      for (const i of [0, -1, Number.NaN]) expect(() => epoll.mask(i)).toThrow(RangeError);
    });
  });

  test('is closed once, and then refuses', () => {
    const epoll = Epoll.open();
    const pipe = Pipe.open();
    epoll.add(pipe.readEnd, { in: true });
    epoll.close();
    epoll.close();
    for (const use of [() => epoll.wait(0), () => epoll.add(pipe.readEnd, 1), () => epoll.delete(pipe.readEnd)])
      expect(use).toThrow(expect.objectContaining({ code: 'EBADF_CLOSED' }));
    pipe.close();
  });

  test('cannot be duplicated: a copy would not know what the events mean', () => {
    using([Epoll.open()], (epoll) => expect(() => epoll.dup()).toThrow(/cannot be duplicated/));
  });

  test('does not fall for room that is none', () => {
    for (const maxEvents of [0, -1, 2 ** 20 + 1, 1.5, Number.NaN])
      expect(() => Epoll.open({ maxEvents })).toThrow(RangeError);
  });
});

describe('refusals name their cause', () => {
  const why = (body: () => void): SystemError => {
    try {
      body();
    } catch (error) {
      if (error instanceof SystemError) return error;
      throw error;
    }
    throw new Error('nothing was thrown');
  };

  test('a regular file, itself, twice, nothing, a circle', () => {
    using([Epoll.open(), Epoll.open(), Pipe.open()], (epoll, other, pipe) => {
      const file = openSync(import.meta.filename, 'r');
      expect(why(() => epoll.add(file, EPOLLIN))).toMatchObject({ code: 'EPERM', syscall: 'epoll_ctl', fd: file });
      expect(why(() => epoll.add(file, EPOLLIN)).message).toMatch(/regular file .* always ready/);
      closeSync(file);
      expect(why(() => epoll.add(epoll, EPOLLIN))).toMatchObject({ code: 'EINVAL', hint: /cannot watch itself/ });
      epoll.add(pipe.readEnd, EPOLLIN);
      expect(why(() => epoll.add(pipe.readEnd, EPOLLIN))).toMatchObject({ code: 'EEXIST', hint: /modify\(\)/ });
      expect(why(() => epoll.modify(pipe.writeEnd, EPOLLOUT))).toMatchObject({ code: 'ENOENT', hint: /add\(\)/ });
      expect(why(() => epoll.delete(pipe.writeEnd))).toMatchObject({ code: 'ENOENT' });
      expect(why(() => epoll.add(19_999, EPOLLIN))).toMatchObject({ code: 'EBADF' });
      other.add(epoll, EPOLLIN);
      expect(why(() => epoll.add(other, EPOLLIN))).toMatchObject({ code: 'ELOOP', hint: /circle/ });
      // none of it left anything behind
      expect([epoll.size, other.size]).toEqual([1, 1]);
      pipe.writeEnd.write(x);
      expect([epoll.wait(0), other.wait(0)]).toEqual([1, 1]);
    });
  });

  test('more than five epoll objects deep', () => {
    const depth = Array.from({ length: 8 }, () => Epoll.open());
    const codes = depth.slice(1).map((outer, i) => {
      try {
        outer.add(depth[i] as Epoll, EPOLLIN);
        return 'ok';
      } catch (error) {
        return (error as SystemError).code;
      }
    });
    expect(codes.indexOf('ELOOP')).toBeGreaterThan(2);
    for (const epoll of depth) epoll.close();
  });

  test.each([Number.NaN, 0.5, -0, 2 ** 32, -(2 ** 31) - 1, Number.POSITIVE_INFINITY])('a mask of %s', (mask) => {
    using([Epoll.open(), Pipe.open()], (epoll, pipe) => {
      expect(() => epoll.add(pipe.readEnd, mask)).toThrow(RangeError);
      expect(epoll.size).toBe(0);
    });
  });
});

describe('exclusive', () => {
  test('illegal sets do not type-check, and are refused with the reason', () => {
    using([Epoll.open(), Pipe.open()], (epoll, pipe) => {
      // @ts-expect-error exclusive and oneshot
      const oneshot: Interest = { in: true, exclusive: true, oneshot: true };
      // @ts-expect-error exclusive and rdhup
      const rdhup: Interest = { in: true, exclusive: true, rdhup: true };
      // @ts-expect-error exclusive and pri
      const pri: Interest = { in: true, exclusive: true, pri: true };
      // @ts-expect-error no such flag
      const unknown: Interest = { read: true };
      for (const [interest, message] of [
        [oneshot, /must not have oneshot together with exclusive/],
        [rdhup, /must not have rdhup together/],
        [pri, /must not have pri together/],
        [unknown, /names of in, out, .* got 'read'/],
        [EPOLLIN | EPOLLEXCLUSIVE, /write \{ in: true, exclusive: true \}/],
      ] as const)
        expect(() => epoll.add(pipe.readEnd, interest)).toThrow(message);
    });
  });

  test('the matrix of flags agrees with the kernel', () => {
    using([Epoll.open(), Pipe.open()], (epoll, pipe) => {
      const bits = { in: 1, out: 4, pri: 2, rdhup: 0x2000, et: 2 ** 31, oneshot: 2 ** 30, exclusive: 2 ** 28 };
      const names = Object.keys(bits) as (keyof typeof bits)[];
      for (let set = 1; set < 2 ** names.length; set++) {
        const chosen = names.filter((_, i) => (set >> i) & 1);
        const mask = chosen.reduce((sum, name) => sum + bits[name], 0);
        const kernel = sys.epollCtl(epoll.fd, 1, pipe.readEnd.fd, mask, 0n);
        if (kernel === 0) sys.epollCtl(epoll.fd, 2, pipe.readEnd.fd, 0, 0n);
        let ours = true;
        try {
          epoll.add(pipe.readEnd, Object.fromEntries(chosen.map((name) => [name, true])) as Interest);
          epoll.delete(pipe.readEnd);
        } catch {
          ours = false;
        }
        expect([chosen.join(' '), ours]).toEqual([chosen.join(' '), kernel === 0]);
      }
    });
  });

  test('is changed by deleting and adding, since the kernel refuses MOD', () => {
    using([Epoll.open<string>(), ...Socket.pair()], (epoll, a, _b) => {
      epoll.add(a, { in: true, exclusive: true }, 'a');
      epoll.modify(a, { out: true, exclusive: true });
      expect([epoll.wait(0), epoll.mask(0), epoll.data(0)]).toEqual([1, EPOLLOUT, 'a']);
      epoll.modify(a, { in: true });
      expect(epoll.wait(0)).toBe(0);
      epoll.modify(a, { out: true, exclusive: true });
      expect(epoll.wait(0)).toBe(1);
    });
  });

  test('wakes one of several sets, where without it all wake', () => {
    using([Epoll.open(), Epoll.open(), Epoll.open(), Pipe.open()], (one, two, three, pipe) => {
      const sets = [one, two, three];
      for (const set of sets) set.add(pipe.readEnd, { in: true, et: true, exclusive: true });
      pipe.writeEnd.write(x);
      // nobody sleeps in a wait here, so that the kernel may tell all of them; but none is lost
      expect(sets.filter((set) => set.wait(0) === 1).length).toBeGreaterThanOrEqual(1);
    });
  });
});

describe('stale events', () => {
  test('a handler closes what comes later in its batch, and the number is reused', () => {
    using([Epoll.open<string>()], (epoll) => {
      const a = EventFd.open({ initial: 1 });
      const b = EventFd.open({ initial: 1 });
      epoll.add(a, { in: true }, 'a');
      epoll.add(b, { in: true }, 'b');
      expect(epoll.wait(0)).toBe(2);
      const [first, later] = epoll.data(0) === 'a' ? [a, b] : [b, a];
      const number = later.fd;
      later.close();
      const reused = EventFd.open({ initial: 1 });
      expect(reused.fd).toBe(number);
      epoll.add(reused, { in: true }, 'reused');
      expect([epoll.mask(0), epoll.data(1), epoll.mask(1), epoll.fdOf(1)]).toEqual([EPOLLIN, undefined, 0, -1]);
      expect(epoll.wait(0)).toBe(2);
      expect([epoll.data(0), epoll.data(1)].sort()).toEqual([first === a ? 'a' : 'b', 'reused'].sort());
      first.close();
      reused.close();
      expect([epoll.size, epoll.wait(0)]).toEqual([0, 0]);
    });
  });

  test('an Fd leaves the set before it is closed, so that a duplicate sends nothing', () => {
    using([Epoll.open<string>(), Pipe.open()], (epoll, pipe) => {
      epoll.add(pipe.readEnd, { in: true }, 'gone');
      const copy = pipe.readEnd.dup();
      pipe.readEnd.close();
      pipe.writeEnd.write(x);
      expect([epoll.size, epoll.wait(0), epoll.stale, epoll.rebuilt]).toEqual([0, 0, 0, 0]);
      copy.close();
    });
  });

  test('release() leaves the set, too', () => {
    using([Epoll.open(), EventFd.open({ initial: 1 })], (epoll, counter) => {
      epoll.add(counter, { in: true });
      const raw = counter.release();
      expect([epoll.size, epoll.wait(0)]).toEqual([0, 0]);
      Fd.adoptRawFd(raw, { unsafe: true }).close();
    });
  });

  test('ghosts of a bare number are dropped and counted, and the set is made anew', () => {
    using([Epoll.open<string>(), Pipe.open(), EventFd.open()], (epoll, pipe, other) => {
      const number = epoll.fd;
      const raw = sys.fcntl(pipe.readEnd.fd, native.constants.F_DUPFD_CLOEXEC as number, 0);
      epoll.add(raw, { in: true }, 'ghost');
      epoll.add(other, { in: true, oneshot: true }, 'other');
      // closed behind the set's back while the pipe lives on in its other descriptor
      sys.close(raw);
      pipe.writeEnd.write(x);
      expect([epoll.wait(0), epoll.data(0)]).toEqual([1, 'ghost']);
      epoll.delete(raw);
      other.add();
      for (let i = 0; i < 20; i++) epoll.wait(0);
      expect(epoll.stale).toBe(2);
      expect([epoll.rebuilt, epoll.fd, epoll.size]).toEqual([1, number, 1]);
      // the one-shot that had fired stays disarmed, and can be armed
      expect(epoll.wait(0)).toBe(0);
      epoll.modify(other, { in: true, oneshot: true });
      expect([epoll.wait(0), epoll.data(0)]).toEqual([1, 'other']);
    });
  });

  test('a number that is added again after its file was closed takes the place of the old one', () => {
    using([Epoll.open<string>(), EventFd.open({ initial: 1 })], (epoll, a) => {
      const raw = a.release();
      native.runtime.adopt(raw);
      epoll.add(raw, { in: true }, 'old');
      sys.close(raw);
      const b = EventFd.open({ initial: 1 });
      expect(b.fd).toBe(raw);
      epoll.add(b, { in: true }, 'new');
      expect([epoll.size, epoll.wait(0), epoll.data(0)]).toEqual([1, 1, 'new']);
      b.close();
    });
  });
});

describe('waitAsync', () => {
  test('resolves with events that are there, that come, or with 0 after the time-out', async () => {
    const epoll = Epoll.open<string>();
    const pipe = Pipe.open();
    epoll.add(pipe.readEnd, { in: true, et: true }, 'pipe');
    expect(await epoll.waitAsync({ timeout: 5 })).toBe(0);
    expect(await epoll.waitAsync({ timeout: 0 })).toBe(0);
    for (let i = 0; i < 50; i++) {
      const waiting = epoll.waitAsync();
      setImmediate(() => pipe.writeEnd.write(x));
      expect([await waiting, epoll.data(0)]).toEqual([1, 'pipe']);
    }
    pipe.writeEnd.write(x);
    expect(await epoll.waitAsync()).toBe(1);
    epoll.close();
    pipe.close();
  });

  test('rejects with the reason of its signal, before and while it waits, and can be waited for again', async () => {
    const epoll = Epoll.open();
    const reason = new Error('enough');
    await expect(epoll.waitAsync({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const waiting = epoll.waitAsync({ signal: controller.signal });
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(await epoll.waitAsync({ timeout: 1 })).toBe(0);
    epoll.close();
  });

  test('is for one at a time, and ends when the set is closed', async () => {
    const epoll = Epoll.open();
    const waiting = epoll.waitAsync();
    await expect(epoll.waitAsync()).rejects.toMatchObject({ code: 'ERR_WAITING' });
    epoll.close();
    await expect(waiting).rejects.toMatchObject({ code: 'EBADF_CLOSED' });
    await expect(epoll.waitAsync()).rejects.toMatchObject({ code: 'EBADF_CLOSED' });
  });

  test('is not woken for ever by a ghost', async () => {
    const epoll = Epoll.open<string>();
    const pipe = Pipe.open();
    const raw = sys.fcntl(pipe.readEnd.fd, native.constants.F_DUPFD_CLOEXEC as number, 0);
    epoll.add(raw, { in: true }, 'ghost');
    sys.close(raw);
    epoll.delete(raw);
    pipe.writeEnd.write(x);
    expect(await epoll.waitAsync({ timeout: 50 })).toBe(0);
    expect([epoll.stale, epoll.rebuilt]).toEqual([2, 1]);
    // and what was rebuilt while it was waited for still wakes the wait
    const waiting = epoll.waitAsync();
    epoll.add(pipe.readEnd, { in: true }, 'live');
    expect([await waiting, epoll.data(0)]).toEqual([1, 'live']);
    epoll.close();
    pipe.close();
  });

  test('a bad time-out is refused', async () => {
    const epoll = Epoll.open();
    for (const timeout of [Number.NaN, -2, -0])
      await expect(epoll.waitAsync({ timeout })).rejects.toBeInstanceOf(RangeError);
    await expect(epoll.waitAsync({ timeout: '5' as unknown as number })).rejects.toBeInstanceOf(TypeError);
    epoll.close();
  });
});

describe('the async iterator', () => {
  test('yields event after event, passes over what is gone, ends with the set', async () => {
    const epoll = Epoll.open<string>();
    const a = EventFd.open({ initial: 1 });
    const b = EventFd.open({ initial: 1 });
    epoll.add(a, { in: true }, 'a');
    epoll.add(b, { in: true }, 'b');
    const seen: string[] = [];
    for await (const event of epoll) {
      expect(event.events).toBe(EPOLLIN);
      seen.push(event.data);
      if (seen.length === 1) (event.data === 'a' ? b : a).close();
      if (seen.length === 3) epoll.close();
    }
    expect(new Set(seen).size).toBe(1);
    a.close();
    b.close();
  });

  test('throws the reason of its signal', async () => {
    const epoll = Epoll.open();
    const run = async () => {
      for await (const _ of epoll.iterate({ signal: AbortSignal.timeout(5) })) expect.unreachable();
    };
    await expect(run()).rejects.toMatchObject({ name: 'TimeoutError' });
    epoll.close();
  });
});

test('hang-up is told without being asked for', () => {
  using([Epoll.open(), Pipe.open()], (epoll, pipe) => {
    epoll.add(pipe.readEnd, EPOLLIN | EPOLLET);
    pipe.writeEnd.close();
    expect([epoll.wait(0), epoll.mask(0), epoll.wait(0)]).toEqual([1, EPOLLHUP, 0]);
  });
});

test('a wait with nothing ready allocates nothing', () => {
  using([Epoll.open(), EventFd.open()], (epoll, counter) => {
    epoll.add(counter, { in: true });
    const waits = (n: number) => {
      const before = process.memoryUsage().heapUsed;
      for (let i = 0; i < n; i++) epoll.wait(0);
      return process.memoryUsage().heapUsed - before;
    };
    waits(50_000);
    // the least of several, since the test runner allocates beside it
    const bytes = Math.min(...[1, 2, 3, 4, 5].map(() => waits(50_000)));
    expect(bytes / 50_000).toBeLessThan(1);
  });
});

test('the main thread does not block', () => {
  using([Epoll.open()], (epoll) => {
    for (const timeout of [1, 0.5, -1, undefined])
      expect(() => epoll.wait(timeout)).toThrow(
        expect.objectContaining({
          code: 'ERR_BLOCKS_MAIN_THREAD',
          message: expect.stringMatching(/waitAsync.*Worker/),
        }),
      );
  });
});

import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Fd } from '../../src/io/fd.ts';
import { File } from '../../src/io/file.ts';
import { Pipe } from '../../src/io/pipe.ts';
import { native } from '../../src/native.ts';
import { AT_FDCWD, close, F_GETFD, FD_CLOEXEC, fcntl, O_RDONLY, openat } from '../../src/sys/fd.ts';
import { run } from '../support/child.ts';
import { tempFile } from '../support/temp.ts';

const closedError = expect.objectContaining({ name: 'SystemError', code: 'EBADF_CLOSED' });
const foreignError = expect.objectContaining({ name: 'SystemError', code: 'ERR_FOREIGN_FD' });

const openRaw = () => openat(AT_FDCWD, import.meta.filename, O_RDONLY, 0);

describe('one owner', () => {
  test('closes once: a second close does nothing, not even to who has the number now', () => {
    const file = File.open(import.meta.filename);
    const number = file.fd;
    file.close();
    using next = File.open(import.meta.filename);
    expect(next.fd).toBe(number);
    file.close();
    file[Symbol.dispose]();
    expect(next.size()).toBeGreaterThan(0);
    expect([file.closed, next.closed]).toEqual([true, false]);
  });

  test('every use after close is refused', () => {
    const file = File.open(import.meta.filename);
    file.close();
    const buf = Buffer.alloc(1);
    const uses = {
      fd: () => file.fd,
      read: () => file.read(buf),
      write: () => file.write(buf),
      dup: () => file.dup(),
      release: () => file.release(),
      flags: () => file.flags,
      nonblocking: () => file.nonblocking,
      setNonblocking: () => {
        file.nonblocking = true;
      },
      size: () => file.size(),
      pread: () => file.pread(buf, 0),
      truncate: () => file.truncate(0),
      cached: () => file.cached(),
    };
    for (const [name, use] of Object.entries(uses)) expect(use, name).toThrow(closedError);
    expect(uses.fd).toThrow(/^EBADF_CLOSED: this File \(generation \d+\) is closed/);
  });

  test('is the only one', () => {
    using file = File.open(import.meta.filename);
    expect(() => Fd.own(file.fd)).toThrow(foreignError);
    expect(() => Fd.own(file.fd)).toThrow(/has an owner already \(generation \d+\).*dup\(\)/);
    expect(() => Fd.adoptRawFd(file.fd, { unsafe: true })).toThrow(foreignError);
  });

  test('generations tell owners of one number apart', () => {
    const first = File.open(import.meta.filename);
    const number = first.fd;
    first.close();
    using second = File.open(import.meta.filename);
    expect(second.fd).toBe(number);
    expect(second.generation).toBeGreaterThan(first.generation);
  });

  test('release gives the number away: it stays open, and can be adopted', () => {
    const file = File.open(import.meta.filename);
    const raw = file.release();
    expect(file.closed).toBe(true);
    expect(fstatSync(raw).isFile()).toBe(true);
    // nobody here may close it by mistake any more
    expect(() => close(raw)).toThrow(expect.objectContaining({ code: 'ERR_FOREIGN_FD' }));
    expect(() => Fd.adoptRawFd(raw)).toThrow(foreignError);
    using again = File.adoptRawFd(raw, { unsafe: true });
    expect(again.size()).toBeGreaterThan(0);
  });

  test('who watches the number is told while it is still open, and may throw', () => {
    const seen: string[] = [];
    const file = File.open(import.meta.filename);
    const raw = file.fd;
    const cancel = file.onDeparture(() => seen.push('cancelled'));
    file.onDeparture(() => {
      seen.push(`open ${fcntl(raw, F_GETFD, 0)}`);
      throw new Error('from a departure');
    });
    cancel();
    expect(() => file.close()).toThrow('from a departure');
    expect(seen).toEqual([`open ${FD_CLOEXEC}`]);
    expect(() => fstatSync(raw)).toThrow('EBADF');
  });

  test('duplicates share the open file, not the owner', () => {
    using pipe = Pipe.open();
    using copy = pipe.writeEnd.dup();
    expect(copy.fd).not.toBe(pipe.writeEnd.fd);
    pipe.writeEnd.close();
    copy.write(Buffer.from('x'));
    expect(pipe.residue()).toBe(1);
    copy.nonblocking = false;
    expect(copy.nonblocking).toBe(false);
    expect(fcntl(copy.fd, F_GETFD, 0)).toBe(FD_CLOEXEC);
  });
});

describe('what nobody made here', () => {
  test.each([0, 1, 2])('standard stream %d is refused', (fd) => {
    expect(() => Fd.own(fd)).toThrow(foreignError);
    expect(() => Fd.adoptRawFd(fd)).toThrow(/standard stream of the process/);
  });

  test("is refused as long as it is not said to be unsafe, and Node's own always", () => {
    const nodes = openSync(import.meta.filename, 'r');
    expect(() => Fd.own(nodes)).toThrow(foreignError);
    expect(() => Fd.adoptRawFd(nodes)).toThrow(/\{ unsafe: true \}/);
    File.adoptRawFd(nodes, { unsafe: true }).close();
    expect(() => fstatSync(nodes)).toThrow('EBADF');
  });

  test.each([-1, 65_000])('%d is not open', (fd) => {
    expect(() => Fd.own(fd)).toThrow(foreignError);
    expect(() => Fd.adoptRawFd(fd)).toThrow(foreignError);
    expect(() => Fd.adoptRawFd(fd, { unsafe: true })).toThrow(/^EBADF: .*only an open descriptor can be adopted/);
    expect(native.runtime.owns(fd)).toBe(0);
  });

  test.each([1.5, Number.NaN, 2 ** 31, '3', undefined])('%s is no number of a descriptor', (fd) => {
    expect(() => Fd.own(fd as number)).toThrow(/fd must be/);
  });

  test('of the raw calls of this thread, any may be owned', () => {
    using one = Fd.own(openRaw());
    using other = File.adoptRawFd(openRaw());
    expect([one.closed, other.size() > 0]).toEqual([false, true]);
  });
});

test('none of the descriptors of a fresh Node can be adopted or closed, and it lives on', () => {
  const { stdout } = run(`
    import { readdirSync, readlinkSync } from 'node:fs';
    import { readFile } from 'node:fs/promises';
    import { Fd } from '$io/fd';
    import { native } from '$native';
    const attempt = (f) => { try { f(); return 'taken'; } catch (error) { return error.code; } };
    const outcomes = [];
    for (const name of readdirSync('/proc/self/fd')) {
      const fd = Number(name);
      let target;
      try { target = readlinkSync('/proc/self/fd/' + name); } catch { continue; }
      const loops = fd > 2 && /^(anon_inode|pipe):/.test(target);
      outcomes.push(attempt(() => Fd.own(fd)), attempt(() => Fd.adoptRawFd(fd)), attempt(() => native.sys.close(fd)));
      if (loops) outcomes.push(attempt(() => Fd.adoptRawFd(fd, { unsafe: true })), 'loop');
    }
    await readFile(process.argv[1]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    console.log(JSON.stringify(outcomes));
  `);
  const outcomes: string[] = JSON.parse(stdout);
  // its epolls, eventfds and pipes: there are never fewer
  expect(outcomes.filter((outcome) => outcome === 'loop').length).toBeGreaterThan(5);
  expect(new Set(outcomes)).toEqual(new Set(['ERR_FOREIGN_FD', 'loop']));
});

test('100,000 random operations: each object answers for its own file, and none touches anybody else', () => {
  const seed = 20_261_122;
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  // the first byte of each file tells which one it is
  const paths = Array.from({ length: 16 }, (_, i) => tempFile(Uint8Array.of(i)));
  const byte = Buffer.alloc(1);
  const path = (i: number) => paths[i] as string;
  const open: { file: File; is: number }[] = [];
  const closed: File[] = [];
  const foreign: { fd: number; is: number }[] = [];
  const take = <T>(list: T[]): T | undefined => list.splice(random(list.length), 1)[0];
  const pick = <T>(list: T[]): T | undefined => list[random(list.length)];
  // expect() costs more than what is tested here
  const must = (truth: boolean, what: string) => {
    if (!truth) throw new Error(`${what}, seed ${seed}`);
  };
  const refused = (code: string, use: () => unknown) => {
    try {
      use();
    } catch (error) {
      return (error as { code?: string }).code === code;
    }
    return false;
  };
  const done = { use: 0, refused: 0, foreign: 0 };

  const operations = [
    () => {
      const is = random(paths.length);
      open.push({ file: File.open(path(is)), is });
    },
    () => {
      const one = pick(open);
      if (one) open.push({ file: one.file.dup(), is: one.is });
    },
    () => {
      const one = take(open);
      one?.file.close();
      if (one) closed.push(one.file);
    },
    () => {
      const one = pick(open);
      if (!one) return;
      must(one.file.pread(byte, 0) === 1 && byte[0] === one.is, `file ${one.is} read as ${byte[0]}`);
      done.use++;
    },
    () => {
      const one = pick(closed);
      if (!one) return;
      one.close();
      must(
        refused('EBADF_CLOSED', () => one.pread(byte, 0)),
        'a closed file was read',
      );
      done.refused++;
    },
    () => {
      const one = take(open);
      if (!one) return;
      const raw = one.file.release();
      closed.push(one.file);
      open.push({ file: File.adoptRawFd(raw, { unsafe: true }), is: one.is });
    },
    // somebody else in the process, whose numbers come from the same pool
    () => {
      const is = random(paths.length);
      foreign.push({ fd: openSync(path(is), 'r'), is });
    },
    () => {
      const one = pick(foreign);
      if (!one) return;
      readSync(one.fd, byte, 0, 1, 0);
      must(byte[0] === one.is, `somebody else's file ${one.is} read as ${byte[0]}`);
      must(
        refused('ERR_FOREIGN_FD', () => File.own(one.fd)),
        "somebody else's file was taken",
      );
      done.foreign++;
    },
    () => {
      const one = take(foreign);
      if (one) closeSync(one.fd);
    },
  ];
  for (let i = 0; i < 100_000; i++) {
    operations[random(operations.length)]?.();
    if (open.length > 100) take(open)?.file.close();
    if (foreign.length > 100) closeSync(take(foreign)?.fd ?? -1);
    if (closed.length > 100) take(closed);
  }
  const numbers = [...open.map(({ file }) => file.fd), ...foreign.map(({ fd }) => fd)];
  expect(new Set(numbers).size, `seed ${seed}`).toBe(numbers.length);
  for (const { fd, is } of foreign) expect(readFileSync(`/proc/self/fd/${fd}`)[0]).toBe(is);
  for (const { file } of open) file.close();
  for (const { fd } of foreign) closeSync(fd);
  for (const count of Object.values(done)) expect(count).toBeGreaterThan(5000);
});

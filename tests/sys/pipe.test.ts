import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/native.ts';
import { F_GETFL, F_SETPIPE_SZ, fcntl, O_APPEND, O_CREAT, O_NONBLOCK, O_RDWR, SEEK_CUR } from '../../src/sys/fd.ts';
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_NONE, PROT_READ, PROT_WRITE } from '../../src/sys/mmap.ts';
import * as pipes from '../../src/sys/pipe.ts';
import { SOCK_NONBLOCK } from '../../src/sys/socket.ts';
import { addonEnv } from '../support/compiled.ts';
import { closedFd, closesOnExec, tcpPair, unixPair, withNofile } from '../support/descriptors.ts';
import { errno } from '../support/errno.ts';
import { filled, map, open, pipe } from '../support/raw.ts';
import { pattern, tempPath } from '../support/temp.ts';

const { sys } = native;
const { SPLICE_F_NONBLOCK } = pipes;
const PAGE = 4096;

const position = (fd: number) => sys.lseek(fd, 0, SEEK_CUR);

/** Up to `count` bytes that are there. */
function drain(fd: number, count = 65_536): Buffer {
  const into = Buffer.alloc(count);
  const n = sys.read(fd, into);
  expect(n).toBeGreaterThanOrEqual(0);
  return into.subarray(0, n);
}

/** A pipe that takes no more. */
function fullPipe(): { read: number; write: number } {
  const p = pipe();
  while (sys.write(p.write, Buffer.alloc(PAGE)) > 0);
  return p;
}

const withBytes = (bytes: Uint8Array) => {
  const p = pipe();
  expect(sys.write(p.write, bytes)).toBe(bytes.length);
  return p;
};

describe('pipe2', () => {
  test('makes a read end and a write end, which close on exec', () => {
    const p = pipe(0);
    expect([closesOnExec(p.read), closesOnExec(p.write)]).toEqual([true, true]);
    expect(fcntl(p.read, F_GETFL, 0) & O_NONBLOCK).toBe(0);
    expect(sys.write(p.write, Buffer.from('abc'))).toBe(3);
    expect(drain(p.read).toString()).toBe('abc');
    expect(sys.write(p.read, Buffer.from('x'))).toBe(-errno.EBADF);
  });

  test('O_NONBLOCK holds for both ends', () => {
    const p = pipe(O_NONBLOCK);
    expect(sys.read(p.read, Buffer.alloc(1))).toBe(-errno.EAGAIN);
    expect([p.read, p.write].map((fd) => fcntl(fd, F_GETFL, 0) & O_NONBLOCK)).toEqual([O_NONBLOCK, O_NONBLOCK]);
  });

  test('-EINVAL for other flags, -EMFILE at the limit; pipefd is as it was', () => {
    const ends = Int32Array.of(-7, -8);
    expect(pipes.pipe2(ends, O_APPEND)).toBe(-errno.EINVAL);
    expect(withNofile(3, () => expect(pipes.pipe2(ends, 0)).toBe(-errno.EMFILE))).toBe(true);
    expect([...ends]).toEqual([-7, -8]);
  });

  test('refuses an array that is too small', () => {
    expect(() => pipes.pipe2(new Int32Array(1), 0)).toThrow(/pipefd: 8 bytes needed, but pipefd has 4/);
    expect(() => pipes.pipe2([0, 0] as never, 0)).toThrow(/pipefd must be a typed array/);
  });
});

describe('splice', () => {
  const bytes = pattern(3 * PAGE + 5);

  test('spliceAt is the same call: from a position, or with -1 from where the file stands', () => {
    const file = filled(bytes);
    const p = pipe();
    const { a, b } = unixPair();
    sys.lseek(file, 7, 0);
    expect(pipes.spliceAt(file, 1, p.write, PAGE, 0)).toBe(PAGE);
    expect(position(file)).toBe(7);
    expect(pipes.spliceAt(p.read, -1, a, PAGE, 0)).toBe(PAGE);
    expect(drain(b)).toEqual(bytes.subarray(1, 1 + PAGE));
    expect(pipes.spliceAt(file, -1, p.write, PAGE, 0)).toBe(PAGE);
    expect(position(file)).toBe(7 + PAGE);
    expect(drain(p.read)).toEqual(bytes.subarray(7, 7 + PAGE));
    expect(pipes.spliceAt(file, -2, p.write, 1, 0)).toBe(-errno.EINVAL);
    expect(pipes.spliceAt(p.read, 0, a, 1, 0)).toBe(-errno.ESPIPE);
    expect(pipes.spliceAt(p.read, -1, closedFd(), 1, 0)).toBe(-errno.EBADF);
    expect(() => pipes.spliceAt(file, null as never, p.write, 1, 0)).toThrow(/off_in must be/);
  });

  test('file to pipe to socket: the bytes are equal; an offset leaves the position alone, null moves it', () => {
    const file = filled(bytes);
    const p = pipe();
    const { a, b } = unixPair();
    expect(pipes.splice(file, 1, p.write, null, PAGE, 0)).toBe(PAGE);
    expect(position(file)).toBe(0);
    expect(pipes.splice(p.read, null, a, null, PAGE, 0)).toBe(PAGE);
    expect(drain(b).equals(bytes.subarray(1, 1 + PAGE))).toBe(true);
    expect(pipes.splice(file, null, p.write, null, PAGE, 0)).toBe(PAGE);
    expect(position(file)).toBe(PAGE);
    expect(drain(p.read).equals(bytes.subarray(0, PAGE))).toBe(true);
  });

  test('pipe to file: an offset leaves the position alone, null moves it', () => {
    const file = filled(new Uint8Array(0));
    const p = withBytes(bytes.subarray(0, 100));
    expect(pipes.splice(p.read, null, file, 10, 60, 0)).toBe(60);
    expect(position(file)).toBe(0);
    expect(pipes.splice(p.read, null, file, null, 60, 0)).toBe(40);
    expect(position(file)).toBe(40);
    const all = Buffer.alloc(100);
    expect(sys.pread(file, all, undefined, 0)).toBe(70);
    expect(all.subarray(0, 40).equals(bytes.subarray(60, 100))).toBe(true);
    expect(all.subarray(40, 70).equals(bytes.subarray(30, 60))).toBe(true);
  });

  test('pipe to pipe moves, and an offset beyond 2^31 counts', () => {
    const file = filled(new Uint8Array(0));
    expect(sys.pwrite(file, Buffer.from('far'), undefined, 5 * 2 ** 30)).toBe(3);
    const [p, q] = [pipe(), pipe()];
    expect(pipes.splice(file, 5n * 2n ** 30n, p.write, null, 10, 0)).toBe(3);
    expect(pipes.splice(p.read, null, q.write, null, 10, 0)).toBe(3);
    expect(sys.fionread(p.read)).toBe(0);
    expect(drain(q.read).toString()).toBe('far');
  });

  test('a slot is a page: the capacity bounds one call', () => {
    const file = filled(64 * PAGE);
    const p = pipe();
    expect(fcntl(p.read, F_SETPIPE_SZ, 4 * PAGE)).toBe(4 * PAGE);
    expect(pipes.splice(file, 0, p.write, null, 64 * PAGE, 0)).toBe(4 * PAGE);
    expect(drain(p.read, 10)).toHaveLength(10);
    // 10 bytes are free, but no slot is
    expect(pipes.splice(file, 0, p.write, null, 10, SPLICE_F_NONBLOCK)).toBe(-errno.EAGAIN);
  });

  test('0 at the end of the file, when all writers have gone, and for no bytes', () => {
    const file = filled(bytes);
    const p = pipe();
    expect(pipes.splice(file, bytes.length, p.write, null, 10, 0)).toBe(0);
    expect(pipes.splice(file, 0, p.write, null, 0, 0)).toBe(0);
    sys.close(p.write);
    expect(pipes.splice(p.read, null, unixPair().a, null, 10, 0)).toBe(0);
  });

  test('-EAGAIN for an empty pipe, a full one and a full socket alike', () => {
    const file = filled(bytes);
    expect(pipes.splice(pipe(0).read, null, unixPair().a, null, 10, SPLICE_F_NONBLOCK)).toBe(-errno.EAGAIN);
    expect(pipes.splice(pipe(O_NONBLOCK).read, null, unixPair().a, null, 10, 0)).toBe(-errno.EAGAIN);
    expect(pipes.splice(file, 0, fullPipe().write, null, 10, SPLICE_F_NONBLOCK)).toBe(-errno.EAGAIN);
    const { client } = tcpPair(SOCK_NONBLOCK);
    while (sys.write(client, Buffer.alloc(65_536)) > 0);
    const p = withBytes(bytes.subarray(0, 10));
    expect(pipes.splice(p.read, null, client, null, 10, SPLICE_F_NONBLOCK)).toBe(-errno.EAGAIN);
    expect(sys.fionread(p.read)).toBe(10);
  });

  test('-EPIPE where the reader is gone', () => {
    const p = pipe();
    sys.close(p.read);
    expect(pipes.splice(filled(bytes), 0, p.write, null, 10, 0)).toBe(-errno.EPIPE);
  });

  test('-EPIPE where the peer is gone: what was taken stays in the pipe', () => {
    const { a, b } = unixPair();
    sys.close(b);
    const p = pipe();
    expect(pipes.splice(filled(bytes), 0, p.write, null, bytes.length, 0)).toBe(bytes.length);
    expect(pipes.splice(p.read, null, a, null, bytes.length, 0)).toBe(-errno.EPIPE);
    expect(sys.fionread(p.read)).toBe(bytes.length);
  });

  test.each<[string, number, (p: { read: number; write: number }, file: number) => number]>([
    ['no pipe at all', errno.EINVAL, (_, file) => pipes.splice(file, 0, filled(bytes), 0, 1, 0)],
    ['both ends of one pipe', errno.EINVAL, (p) => pipes.splice(p.read, null, p.write, null, 1, 0)],
    [
      'an O_APPEND target',
      errno.EINVAL,
      (p) => pipes.splice(p.read, null, open(tempPath(), O_RDWR | O_CREAT | O_APPEND), null, 1, 0),
    ],
    ['a directory', errno.EINVAL, (p) => pipes.splice(open('/'), 0, p.write, null, 1, 0)],
    ['a negative offset', errno.EINVAL, (p, file) => pipes.splice(file, -1, p.write, null, 1, 0)],
    ['unknown flags', errno.EINVAL, (p, file) => pipes.splice(file, 0, p.write, null, 1, 0x100)],
    ['an offset for the pipe it reads', errno.ESPIPE, (p) => pipes.splice(p.read, 0, unixPair().a, null, 1, 0)],
    ['an offset for the pipe it writes', errno.ESPIPE, (p, file) => pipes.splice(file, 0, p.write, 0, 1, 0)],
    ['an offset for a socket', errno.EINVAL, (p) => pipes.splice(p.read, null, unixPair().a, 0, 1, 0)],
    ['the wrong end', errno.EBADF, (p, file) => pipes.splice(file, 0, p.read, null, 1, 0)],
    [
      'a file that cannot be written',
      errno.EBADF,
      (p) => pipes.splice(p.read, null, open(import.meta.filename), null, 1, 0),
    ],
    ['a closed descriptor', errno.EBADF, (p) => pipes.splice(p.read, null, closedFd(), null, 1, 0)],
  ])('refuses %s: %i', (_what, code, call) => {
    const p = withBytes(Buffer.from('xyz'));
    expect(call(p, filled(bytes))).toBe(-code);
    expect(drain(p.read).toString()).toBe('xyz');
  });

  test('takes lengths and offsets that are integers, and names those that are not', () => {
    const p = pipe();
    const call = pipes.splice as (...args: unknown[]) => number;
    expect(() => call(0, 0.5, p.write, null, 1, 0)).toThrow(/off_in must be an integer/);
    expect(() => call(0, '0', p.write, null, 1, 0)).toThrow(/off_in must be an integer or a bigint/);
    expect(() => call(0, 2n ** 63n, p.write, null, 1, 0)).toThrow(/off_in must be a bigint of 64 bits/);
    expect(() => call(0, 0, p.write, null, -1, 0)).toThrow(/len must be an integer of 0 to 9007199254740991/);
    expect(() => call(0, 0, p.write, null, 2 ** 53, 0)).toThrow(/len must be/);
    expect(() => call(0, 0, p.write, null, 1, -1)).toThrow(/flags must be/);
  });
});

describe('tee', () => {
  test('duplicates without taking', () => {
    const bytes = pattern(PAGE + 3);
    const [p, q] = [withBytes(bytes), pipe()];
    expect(pipes.tee(p.read, q.write, PAGE, 0)).toBe(PAGE);
    expect(sys.fionread(p.read)).toBe(bytes.length);
    expect(drain(q.read).equals(bytes.subarray(0, PAGE))).toBe(true);
    expect(drain(p.read).equals(bytes)).toBe(true);
  });

  test('0 when it is empty and all writers have gone', () => {
    const p = pipe();
    sys.close(p.write);
    expect(pipes.tee(p.read, pipe().write, 1, 0)).toBe(0);
  });

  test('-EAGAIN empty or full, -EPIPE without a reader', () => {
    expect(pipes.tee(pipe(0).read, pipe(0).write, 1, SPLICE_F_NONBLOCK)).toBe(-errno.EAGAIN);
    const p = withBytes(Buffer.from('x'));
    expect(pipes.tee(p.read, fullPipe().write, 1, 0)).toBe(-errno.EAGAIN);
    const q = pipe();
    sys.close(q.read);
    expect(pipes.tee(p.read, q.write, 1, 0)).toBe(-errno.EPIPE);
  });

  test('-EINVAL for one pipe, for what is none and for unknown flags; -EBADF', () => {
    const p = withBytes(Buffer.from('x'));
    expect(pipes.tee(p.read, p.write, 1, 0)).toBe(-errno.EINVAL);
    expect(pipes.tee(p.read, unixPair().a, 1, 0)).toBe(-errno.EINVAL);
    expect(pipes.tee(filled(10), p.write, 1, 0)).toBe(-errno.EINVAL);
    expect(pipes.tee(p.read, pipe().write, 1, 0x100)).toBe(-errno.EINVAL);
    expect(pipes.tee(p.write, pipe().write, 1, 0)).toBe(-errno.EBADF);
    expect(pipes.tee(p.read, closedFd(), 1, 0)).toBe(-errno.EBADF);
  });
});

describe('vmsplice', () => {
  test('puts pages of mappings into a pipe, segment by segment', () => {
    const bytes = pattern(2 * PAGE);
    const at = map(2 * PAGE);
    sys.processVmWritev(at, undefined, bytes);
    const p = pipe();
    expect(pipes.vmsplice(p.write, Float64Array.of(at + PAGE, PAGE, at, 7), 0)).toBe(PAGE + 7);
    expect(drain(p.read).equals(Buffer.concat([bytes.subarray(PAGE), bytes.subarray(0, 7)]))).toBe(true);
  });

  test('the pipe refers to the memory: what is written there later is what is read', () => {
    const at = map(PAGE);
    sys.processVmWritev(at, undefined, Buffer.alloc(PAGE, 'a'));
    const p = pipe();
    expect(pipes.vmsplice(p.write, Float64Array.of(at, 4), 0)).toBe(4);
    expect(sys.write(p.write, Buffer.alloc(4, 'a'))).toBe(4);
    sys.processVmWritev(at, undefined, Buffer.alloc(PAGE, 'b'));
    expect(drain(p.read).toString()).toBe('bbbbaaaa');
  });

  test('on a read end copies the bytes out', () => {
    const at = map(PAGE);
    const p = withBytes(Buffer.from('abc'));
    expect(pipes.vmsplice(p.read, Float64Array.of(at, PAGE), 0)).toBe(3);
    const into = Buffer.alloc(3);
    sys.processVmReadv(at, 3, into);
    expect(into.toString()).toBe('abc');
  });

  test('0 for no segments', () => expect(pipes.vmsplice(pipe().write, new Float64Array(0), 0)).toBe(0));

  test('takes less than asked when the pipe fills, then -EAGAIN', () => {
    const at = map(20 * PAGE);
    const p = pipe(O_NONBLOCK);
    expect(pipes.vmsplice(p.write, Float64Array.of(at, 20 * PAGE), 0)).toBe(16 * PAGE);
    expect(pipes.vmsplice(p.write, Float64Array.of(at, PAGE), SPLICE_F_NONBLOCK)).toBe(-errno.EAGAIN);
  });

  test('-EPIPE without a reader, -EBADF for what is no pipe, -EINVAL for unknown flags, -EFAULT without pages', () => {
    const iov = Float64Array.of(map(PAGE), PAGE);
    const p = pipe();
    expect(pipes.vmsplice(p.write, iov, 0x100)).toBe(-errno.EINVAL);
    expect(pipes.vmsplice(p.write, Float64Array.of(map(PAGE, PROT_NONE), PAGE), 0)).toBe(-errno.EFAULT);
    sys.close(p.read);
    expect(pipes.vmsplice(p.write, iov, 0)).toBe(-errno.EPIPE);
    expect(pipes.vmsplice(filled(1), iov, 0)).toBe(-errno.EBADF);
    expect(pipes.vmsplice(closedFd(), iov, 0)).toBe(-errno.EBADF);
  });

  const at = () => map(PAGE);
  const call = (iov: unknown) => pipes.vmsplice(pipe().write, iov as Float64Array, 0);
  test.each<[string, () => unknown]>([
    ['a Buffer', () => Buffer.alloc(PAGE)],
    ['an array of Buffers', () => [Buffer.alloc(PAGE)]],
    ['the pair in another kind of array', () => BigUint64Array.of(BigInt(at()), 1n)],
    ['half a pair', () => Float64Array.of(at())],
    ['an address of its own invention', () => Float64Array.of(4096, 1)],
    ['the address of a Float64Array', () => Float64Array.of(2 ** 47 - PAGE, 8)],
    ['one byte too many', () => Float64Array.of(at(), PAGE + 1)],
    ['an address past the end', () => Float64Array.of(at() + PAGE, 1)],
    ['a fraction', () => Float64Array.of(at() + 0.5, 1)],
    ['a negative length', () => Float64Array.of(at(), -1)],
    ['NaN', () => Float64Array.of(at(), Number.NaN)],
    ['more than 1024 pairs', () => new Float64Array(2050).fill(at())],
  ])('refuses %s before the call', (_what, iov) => {
    expect(() => call(iov())).toThrow(/^vmsplice: iov must be /);
  });

  test('refuses an address after munmap', () => {
    const address = sys.mmap(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(sys.munmap(address)).toBe(0);
    expect(() => call(Float64Array.of(address, 1))).toThrow(/inside mappings made by mmap in this thread/);
  });
});

// Node ignores SIGPIPE; an embedder may not. Adding and taking away a listener leaves it at SIG_DFL, which kills.
describe('where SIGPIPE would kill', () => {
  const run = (body: string) => {
    const code = `
      process.on('SIGPIPE', () => {}).removeAllListeners('SIGPIPE');
      const { sys, constants: k } = require(process.env.IOLAB_ADDON);
      const ends = () => { const p = new Int32Array(2); sys.pipe2(p, 0); return p; };
      const [read, write] = ends();
      const [full, fill] = ends();
      sys.write(fill, Buffer.from('x'));
      const pair = new Int32Array(2);
      sys.socketpair(k.AF_UNIX, k.SOCK_STREAM, 0, pair);
      sys.close(read), sys.close(pair[1]);
      const file = sys.openat(k.AT_FDCWD, process.execPath, 0, 0);
      const at = sys.mmap(4096, k.PROT_READ, k.MAP_PRIVATE | k.MAP_ANONYMOUS, -1, 0);
      console.log(${body});`;
    const { signal, stdout } = spawnSync(process.execPath, ['-e', code], {
      env: { ...process.env, ...addonEnv },
      encoding: 'utf8',
    });
    return { signal, answer: stdout.trim() };
  };

  test('it does: the control', () => {
    expect(run("require('node:fs').writeSync(write, 'x')")).toEqual({ signal: 'SIGPIPE', answer: '' });
  });

  test.each([
    ['write', "sys.write(write, Buffer.from('x'))"],
    ['writev', "sys.writev(write, [Buffer.from('x')])"],
    ['splice to a pipe', 'sys.splice(file, 0, write, null, 1, 0)'],
    ['splice to a socket', 'sys.splice(full, null, pair[0], null, 1, 0)'],
    ['tee', 'sys.tee(full, write, 1, 0)'],
    ['vmsplice', 'sys.vmsplice(write, Float64Array.of(at, 1), 0)'],
    ['sendfile', 'sys.sendfile(pair[0], file, 0, 1)'],
    ['send', "sys.send(pair[0], Buffer.from('x'), undefined, 0)"],
    ['sendto', "sys.sendto(pair[0], Buffer.from('x'), undefined, 0, null)"],
    ['sendmsg', "sys.sendmsg(pair[0], [Buffer.from('x')], null, null, 0)"],
  ])('%s answers -EPIPE', (_name, call) => {
    expect(run(call)).toEqual({ signal: null, answer: String(-errno.EPIPE) });
  });

  test('one after the other: the first leaves no signal pending for the second', () => {
    const both = "[sys.write(write, Buffer.from('x')), sys.sendfile(write, file, 0, 1)].join()";
    expect(run(both)).toEqual({ signal: null, answer: `${-errno.EPIPE},${-errno.EPIPE}` });
  });
});

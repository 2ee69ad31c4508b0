import { describe, expect, test } from 'vitest';
import { native } from '../../src/native.ts';
import { eventfd } from '../../src/sys/event.ts';
import { O_APPEND, O_CREAT, O_DIRECTORY, O_RDONLY, O_RDWR, O_WRONLY, SEEK_CUR, SEEK_SET } from '../../src/sys/fd.ts';
import { copyFileRange, MAX_RW_COUNT, sendfile } from '../../src/sys/sendfile.ts';
import { MSG_DONTWAIT, recvDiscard, SHUT_WR, SOCK_NONBLOCK, shutdown } from '../../src/sys/socket.ts';
import { closedFd, tcpPair, unixPair } from '../support/descriptors.ts';
import { errno } from '../support/errno.ts';
import { filled, keep, open, pipe } from '../support/raw.ts';
import { pattern, sparseFile, tempPath } from '../support/temp.ts';

const { sys } = native;
const GIB = 2 ** 30;
const bytes = pattern(10_000);

const position = (fd: number) => sys.lseek(fd, 0, SEEK_CUR);
const output = (flags = O_RDWR) => open(tempPath(), flags | O_CREAT);

function content(fd: number, count = 20_000): Buffer {
  const into = Buffer.alloc(count);
  return into.subarray(0, sys.pread(fd, into, undefined, 0));
}

function received(fd: number, count: number): Buffer {
  const into = Buffer.alloc(count);
  for (let at = 0; at < count; ) {
    const n = sys.read(fd, into, count - at, at);
    if (n <= 0) return into.subarray(0, at);
    at += n;
  }
  return into;
}

describe('sendfile', () => {
  test.each<[string, () => { from: number; to: number }]>([
    [
      'a TCP socket',
      () => {
        const { server, client } = tcpPair();
        return { to: server, from: client };
      },
    ],
    [
      'a UNIX socket',
      () => {
        const { a, b } = unixPair();
        return { to: a, from: b };
      },
    ],
    [
      'a pipe',
      () => {
        const { read, write } = pipe();
        return { to: write, from: read };
      },
    ],
  ])('to %s: the bytes of the range, neither more nor less', (_what, make) => {
    const { from, to } = make();
    const file = filled(bytes);
    expect(sendfile(to, file, 1, 9_000)).toBe(9_000);
    expect(received(from, 9_000).equals(bytes.subarray(1, 9_001))).toBe(true);
    expect(sys.fionread(from)).toBe(0);
    expect(position(file)).toBe(0);
  });

  test('to a file writes at its position', () => {
    const [file, to] = [filled(bytes), output()];
    expect(sys.write(to, Buffer.from('head'))).toBe(4);
    expect(sendfile(to, file, 0, bytes.length)).toBe(bytes.length);
    expect(position(to)).toBe(4 + bytes.length);
    expect(content(to).equals(Buffer.concat([Buffer.from('head'), bytes]))).toBe(true);
  });

  test('without an offset uses and moves the position of the file', () => {
    const [file, to] = [filled(bytes), output()];
    expect(sys.lseek(file, 9_990, SEEK_SET)).toBe(9_990);
    expect(sendfile(to, file, null, 4)).toBe(4);
    expect(position(file)).toBe(9_994);
    expect(sendfile(to, file, null, 100)).toBe(6);
    expect(sendfile(to, file, null, 100)).toBe(0);
    expect(content(to).equals(bytes.subarray(9_990))).toBe(true);
  });

  test('0 at the end, beyond it, and for no bytes', () => {
    const [file, to] = [filled(bytes), output()];
    expect(sendfile(to, file, bytes.length, 10)).toBe(0);
    expect(sendfile(to, file, 2 ** 40, 10)).toBe(0);
    expect(sendfile(to, file, 0, 0)).toBe(0);
  });

  test('a file that shrinks: a short count, then 0, however often one asks', () => {
    const [file, to] = [filled(bytes), output()];
    expect(sendfile(to, file, 0, 5_000)).toBe(5_000);
    expect(sys.ftruncate(file, 6_000)).toBe(0);
    expect(sendfile(to, file, 5_000, 5_000)).toBe(1_000);
    for (let i = 0; i < 3; i++) expect(sendfile(to, file, 6_000, 4_000)).toBe(0);
  });

  test('a file that grows: never more than was asked for', () => {
    const [file, to] = [filled(bytes), output()];
    expect(sys.pwrite(file, bytes, undefined, bytes.length)).toBe(bytes.length);
    expect(sendfile(to, file, 0, bytes.length)).toBe(bytes.length);
    expect(content(to).equals(bytes)).toBe(true);
  });

  test('offsets beyond 4 GiB, as numbers and bigints', () => {
    const file = open(sparseFile(5 * GIB), O_RDWR);
    expect(sys.pwrite(file, Buffer.from('end'), undefined, 5 * GIB)).toBe(3);
    for (const offset of [5 * GIB, 5n * BigInt(GIB)]) {
      const to = output();
      expect(sendfile(to, file, offset, 100)).toBe(3);
      expect(content(to).toString()).toBe('end');
    }
    expect(sendfile(output(), file, 2n ** 63n - 1n, 1)).toBe(-errno.EINVAL);
  });

  test('one call moves at most 0x7ffff000 bytes of 5 GiB', () => {
    expect(MAX_RW_COUNT).toBe(0x7ffff000);
    // in memory, where a hole costs no page
    const file = keep(sys.memfdCreate('iolab-cap', 0));
    expect(sys.ftruncate(file, 5 * GIB)).toBe(0);
    const sink = open('/dev/null', O_WRONLY);
    const moved = sendfile(sink, file, 0, 5 * GIB);
    expect(moved).toBe(MAX_RW_COUNT);
    expect(sendfile(sink, file, 5 * GIB - 10, MAX_RW_COUNT)).toBe(10);
  }, 60_000);

  test('-EAGAIN where the socket is full; what a call answered before is what arrives', () => {
    const { server, client } = tcpPair(SOCK_NONBLOCK);
    const file = filled(pattern(8 << 20));
    let sent = 0;
    let last = 0;
    do {
      sent += last;
      last = sendfile(server, file, sent, (8 << 20) - sent);
    } while (last > 0);
    expect(last).toBe(-errno.EAGAIN);
    let got = 0;
    expect(shutdown(server, SHUT_WR)).toBe(0);
    for (;;) {
      const n = recvDiscard(client, 1 << 20, 0);
      if (n === -errno.EAGAIN) continue;
      if (n <= 0) break;
      got += n;
    }
    expect(got).toBe(sent);
  });

  test('a peer that is gone: -EPIPE, on TCP -ECONNRESET or -EPIPE, never a signal', () => {
    const file = filled(bytes);
    const { a, b } = unixPair();
    sys.close(b);
    expect(sendfile(a, file, 0, 10)).toBe(-errno.EPIPE);
    const p = pipe();
    sys.close(p.read);
    expect(sendfile(p.write, file, 0, 10)).toBe(-errno.EPIPE);
    const { server, client } = tcpPair();
    expect(sendfile(server, file, 0, 10)).toBe(10);
    // closed with bytes unread, so it answers with a reset
    sys.close(client);
    const answers = [sendfile(server, file, 0, 10), sendfile(server, file, 0, 10)];
    expect(answers).toEqual([-errno.ECONNRESET, -errno.EPIPE]);
    const shut = tcpPair();
    expect(shutdown(shut.server, SHUT_WR)).toBe(0);
    expect(sendfile(shut.server, file, 0, 10)).toBe(-errno.EPIPE);
    expect(recvDiscard(shut.client, 10, MSG_DONTWAIT)).toBe(0);
  });

  test.each<[string, number, (file: number) => number]>([
    ['a socket as input', errno.EINVAL, () => sendfile(output(), unixPair().a, null, 1)],
    ['a pipe as input', errno.EINVAL, () => sendfile(output(), pipe().read, null, 1)],
    ['an eventfd as input', errno.EINVAL, () => sendfile(output(), keep(eventfd(1, 0)), null, 1)],
    ['an O_APPEND target', errno.EINVAL, (file) => sendfile(output(O_RDWR | O_APPEND), file, 0, 1)],
    ['a negative offset', errno.EINVAL, (file) => sendfile(output(), file, -1, 1)],
    ['a directory as input', errno.EINVAL, () => sendfile(output(), open('/', O_RDONLY | O_DIRECTORY), null, 1)],
    ['an offset for a socket', errno.ESPIPE, () => sendfile(output(), unixPair().a, 0, 1)],
    ['an offset for a pipe', errno.ESPIPE, () => sendfile(output(), pipe().read, 0, 1)],
    ['input not open for reading', errno.EBADF, () => sendfile(output(), output(O_WRONLY), 0, 1)],
    ['output not open for writing', errno.EBADF, (file) => sendfile(open(import.meta.filename), file, 0, 1)],
    ['a closed input', errno.EBADF, () => sendfile(output(), closedFd(), 0, 1)],
    ['a closed output', errno.EBADF, (file) => sendfile(closedFd(), file, 0, 1)],
  ])('refuses %s: %i', (_what, code, call) => {
    expect(call(filled(bytes))).toBe(-code);
  });

  // what each value of an offset is: a place (here beyond the end), refused by the kernel, or refused before it
  test.each<[offset: number | bigint, answer: number | number[] | RegExp]>([
    [-1, -errno.EINVAL],
    [-1n, -errno.EINVAL],
    [0, 1],
    [2 ** 31 - 1, 0],
    [2 ** 31, 0],
    [2 ** 32, 0],
    // beyond the largest file of some file systems (16 TiB on ext4)
    [2 ** 53 - 1, [0, -errno.EOVERFLOW]],
    [2 ** 53, /offset must be an integer of -9007199254740991 to 9007199254740991, got 9007199254740992/],
    [2n ** 53n, [0, -errno.EOVERFLOW]],
    [2n ** 63n - 1n, -errno.EINVAL],
    [2n ** 63n, /offset must be a bigint of 64 bits, got a bigint beyond 64 bits/],
    [2n ** 64n - 1n, /offset must be a bigint of 64 bits/],
  ])('an offset of %s', (offset, answer) => {
    const [file, to] = [filled(bytes), output()];
    if (answer instanceof RegExp) expect(() => sendfile(to, file, offset, 1)).toThrow(answer);
    else expect([answer].flat()).toContain(sendfile(to, file, offset, 1));
  });

  test('names the argument that is no integer', () => {
    const call = sendfile as (...args: unknown[]) => number;
    expect(() => call('1', 0, 0, 1)).toThrow(/^sendfile: out_fd must be an integer/);
    expect(() => call(1, 2 ** 31, 0, 1)).toThrow(/in_fd must be an integer of -2147483648 to 2147483647/);
    expect(() => call(1, 1, 2 ** 53, 1)).toThrow(/offset must be an integer of/);
    expect(() => call(1, 1, 0, -1)).toThrow(/count must be an integer of 0 to/);
    expect(() => call(1, 1, 0, Number.NaN)).toThrow(/count must be .* got NaN/);
    expect(() => call(1, 1, 0, -0)).toThrow(/count must be .* got -0/);
    expect(() => call(1, 1, 0)).toThrow(/count must be an integer or a bigint, got undefined/);
  });
});

describe('copy_file_range', () => {
  test('copies between offsets and leaves both positions alone', () => {
    const [file, to] = [filled(bytes), output()];
    expect(copyFileRange(file, 100, to, 7, 500, 0)).toBe(500);
    expect([position(file), position(to)]).toEqual([0, 0]);
    expect(content(to).equals(Buffer.concat([Buffer.alloc(7), bytes.subarray(100, 600)]))).toBe(true);
  });

  test('without offsets uses and moves both positions, and answers 0 at the end', () => {
    const [file, to] = [filled(bytes), output()];
    expect(sys.lseek(file, 9_000, SEEK_SET)).toBe(9_000);
    expect(copyFileRange(file, null, to, null, 5_000, 0)).toBe(1_000);
    expect([position(file), position(to)]).toEqual([10_000, 1_000]);
    expect(copyFileRange(file, null, to, null, 5_000, 0)).toBe(0);
    expect(content(to).equals(bytes.subarray(9_000))).toBe(true);
  });

  test('within one file, where the ranges do not overlap', () => {
    const file = filled(bytes);
    expect(copyFileRange(file, 0, file, 10_000, 10_000, 0)).toBe(10_000);
    expect(content(file).equals(Buffer.concat([bytes, bytes]))).toBe(true);
    expect(copyFileRange(file, 0, file, 5_000, 10_000, 0)).toBe(-errno.EINVAL);
  });

  test('a file that claims to be empty, as in /proc, answers 0 or is refused', () => {
    const r = copyFileRange(open('/proc/self/status'), 0, output(), 0, 100, 0);
    expect([0, -errno.EXDEV, -errno.EOPNOTSUPP]).toContain(r);
  });

  test.each<[string, number, (file: number) => number]>([
    ['flags', errno.EINVAL, (file) => copyFileRange(file, 0, output(), 0, 1, 1 as 0)],
    ['a pipe', errno.EINVAL, (file) => copyFileRange(file, 0, pipe().write, null, 1, 0)],
    ['a socket', errno.EINVAL, () => copyFileRange(unixPair().a, null, output(), 0, 1, 0)],
    ['a directory', errno.EISDIR, () => copyFileRange(open('/', O_RDONLY | O_DIRECTORY), 0, output(), 0, 1, 0)],
    ['an O_APPEND target', errno.EBADF, (file) => copyFileRange(file, 0, output(O_RDWR | O_APPEND), 0, 1, 0)],
    ['output not open for writing', errno.EBADF, (file) => copyFileRange(file, 0, open(import.meta.filename), 0, 1, 0)],
    ['input not open for reading', errno.EBADF, () => copyFileRange(output(O_WRONLY), 0, output(), 0, 1, 0)],
    ['a closed descriptor', errno.EBADF, (file) => copyFileRange(file, 0, closedFd(), 0, 1, 0)],
    ['a negative offset', errno.EINVAL, (file) => copyFileRange(file, -5, output(), 0, 1, 0)],
    ['a position beyond any file', errno.EFBIG, (file) => copyFileRange(file, 0, output(), 2n ** 63n - 2n, 1, 0)],
  ])('refuses %s: %i', (_what, code, call) => {
    expect(call(filled(bytes))).toBe(-code);
  });
});

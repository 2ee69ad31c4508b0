/**
 * What `bench calls` times: every call that has a loop in C++, made on the same descriptors and buffers by each arm.
 *
 * The loops are written out, one for each call and arm: behind a shared helper V8 would see many functions in one place and
 * call them all by a slower way, 30 ns dearer, that no program of a user's would take.
 */
import { constants } from 'node:os';
import type { Epoll } from '../../io/epoll.ts';
import * as sys from '../../sys/index.ts';
import { type Fixture, MAX_EVENTS, MOVED } from './fixture.ts';

const { EAGAIN } = constants.errno;

/** Makes the call `n` times. */
export type Loop = (n: number) => void;

export interface CallCase {
  readonly name: NativeName;
  /** What exactly is called. */
  readonly does: string;
  /** What each call answers. */
  readonly answers: number;
  /** For the loops in C++. */
  readonly args: readonly unknown[];
  readonly typescript: Loop;
  /** The same through an object that you own, bound to its buffer once. */
  readonly bound?: Loop;
  koffi(call: KoffiCall): Loop;
}

/** libc's function, as koffi offers it. */
export type KoffiCall = (...args: readonly unknown[]) => unknown;

export type NativeName =
  | 'epollWait'
  | 'epollCtl2'
  | 'poll'
  | 'select'
  | 'read'
  | 'write'
  | 'pread'
  | 'pwrite'
  | 'send'
  | 'recv'
  | 'recvDiscard'
  | 'sendfile'
  | 'splice'
  | 'tee'
  | 'lseek'
  | 'fionread'
  | 'fstat'
  | 'getrusage'
  | 'clockGettime'
  | 'gettid';

/** FIONREAD of asm-generic/ioctls.h, for koffi, which has to be told; ours takes it from C. */
const FIONREAD = 0x541b;

export function callCases(f: Fixture, epoll: Epoll): CallCase[] {
  const { epfd, events, bytes, file, zero, sink, socket, readEnd, writeEnd, otherWriteEnd, pollfd, writefds } = f;
  const { EPOLL_CTL_MOD, EPOLLIN, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_TRUNC, SEEK_CUR } = sys;
  const { SPLICE_F_NONBLOCK, RUSAGE_THREAD, CLOCK_MONOTONIC } = sys;
  const event = new Uint32Array(sys.EPOLL_EVENT_WORDS);
  event[0] = EPOLLIN;
  const offset = new BigInt64Array(1);
  const available = new Int32Array(1);
  const timeval = new BigInt64Array(2);
  const nfds = writeEnd + 1;
  return [
    {
      name: 'epollWait',
      does: `epoll_wait, time-out 0, nothing ready, room for ${MAX_EVENTS} events`,
      answers: 0,
      args: [epfd, events, MAX_EVENTS, 0],
      typescript: (n) => {
        for (; n > 0; n--) sys.epollWait(epfd, events, MAX_EVENTS, 0);
      },
      bound: (n) => {
        for (; n > 0; n--) epoll.wait(0);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(epfd, events, MAX_EVENTS, 0);
      },
    },
    {
      name: 'epollCtl2',
      does: 'epoll_ctl EPOLL_CTL_MOD of a pipe that is watched',
      answers: 0,
      args: [epfd, EPOLL_CTL_MOD, readEnd, EPOLLIN, 0, 0],
      typescript: (n) => {
        for (; n > 0; n--) sys.epollCtl2(epfd, EPOLL_CTL_MOD, readEnd, EPOLLIN, 0, 0);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(epfd, EPOLL_CTL_MOD, readEnd, event);
      },
    },
    {
      name: 'poll',
      does: 'poll of one descriptor, time-out 0, nothing ready',
      answers: 0,
      args: [pollfd, 1, 0],
      typescript: (n) => {
        for (; n > 0; n--) sys.poll(pollfd, 1, 0);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(pollfd, 1, 0);
      },
    },
    {
      name: 'select',
      does: 'select of one descriptor that is writable, time-out 0',
      answers: 1,
      args: [nfds, null, writefds, null, 0],
      typescript: (n) => {
        for (; n > 0; n--) sys.select(nfds, null, writefds, null, 0);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(nfds, null, writefds, null, timeval);
      },
    },
    {
      name: 'read',
      does: `read of ${MOVED} bytes from /dev/zero`,
      answers: MOVED,
      args: [zero, bytes, MOVED],
      typescript: (n) => {
        for (; n > 0; n--) sys.read(zero, bytes, MOVED);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(zero, bytes, MOVED);
      },
    },
    {
      name: 'write',
      does: `write of ${MOVED} bytes to /dev/null`,
      answers: MOVED,
      args: [sink, bytes, MOVED],
      typescript: (n) => {
        for (; n > 0; n--) sys.write(sink, bytes, MOVED);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(sink, bytes, MOVED);
      },
    },
    {
      name: 'pread',
      does: `pread of ${MOVED} bytes of a memfd`,
      answers: MOVED,
      args: [file, bytes, MOVED, 0],
      typescript: (n) => {
        for (; n > 0; n--) sys.pread(file, bytes, MOVED, 0);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(file, bytes, MOVED, 0);
      },
    },
    {
      name: 'pwrite',
      does: `pwrite of ${MOVED} bytes of a memfd`,
      answers: MOVED,
      args: [file, bytes, MOVED, 0],
      typescript: (n) => {
        for (; n > 0; n--) sys.pwrite(file, bytes, MOVED, 0);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(file, bytes, MOVED, 0);
      },
    },
    {
      name: 'send',
      does: 'send of 0 bytes on a UNIX stream socket: what is sent would fill it',
      answers: 0,
      args: [socket, bytes, 0, 0],
      typescript: (n) => {
        for (; n > 0; n--) sys.send(socket, bytes, 0, 0);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(socket, bytes, 0, MSG_NOSIGNAL);
      },
    },
    {
      name: 'recv',
      does: 'recv from an empty UNIX stream socket: EAGAIN',
      answers: -EAGAIN,
      args: [socket, bytes, MOVED, MSG_DONTWAIT],
      typescript: (n) => {
        for (; n > 0; n--) sys.recv(socket, bytes, MOVED, MSG_DONTWAIT);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(socket, bytes, MOVED, MSG_DONTWAIT);
      },
    },
    {
      name: 'recvDiscard',
      does: 'recv with MSG_TRUNC and no buffer, from an empty UNIX stream socket: EAGAIN',
      answers: -EAGAIN,
      args: [socket, MOVED, MSG_DONTWAIT],
      typescript: (n) => {
        for (; n > 0; n--) sys.recvDiscard(socket, MOVED, MSG_DONTWAIT);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(socket, null, MOVED, MSG_DONTWAIT | MSG_TRUNC);
      },
    },
    {
      name: 'sendfile',
      does: `sendfile of ${MOVED} bytes of a memfd to /dev/null`,
      answers: MOVED,
      args: [sink, file, 0, MOVED],
      typescript: (n) => {
        for (; n > 0; n--) sys.sendfile(sink, file, 0, MOVED);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) {
          offset[0] = 0n;
          call(sink, file, offset, MOVED);
        }
      },
    },
    {
      name: 'splice',
      does: 'splice from an empty pipe, SPLICE_F_NONBLOCK: EAGAIN',
      answers: -EAGAIN,
      args: [readEnd, null, sink, null, MOVED, SPLICE_F_NONBLOCK],
      typescript: (n) => {
        for (; n > 0; n--) sys.splice(readEnd, null, sink, null, MOVED, SPLICE_F_NONBLOCK);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(readEnd, null, sink, null, MOVED, SPLICE_F_NONBLOCK);
      },
    },
    {
      name: 'tee',
      does: 'tee from an empty pipe to another, SPLICE_F_NONBLOCK: EAGAIN',
      answers: -EAGAIN,
      args: [readEnd, otherWriteEnd, MOVED, SPLICE_F_NONBLOCK],
      typescript: (n) => {
        for (; n > 0; n--) sys.tee(readEnd, otherWriteEnd, MOVED, SPLICE_F_NONBLOCK);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(readEnd, otherWriteEnd, MOVED, SPLICE_F_NONBLOCK);
      },
    },
    {
      name: 'lseek',
      does: 'lseek by 0 from where a memfd stands',
      answers: 0,
      args: [file, 0, SEEK_CUR],
      typescript: (n) => {
        for (; n > 0; n--) sys.lseek(file, 0, SEEK_CUR);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(file, 0, SEEK_CUR);
      },
    },
    {
      name: 'fionread',
      does: 'ioctl FIONREAD of an empty pipe',
      answers: 0,
      args: [readEnd],
      typescript: (n) => {
        for (; n > 0; n--) sys.fionread(readEnd);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(readEnd, FIONREAD, available);
      },
    },
    {
      name: 'fstat',
      does: 'fstat of a memfd',
      answers: 0,
      args: [file, f.stat],
      typescript: (n) => {
        for (; n > 0; n--) sys.fstat(file, f.stat);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(file, f.stat);
      },
    },
    {
      name: 'getrusage',
      does: 'getrusage RUSAGE_THREAD',
      answers: 0,
      args: [RUSAGE_THREAD, f.rusage],
      typescript: (n) => {
        for (; n > 0; n--) sys.getrusage(RUSAGE_THREAD, f.rusage);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(RUSAGE_THREAD, f.rusage);
      },
    },
    {
      name: 'clockGettime',
      does: 'clock_gettime CLOCK_MONOTONIC; libc answers it without entering the kernel',
      answers: 0,
      args: [CLOCK_MONOTONIC, f.timespec],
      typescript: (n) => {
        for (; n > 0; n--) sys.clockGettime(CLOCK_MONOTONIC, f.timespec);
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call(CLOCK_MONOTONIC, f.timespec);
      },
    },
    {
      name: 'gettid',
      does: 'gettid, which has no argument',
      answers: sys.gettid(),
      args: [],
      typescript: (n) => {
        for (; n > 0; n--) sys.gettid();
      },
      koffi: (call) => (n) => {
        for (; n > 0; n--) call();
      },
    },
  ];
}

/** The descriptors and buffers that the timed calls are made on: each call can be repeated for ever, and never waits. */
import { check } from '../../io/errors.ts';
import { layout, native } from '../../native.ts';
import { EPOLL_CTL_ADD, EPOLL_EVENT_WORDS, EPOLLIN } from '../../sys/epoll.ts';
import { AT_FDCWD, O_RDWR } from '../../sys/fd.ts';
import { POLLIN } from '../../sys/poll.ts';
import { AF_UNIX, SOCK_STREAM } from '../../sys/socket.ts';
import { RUSAGE_SIZE, STAT_SIZE, TIMESPEC_SIZE } from '../../sys/structs.ts';

const { sys } = native;

/** Bytes that a read or write moves: few, so that the call is what costs. */
export const MOVED = 64;
export const MAX_EVENTS = 64;

export class Fixture {
  readonly #fds: number[] = [];
  /** Watches {@link readEnd}, on which nothing ever arrives. */
  readonly epfd: number;
  readonly readEnd: number;
  readonly writeEnd: number;
  readonly otherWriteEnd: number;
  readonly file: number;
  readonly zero: number;
  readonly sink: number;
  readonly socket: number;
  readonly events = new Uint32Array(MAX_EVENTS * EPOLL_EVENT_WORDS);
  readonly bytes = new Uint8Array(MOVED);
  readonly pollfd = new Int32Array(layout('pollfd').size / 4);
  /** A set of `select` in which the pipe's write end is. */
  readonly writefds: BigUint64Array;
  readonly stat = new BigInt64Array(STAT_SIZE / 8);
  readonly rusage = new BigInt64Array(RUSAGE_SIZE / 8);
  readonly timespec = new BigInt64Array(TIMESPEC_SIZE / 8);

  constructor() {
    const pair = new Int32Array(2);
    const both = (): [number, number] => {
      this.#fds.push(...pair);
      return [pair[0] as number, pair[1] as number];
    };
    try {
      check(sys.pipe2(pair, 0), 'pipe2');
      [this.readEnd, this.writeEnd] = both();
      check(sys.pipe2(pair, 0), 'pipe2');
      this.otherWriteEnd = both()[1];
      check(sys.socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 'socketpair');
      this.socket = both()[0];
      this.epfd = this.#own(sys.epollCreate1(0), 'epoll_create1');
      this.file = this.#own(sys.memfdCreate('iolab-calls', 0), 'memfd_create');
      this.zero = this.#own(sys.openat(AT_FDCWD, '/dev/zero', O_RDWR, 0), 'openat', '/dev/zero');
      this.sink = this.#own(sys.openat(AT_FDCWD, '/dev/null', O_RDWR, 0), 'openat', '/dev/null');
      check(sys.pwrite(this.file, this.bytes, MOVED, 0), 'pwrite64');
      check(sys.epollCtl2(this.epfd, EPOLL_CTL_ADD, this.readEnd, EPOLLIN, 0, 0), 'epoll_ctl');
    } catch (error) {
      this.close();
      throw error;
    }
    this.pollfd[0] = this.readEnd;
    new DataView(this.pollfd.buffer).setInt16(layout('pollfd').events as number, POLLIN, true);
    this.writefds = new BigUint64Array((this.writeEnd >> 6) + 1);
    this.writefds[this.writeEnd >> 6] = 1n << BigInt(this.writeEnd & 63);
  }

  #own(fd: number, syscall: string, path?: string): number {
    this.#fds.push(check(fd, syscall, path === undefined ? undefined : { path }));
    return fd;
  }

  close(): void {
    for (const fd of this.#fds.splice(0)) sys.close(fd);
  }
}

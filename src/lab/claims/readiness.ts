/** What the claims about waiting share: descriptors by the thousand, and figures of what was counted. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { check, SystemError } from '../../io/errors.ts';
import type { Evidence } from '../../model/evidence.ts';
import { EPOLL_CTL_ADD, epollCreate1, epollCtl2 } from '../../sys/epoll.ts';
import { close, F_DUPFD_CLOEXEC, fcntl, write } from '../../sys/fd.ts';
import { prlimit, RLIMIT_NOFILE } from '../../sys/process.ts';
import { AF_UNIX, SOCK_STREAM, socketpair } from '../../sys/socket.ts';
import { encodeRlimit, RLIMIT_SIZE, readRlimit } from '../../sys/structs.ts';
import { agree, type Control, type Reading } from './claim.ts';

/** A figure that one or more instruments counted; they agree or there is none. */
export function figure(unit: string, readings: Readonly<Record<string, Reading['value']>>): Evidence {
  return agree(
    unit,
    Object.entries(readings).map(([instrument, value]) => ({ instrument, value })),
  );
}

/** A run whose outcome is known. */
export const control = (what: string, expected: number, instrument: string, value: Reading['value']): Control => ({
  what,
  expected,
  measured: figure('count', { [instrument]: value }),
});

/** What a raw call failed with; 0 if it did not. */
export const errno = (result: number): number => (result < 0 ? -result : 0);

/** Descriptors that are closed together. */
export class Descriptors {
  readonly #owned: number[] = [];

  /** Takes what a creating call answered; throws SystemError if that is an errno. */
  keep(result: number, call: string): number {
    this.#owned.push(check(result, call));
    return result;
  }

  /** Two connected UNIX stream sockets. */
  pair(): [number, number] {
    const ends = new Int32Array(2);
    const result = socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    if (result < 0) throw new SystemError(-result, 'socketpair', { hint: `RLIMIT_NOFILE (ulimit -n) is ${nofile()}` });
    const [a = -1, b = -1] = ends;
    this.#owned.push(a, b);
    return [a, b];
  }

  /** Another number for the same open file, the lowest free one of at least `atLeast`. */
  duplicate(fd: number, atLeast = 3): number {
    const result = fcntl(fd, F_DUPFD_CLOEXEC, atLeast);
    if (result < 0) {
      const limit = nofile();
      // EINVAL is what the kernel answers where no number can be that high: descriptors are short in either case
      throw new SystemError(atLeast >= limit ? constants.errno.EMFILE : -result, 'fcntl(F_DUPFD)', {
        hint: `a descriptor of ${atLeast} or more is wanted; raise RLIMIT_NOFILE (ulimit -n), which is ${limit}`,
      });
    }
    this.#owned.push(result);
    return result;
  }

  duplicates(fd: number, count: number, atLeast = 3): number[] {
    return Array.from({ length: count }, () => this.duplicate(fd, atLeast));
  }

  epoll(): number {
    return this.keep(epollCreate1(0), 'epoll_create1');
  }

  /** Before its time: the number is free again afterwards. */
  close(fd: number): void {
    this.#owned.splice(this.#owned.lastIndexOf(fd), 1);
    close(fd);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#owned.splice(0)) close(fd);
  }
}

/** Has `epfd` watch `fd` for `events`; the event carries the descriptor's number. */
export function watch(epfd: number, fd: number, events: number): void {
  // EPOLLET is the sign bit of what JavaScript makes of flags
  check(epollCtl2(epfd, EPOLL_CTL_ADD, fd, events >>> 0, fd, 0), 'epoll_ctl');
}

/** How many descriptors an epoll object watches, as the kernel lists them in fdinfo. */
export function listedIn(epfd: number): Reading['value'] {
  try {
    return readFileSync(`/proc/self/fdinfo/${epfd}`, 'latin1')
      .split('\n')
      .filter((line) => line.startsWith('tfd:')).length;
  } catch (error) {
    return { missing: (error as Error).message };
  }
}

/** The soft limit: one more than the highest number that a descriptor can get. */
export function nofile(): number {
  const limit = new Uint8Array(RLIMIT_SIZE);
  check(prlimit(0, RLIMIT_NOFILE, null, limit), 'prlimit');
  return Number(readRlimit(limit).soft);
}

/** Runs `body` with a soft limit of `files` descriptors; those that are open already stay open. */
export function withNofile<T>(files: number, body: () => T): T {
  const old = new Uint8Array(RLIMIT_SIZE);
  check(prlimit(0, RLIMIT_NOFILE, null, old), 'prlimit');
  const { hard } = readRlimit(old);
  const hint = `the hard limit is ${hard} (ulimit -Hn)`;
  check(prlimit(0, RLIMIT_NOFILE, encodeRlimit({ soft: BigInt(files), hard }), null), 'prlimit', { hint });
  try {
    return body();
  } finally {
    check(prlimit(0, RLIMIT_NOFILE, old, null), 'prlimit');
  }
}

const BYTE = new Uint8Array(1);

/** Makes the peer of `fd` readable: one byte. */
export function send(fd: number): void {
  check(write(fd, BYTE), 'write');
}

/**
 * poll(2), ppoll(2): an array of descriptors with what to look for, answered in place.
 * Raw calls: numbers in, `>= 0` or `-errno` out, nothing retried. See `docs/sys/poll.md`.
 */
import { endianness } from 'node:os';
import { constant, layout, native, offsetOf } from '../native.ts';

const { sys } = native;

export const POLLIN = constant<'poll'>('POLLIN');
export const POLLPRI = constant<'poll'>('POLLPRI');
export const POLLOUT = constant<'poll'>('POLLOUT');
/** The peer has shut down its sending side. Must be asked for. Linux 2.6.17. */
export const POLLRDHUP = constant<'poll'>('POLLRDHUP');
/** An error is pending, or the reader of a pipe is gone. Told without being asked for. */
export const POLLERR = constant<'poll'>('POLLERR');
/** Both sides are shut, or a pipe's writer is gone: bytes may still be there to read. Told without being asked for. */
export const POLLHUP = constant<'poll'>('POLLHUP');
/** The descriptor is not open. Told without being asked for: poll answers no -EBADF. */
export const POLLNVAL = constant<'poll'>('POLLNVAL');

const pollfd = layout('pollfd');
/** `struct pollfd` in 32-bit words. */
export const POLLFD_WORDS = pollfd.size / 4;
const FD_WORD = offsetOf(pollfd, 'fd') / 4;
const MASK_WORD = offsetOf(pollfd, 'events') >> 2;
const shift = (offset: number) => 8 * (endianness() === 'LE' ? offset % 4 : 2 - (offset % 4));
const EVENTS_SHIFT = shift(offsetOf(pollfd, 'events'));
const REVENTS_SHIFT = shift(offsetOf(pollfd, 'revents'));

/** Fills record `index` of `fds`, which has {@link POLLFD_WORDS} words a record. A negative `fd` is passed over. */
export function setPollFd(fds: Int32Array, index: number, fd: number, events: number): void {
  if (!(index >= 0 && (index + 1) * POLLFD_WORDS <= fds.length))
    throw new RangeError(`setPollFd: index must be 0 to ${fds.length / POLLFD_WORDS - 1}, got ${index}`);
  fds[index * POLLFD_WORDS + FD_WORD] = fd;
  fds[index * POLLFD_WORDS + MASK_WORD] = (events & 0xffff) << EVENTS_SHIFT;
}

/** What the kernel answered for record `index`; 0 for one that is not in `fds`. */
export function pollRevents(fds: Int32Array, index: number): number {
  return ((fds[index * POLLFD_WORDS + MASK_WORD] ?? 0) >>> REVENTS_SHIFT) & 0xffff;
}

/**
 * **Blocks the calling thread** for up to `timeout` ms (-1: for ever).
 *
 * `int poll(struct pollfd *fds, nfds_t nfds, int timeout)` - answers how many of the first `nfds` records of `fds` have
 * something to tell ({@link pollRevents}); 0 when the time is up. A descriptor that is not open is told as POLLNVAL.
 *
 * `-EINTR` when a signal arrived, `-EINVAL` for more records than RLIMIT_NOFILE. Since Linux 2.1.23. poll(2).
 */
export const poll = sys.poll;

/**
 * **Blocks the calling thread** for up to `timeout`.
 *
 * `int ppoll(struct pollfd *fds, nfds_t nfds, const struct timespec *tmo_p, const sigset_t *sigmask)` - {@link poll}
 * with nanoseconds, and with `sigmask` (bit n - 1 is signal n, `null`: leave it) in force while it waits. `-EINTR`,
 * `-EINVAL` as {@link poll}. Since Linux 2.6.16. poll(2).
 */
export const ppoll = sys.ppoll;

/**
 * epoll(7): one object watches many descriptors and answers with those that are ready.
 * Raw calls: numbers in, `>= 0` or `-errno` out, nothing retried. See `docs/sys/epoll.md`.
 */
import { constant, layout, native, offsetOf } from '../native.ts';

const { sys } = native;

export const EPOLLIN = constant<'epoll'>('EPOLLIN');
export const EPOLLOUT = constant<'epoll'>('EPOLLOUT');
export const EPOLLPRI = constant<'epoll'>('EPOLLPRI');
export const EPOLLERR = constant<'epoll'>('EPOLLERR');
export const EPOLLHUP = constant<'epoll'>('EPOLLHUP');
export const EPOLLRDHUP = constant<'epoll'>('EPOLLRDHUP');
/** Edge-triggered: told once per change, not as long as it lasts. Linux 2.6. */
export const EPOLLET = constant<'epoll'>('EPOLLET');
/** Disabled after one event, until `EPOLL_CTL_MOD` arms it again. Linux 2.6.2. */
export const EPOLLONESHOT = constant<'epoll'>('EPOLLONESHOT');
/** Of several epoll objects watching one descriptor, wake one or a few, not all. Only with `EPOLL_CTL_ADD`. Linux 4.5. */
export const EPOLLEXCLUSIVE = constant<'epoll'>('EPOLLEXCLUSIVE');
/** Keep the system awake while the event is being handled; needs CAP_BLOCK_SUSPEND, else ignored. Linux 3.5. */
export const EPOLLWAKEUP = constant<'epoll'>('EPOLLWAKEUP');
/** Always added by {@link epollCreate1}; named here because it is what the kernel shows. */
export const EPOLL_CLOEXEC = constant<'epollCreate'>('EPOLL_CLOEXEC');

export const EPOLL_CTL_ADD = constant<'epollCtl'>('EPOLL_CTL_ADD');
export const EPOLL_CTL_MOD = constant<'epollCtl'>('EPOLL_CTL_MOD');
export const EPOLL_CTL_DEL = constant<'epollCtl'>('EPOLL_CTL_DEL');

const event = layout('epoll_event');
/** `struct epoll_event` in 32-bit words: it is packed on x86-64 (3 words) and padded on arm64 (4). */
export const EPOLL_EVENT_WORDS = event.size / 4;
/** Where in an event's words its 64 bits of data begin (low half first). */
export const EPOLL_DATA_WORD = offsetOf(event, 'data') / 4;

/**
 * `int epoll_create(int size)` - an epoll object, by the old call.
 *
 * `size` is ignored but must be > 0, else `-EINVAL`. The one creator without O_CLOEXEC: it has no flags to ask with.
 * Since Linux 2.6. epoll_create(2).
 */
export const epollCreate = sys.epollCreate;

/**
 * `int epoll_create1(int flags)` - an epoll object; `EPOLL_CLOEXEC` is always added.
 *
 * `-EMFILE` at RLIMIT_NOFILE. Since Linux 2.6.27. epoll_create(2).
 */
export const epollCreate1 = sys.epollCreate1;

/**
 * `int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)` - adds, changes or removes a descriptor.
 *
 * The event is passed as its two fields; `data` is 64 bits that come back with each event.
 * `-EEXIST` (already watched), `-ENOENT` (not watched), `-EPERM` (a regular file or directory cannot be watched),
 * `-EINVAL` (epfd itself; EPOLLEXCLUSIVE with MOD, ONESHOT or RDHUP), `-ELOOP` (nested too deep). Since Linux 2.6.
 * epoll_ctl(2).
 */
export const epollCtl = sys.epollCtl;

/** {@link epollCtl} with `data` as two numbers of 32 bits, since a bigint costs an allocation. */
export const epollCtl2 = sys.epollCtl2;

/**
 * **Blocks the calling thread** for up to `timeout` ms (-1: for ever).
 *
 * `int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)` - fills `events` and answers how
 * many. `events` is caller-owned memory for `maxevents` records of {@link EPOLL_EVENT_WORDS} words: nothing is allocated.
 * `-EINTR` when a signal arrived, `-EINVAL` for `maxevents <= 0` or a descriptor that is no epoll object. Since Linux 2.6.
 * epoll_wait(2).
 */
export const epollWait = sys.epollWait;

/**
 * **Blocks the calling thread** for up to `timeout`.
 *
 * `int epoll_pwait2(int epfd, struct epoll_event *events, int maxevents, const struct timespec *timeout,
 * const sigset_t *sigmask)` - {@link epollWait} with nanoseconds and a signal mask (bit n - 1 is signal n).
 * `-ENOSYS` before Linux 5.11. epoll_wait(2).
 */
export const epollPwait2 = sys.epollPwait2;

/**
 * pipe(2), splice(2), tee(2), vmsplice(2): the kernel's own buffer, and the calls that move pages through it.
 * Raw calls: numbers in, `>= 0` or `-errno` out, nothing retried. See `docs/sys/pipe.md`.
 */
import { constant, native } from '../native.ts';

const { sys } = native;

/** A hint to move pages instead of copying them. Does nothing since Linux 2.6.21. */
export const SPLICE_F_MOVE = constant<'splice'>('SPLICE_F_MOVE');
/** Do not wait for the pipe. Says nothing about the other descriptor, whose own O_NONBLOCK counts. */
export const SPLICE_F_NONBLOCK = constant<'splice'>('SPLICE_F_NONBLOCK');
/** More will follow: a TCP socket holds back a part-filled segment, as with MSG_MORE (up to 200 ms if nothing does). */
export const SPLICE_F_MORE = constant<'splice'>('SPLICE_F_MORE');
/** vmsplice: the pages are the kernel's from now on. Whoever touches them afterwards corrupts what is sent. */
export const SPLICE_F_GIFT = constant<'splice'>('SPLICE_F_GIFT');

/**
 * `int pipe2(int pipefd[2], int flags)` - a pipe; `pipefd` takes its read end and its write end. `O_CLOEXEC` is always
 * added; `flags` may hold `O_NONBLOCK` and `O_DIRECT` (packets, Linux 3.4).
 *
 * `-EMFILE` at RLIMIT_NOFILE, `-EINVAL` for other flags, `-ENFILE` also where the user's pipe pages are used up
 * (/proc/sys/fs/pipe-user-pages-hard). Since Linux 2.6.27. pipe(2).
 */
export const pipe2 = sys.pipe2;

/**
 * **Blocks the calling thread** until the pipe has bytes or room (unless SPLICE_F_NONBLOCK), and on the other
 * descriptor unless that one is non-blocking.
 *
 * `ssize_t splice(int fd_in, off_t *off_in, int fd_out, off_t *off_out, size_t len, unsigned int flags)` - moves up to
 * `len` bytes, one end of which is a pipe, by handing over references to pages. Answers how many; 0 at the end of the
 * file or when all writers of the pipe have gone. `null` for an offset uses and moves that file's own position.
 *
 * `-EAGAIN` (pipe empty or full, or the socket not ready: it does not tell which), `-EPIPE` (the reader or peer is
 * gone; never a signal; what was taken into the pipe before stays in it), `-EINVAL` (neither is a pipe, both are the
 * same pipe, `fdOut` has O_APPEND, or the file system cannot), `-ESPIPE` (an offset for a pipe), `-EBADF`. Since Linux
 * 2.6.17; pipe to pipe since 2.6.31. splice(2).
 */
export const splice = sys.splice;

/**
 * **Blocks the calling thread** as {@link splice} does.
 *
 * The same system call without an `off_out`, and with -1 for an `offIn` of `NULL`: for loops, since each `null` costs more
 * to recognise than a number costs to read (`docs/calls.md`). What it answers is what {@link splice} answers.
 */
export const spliceAt = sys.spliceAt;

/**
 * **Blocks the calling thread** until `fdIn` has bytes and `fdOut` room (unless SPLICE_F_NONBLOCK).
 *
 * `ssize_t tee(int fd_in, int fd_out, size_t len, unsigned int flags)` - gives `fdOut` references to the bytes in
 * `fdIn`, which stay there. Both are pipes. Answers how many bytes; 0 when `fdIn` is empty and all its writers have
 * gone.
 *
 * `-EAGAIN`, `-EPIPE` (`fdOut` has no reader; never a signal), `-EINVAL` (not two different pipes), `-EBADF`.
 * Since Linux 2.6.17. tee(2).
 */
export const tee = sys.tee;

/**
 * **Blocks the calling thread** until the pipe has room (unless SPLICE_F_NONBLOCK).
 *
 * `ssize_t vmsplice(int fd, const struct iovec *iov, size_t nr_segs, unsigned int flags)` - puts references to user
 * pages into a pipe (or, on a read end, copies the pipe's bytes into them). `iov` is a Float64Array of pairs (address,
 * length), each inside a mapping that `mmap` made in this thread: a Buffer is refused, since its pages would be reused
 * while the pipe still refers to them. What you write there before the bytes are consumed is what is read.
 *
 * `-EAGAIN` (full), `-EPIPE` (no reader; never a signal), `-EBADF` (not a pipe), `-EINVAL` (more than 1024 segments),
 * `-EFAULT` (the pages cannot be had). Since Linux 2.6.17. vmsplice(2).
 */
export const vmsplice = sys.vmsplice;

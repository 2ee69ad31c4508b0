/**
 * sendfile(2), copy_file_range(2): bytes from a file to a socket, or from file to file, without a user buffer.
 * Raw calls: numbers in, `>= 0` or `-errno` out, nothing retried. See `docs/sys/sendfile.md`.
 */
import { constant, native } from '../native.ts';

const { sys } = native;

/** The most bytes that one call moves, whatever was asked for: 0x7ffff000 (2 GiB less one page of 4 KiB). */
export const MAX_RW_COUNT = constant<'size'>('MAX_RW_COUNT');

/**
 * **Blocks the calling thread** until `outFd` takes bytes (unless it is non-blocking), and on every page of `inFd` that
 * is not in the page cache (always).
 *
 * `ssize_t sendfile(int out_fd, int in_fd, off_t *offset, size_t count)` - sends up to `count` bytes of a file; answers
 * how many, at most {@link MAX_RW_COUNT}. The argument order is the kernel's: where to, then where from.
 *
 * With an `offset` the file's own position is neither used nor moved, and the next offset is `offset` + the result.
 * With `null` the file's position is used and moved. 0 means that the file ends here: when bytes are left of what you
 * promised, the file has shrunk, and asking again will answer 0 for ever.
 *
 * `-EAGAIN` (`outFd` is non-blocking and full; O_NONBLOCK on `inFd` changes nothing), `-EPIPE` and `-ECONNRESET`
 * (the peer is gone; never a signal), `-EINVAL` (`inFd` cannot be read through the page cache: a socket, a pipe, a
 * file of /proc; or `outFd` has O_APPEND; or a negative `offset`), `-ESPIPE` (an `offset` for an `inFd` that cannot
 * seek), `-EOVERFLOW` (an `offset` beyond the largest file of this file system), `-EBADF` (`inFd` not open for
 * reading, `outFd` not for writing). Since Linux 2.2; `outFd` may be any file since 2.6.33. sendfile(2).
 */
export const sendfile = sys.sendfile;

/**
 * **Blocks the calling thread** until the bytes are copied.
 *
 * `ssize_t copy_file_range(int fd_in, off_t *off_in, int fd_out, off_t *off_out, size_t len, unsigned int flags)` -
 * copies between two regular files inside the kernel, or shares their blocks where the file system can. Answers how
 * many bytes; 0 at the end of `fdIn`. `null` for an offset uses and moves that file's own position. `flags` must be 0.
 *
 * `-EINVAL` (not a regular file, overlapping ranges of one file, flags), `-EBADF` (not open for this direction, or
 * `fdOut` has O_APPEND), `-EISDIR`, `-EXDEV` (another file system, before Linux 5.3 and, of another type, since 5.19),
 * `-ENOSPC`, `-EFBIG`, `-ETXTBSY` (a swap file), `-EOPNOTSUPP` (this file system cannot). Files that claim a size of 0,
 * as in /proc, answer 0. Since Linux 4.5. copy_file_range(2).
 */
export const copyFileRange = sys.copyFileRange;

/**
 * Descriptors and what is read and written through them: open(2), read(2), lseek(2), fcntl(2) and their kin.
 * Raw calls: numbers in, `>= 0` or `-errno` out, nothing retried, short counts given back. See `docs/sys/fd.md`.
 *
 * Every call answers `-EBADF` for a descriptor that is closed or opened the wrong way round, and throws ERR_FOREIGN_FD for
 * one that Node's event loop lives on. A regular file or directory is always "ready", and reading it may wait for the disk
 * all the same: O_NONBLOCK changes nothing there, only {@link RWF_NOWAIT} does.
 */
import { constant, native } from '../native.ts';

const { sys } = native;

/** In place of a directory's descriptor: relative paths begin at the current directory. */
export const AT_FDCWD: number = constant('AT_FDCWD');

export const O_RDONLY = constant<'open'>('O_RDONLY');
export const O_WRONLY = constant<'open'>('O_WRONLY');
export const O_RDWR = constant<'open'>('O_RDWR');
export const O_CREAT = constant<'open'>('O_CREAT');
export const O_EXCL = constant<'open'>('O_EXCL');
export const O_TRUNC = constant<'open'>('O_TRUNC');
/** Each write goes to the end, pwrite included; sendfile, splice and copy_file_range refuse such a target (`-EINVAL`). */
export const O_APPEND = constant<'open'>('O_APPEND');
export const O_NONBLOCK = constant<'open'>('O_NONBLOCK');
/** Past the page cache: address, offset and count must be multiples of the device's block, else `-EINVAL`. */
export const O_DIRECT = constant<'open'>('O_DIRECT');
export const O_DIRECTORY = constant<'open'>('O_DIRECTORY');
export const O_NOFOLLOW = constant<'open'>('O_NOFOLLOW');
/** Names a place and opens nothing: good for `dirfd` and fstat, `-EBADF` for reading. Linux 2.6.39. */
export const O_PATH = constant<'open'>('O_PATH');
/** A file without a name in the directory `path`. Linux 3.11. */
export const O_TMPFILE = constant<'open'>('O_TMPFILE');
export const O_NOCTTY = constant<'open'>('O_NOCTTY');
/** Set on every descriptor made here, whether asked for or not. */
export const O_CLOEXEC = constant<'open'>('O_CLOEXEC');
export const O_DSYNC = constant<'open'>('O_DSYNC');

/** Nothing outside `dirfd`: no `..` above it, no absolute path, no link that leads out. */
export const RESOLVE_BENEATH = constant<'resolve'>('RESOLVE_BENEATH');
/** `dirfd` is `/`: absolute paths and links begin there, and `..` stays there. */
export const RESOLVE_IN_ROOT = constant<'resolve'>('RESOLVE_IN_ROOT');
/** No `/proc/PID/fd` kind of link, which leads to an object and not to a path. */
export const RESOLVE_NO_MAGICLINKS = constant<'resolve'>('RESOLVE_NO_MAGICLINKS');
export const RESOLVE_NO_SYMLINKS = constant<'resolve'>('RESOLVE_NO_SYMLINKS');
export const RESOLVE_NO_XDEV = constant<'resolve'>('RESOLVE_NO_XDEV');
/** Only what can be looked up without waiting for a disk, else `-EAGAIN`. Linux 5.12. */
export const RESOLVE_CACHED = constant<'resolve'>('RESOLVE_CACHED');

/** Do not wait: only what is in the page cache or the pipe, else `-EAGAIN`. Reads Linux 4.14, writes 4.16. */
export const RWF_NOWAIT = constant<'rwf'>('RWF_NOWAIT');
/** Use the page cache in passing and drop what was brought in. Linux 6.14, and a file system that knows it. */
export const RWF_DONTCACHE = constant<'rwf'>('RWF_DONTCACHE');
export const RWF_HIPRI = constant<'rwf'>('RWF_HIPRI');
export const RWF_DSYNC = constant<'rwf'>('RWF_DSYNC');
/** This write goes to the end, whatever `offset` says. Linux 4.16. */
export const RWF_APPEND = constant<'rwf'>('RWF_APPEND');

export const SEEK_SET = constant<'seek'>('SEEK_SET');
export const SEEK_CUR = constant<'seek'>('SEEK_CUR');
export const SEEK_END = constant<'seek'>('SEEK_END');
/** To the next byte at or after `offset` that may be stored. `-ENXIO` when there is none. */
export const SEEK_DATA = constant<'seek'>('SEEK_DATA');
/** To the next hole at or after `offset`; the end of the file counts as one. */
export const SEEK_HOLE = constant<'seek'>('SEEK_HOLE');

export const FALLOC_FL_KEEP_SIZE = constant<'fallocate'>('FALLOC_FL_KEEP_SIZE');
/** Gives blocks back and leaves zeros. Only together with {@link FALLOC_FL_KEEP_SIZE}. */
export const FALLOC_FL_PUNCH_HOLE = constant<'fallocate'>('FALLOC_FL_PUNCH_HOLE');
export const FALLOC_FL_ZERO_RANGE = constant<'fallocate'>('FALLOC_FL_ZERO_RANGE');

export const POSIX_FADV_NORMAL = constant<'fadvise'>('POSIX_FADV_NORMAL');
export const POSIX_FADV_SEQUENTIAL = constant<'fadvise'>('POSIX_FADV_SEQUENTIAL');
export const POSIX_FADV_RANDOM = constant<'fadvise'>('POSIX_FADV_RANDOM');
export const POSIX_FADV_WILLNEED = constant<'fadvise'>('POSIX_FADV_WILLNEED');
/** Drops clean pages of the range from the page cache; dirty ones stay: {@link fdatasync} first. */
export const POSIX_FADV_DONTNEED = constant<'fadvise'>('POSIX_FADV_DONTNEED');
export const POSIX_FADV_NOREUSE = constant<'fadvise'>('POSIX_FADV_NOREUSE');

/** Answered as {@link F_DUPFD_CLOEXEC}: no duplicate is made that a child would inherit. */
export const F_DUPFD = constant<'fcntl'>('F_DUPFD');
/** The lowest free number that is at least `arg`. */
export const F_DUPFD_CLOEXEC = constant<'fcntl'>('F_DUPFD_CLOEXEC');
export const F_GETFD = constant<'fcntl'>('F_GETFD');
export const F_SETFD = constant<'fcntl'>('F_SETFD');
export const F_GETFL = constant<'fcntl'>('F_GETFL');
export const F_SETFL = constant<'fcntl'>('F_SETFL');
/** Bytes that the pipe can hold. Linux 2.6.35. */
export const F_GETPIPE_SZ = constant<'fcntl'>('F_GETPIPE_SZ');
/** Rounded up to a power of two pages; answers what it became. */
export const F_SETPIPE_SZ = constant<'fcntl'>('F_SETPIPE_SZ');
export const F_ADD_SEALS = constant<'fcntl'>('F_ADD_SEALS');
export const F_GET_SEALS = constant<'fcntl'>('F_GET_SEALS');
export const FD_CLOEXEC = constant<'fdFlag'>('FD_CLOEXEC');

export const F_SEAL_SEAL = constant<'seal'>('F_SEAL_SEAL');
/** The file never gets shorter, so that a mapping of it cannot raise SIGBUS. */
export const F_SEAL_SHRINK = constant<'seal'>('F_SEAL_SHRINK');
export const F_SEAL_GROW = constant<'seal'>('F_SEAL_GROW');
/** No more writing. `-EBUSY` while somebody has it mapped writable and shared. */
export const F_SEAL_WRITE = constant<'seal'>('F_SEAL_WRITE');
/** No new ways to write; mappings that are there may go on. Linux 5.1. */
export const F_SEAL_FUTURE_WRITE = constant<'seal'>('F_SEAL_FUTURE_WRITE');

export const MFD_CLOEXEC = constant<'memfd'>('MFD_CLOEXEC');
export const MFD_ALLOW_SEALING = constant<'memfd'>('MFD_ALLOW_SEALING');

/** The bits of `st_mode` that tell what kind of file it is: `(mode & S_IFMT) === S_IFREG`. */
export const S_IFMT = constant<'mode'>('S_IFMT');
export const S_IFREG = constant<'mode'>('S_IFREG');
export const S_IFDIR = constant<'mode'>('S_IFDIR');
export const S_IFIFO = constant<'mode'>('S_IFIFO');
export const S_IFSOCK = constant<'mode'>('S_IFSOCK');
export const S_IFLNK = constant<'mode'>('S_IFLNK');
export const S_IFCHR = constant<'mode'>('S_IFCHR');
export const S_IFBLK = constant<'mode'>('S_IFBLK');

/** Bytes of the longest path, its final NUL included. */
export const PATH_MAX: number = constant('PATH_MAX');

/**
 * **May block** on a FIFO until its other end is opened, and on a disk or a network file system.
 *
 * `int openat(int dirfd, const char *path, int flags, mode_t mode)` - opens a file; O_CLOEXEC is always added.
 *
 * `mode` matters with {@link O_CREAT} and {@link O_TMPFILE} only, less the umask. Unknown flags are ignored.
 * `-ENOENT`, `-EEXIST` (O_CREAT with O_EXCL), `-EACCES`, `-EISDIR` (a directory for writing), `-ENOTDIR` (a file within the
 * path, or as `dirfd`), `-ELOOP` (a link, with O_NOFOLLOW; or links in a circle), `-ENXIO` (a FIFO for writing with O_NONBLOCK
 * and nobody reads), `-ENAMETOOLONG`, `-EMFILE` (RLIMIT_NOFILE). Since Linux 2.6.16. open(2).
 */
export const openat = sys.openat;

/**
 * **May block**, as {@link openat}.
 *
 * `long openat2(int dirfd, const char *path, const struct open_how *how, size_t size)` - opens a file under rules for how
 * its path may be walked; the structure is passed as its three fields.
 *
 * `-EXDEV` (the path leaves `dirfd`, or a mount), `-ELOOP` (a link that `resolve` forbids), `-EAGAIN` (RESOLVE_CACHED and it
 * is not in the cache, or a rename elsewhere raced with `..`: try again), `-EINVAL` (an unknown flag, or `mode` without
 * O_CREAT: here nothing is ignored). `-ENOSYS` before Linux 5.6. openat2(2).
 */
export const openat2 = sys.openat2;

/**
 * **May block** where closing writes data back (NFS, FUSE, SO_LINGER).
 *
 * `int close(int fd)` - gives back a descriptor that these calls made in this thread, or that was adopted.
 *
 * Throws ERR_FOREIGN_FD for any other, also for one that is closed already: its number may be somebody else's by now.
 * `-EBUSY` while the runtime watches it, and it stays open. Whatever the kernel answers (`-EIO`, `-EINTR`, `-ENOSPC`), it is
 * gone; never call it again. close(2), NOTES.
 */
export const close = sys.close;

/**
 * **May block** until there is something to read, unless O_NONBLOCK is set.
 *
 * `ssize_t read(int fd, void *buf, size_t count)` - reads into `count` bytes of `buf`, from its byte `at`, and moves the
 * file's position. Both default to the whole buffer.
 *
 * 0 is the end of the file, or no writer left. Fewer bytes than asked for are normal. At most 2,147,479,552 a call.
 * `-EAGAIN` (nothing there, O_NONBLOCK), `-EISDIR`, `-EINVAL` (O_DIRECT and unaligned), `-EFAULT` (an address in a mapping
 * whose file has shrunk), `-EINTR` (a signal before the first byte). read(2).
 */
export const read = sys.read;

/**
 * **May block** until there is room, unless O_NONBLOCK is set.
 *
 * `ssize_t write(int fd, const void *buf, size_t count)` - writes `count` bytes of `buf`, from its byte `at`.
 *
 * Fewer bytes than asked for are normal. `-EAGAIN` (no room, O_NONBLOCK), `-EPIPE` (nobody reads any more; no signal is
 * raised), `-ENOSPC`, `-EFBIG` (past the largest file), `-EPERM` (sealed), `-EFAULT`, `-EINTR`. write(2).
 */
export const write = sys.write;

/**
 * **May block** on the disk.
 *
 * `ssize_t pread(int fd, void *buf, size_t count, off_t offset)` - {@link read} at `offset`; the position stays.
 *
 * `-ESPIPE` (a pipe or a socket), `-EINVAL` (`offset < 0`, or `offset + count` beyond 2^63 - 1), `-EISDIR`. pread(2).
 */
export const pread = sys.pread;

/**
 * **May block** on the disk.
 *
 * `ssize_t pwrite(int fd, const void *buf, size_t count, off_t offset)` - {@link write} at `offset`; the position stays.
 *
 * With O_APPEND Linux writes to the end and ignores `offset`. `-ESPIPE`, `-EINVAL` (as {@link pread}), `-EFBIG`, `-EPERM`
 * (sealed). pwrite(2), BUGS.
 */
export const pwrite = sys.pwrite;

/**
 * **May block**, as {@link read}.
 *
 * `ssize_t readv(int fd, const struct iovec *iov, int iovcnt)` - fills the buffers one after another.
 *
 * At most 1,024 buffers (RangeError). Errors as {@link read}. readv(2).
 */
export const readv = sys.readv;

/**
 * **May block**, as {@link write}.
 *
 * `ssize_t writev(int fd, const struct iovec *iov, int iovcnt)` - writes the buffers as one piece.
 *
 * A short count may end inside any of them. Errors as {@link write}. writev(2).
 */
export const writev = sys.writev;

/**
 * **May block**, unless `flags` has {@link RWF_NOWAIT}.
 *
 * `ssize_t preadv2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags)` - {@link readv} at `offset` (-1: at
 * the file's position, which moves) under flags for this call alone.
 *
 * `-EAGAIN` (RWF_NOWAIT and the first byte is not at hand; else a short count), `-EOPNOTSUPP` (a flag that this kernel or file
 * system does not know), `-ESPIPE`, `-EINVAL` (`offset < -1`). Since Linux 4.6. readv(2).
 */
export const preadv2 = sys.preadv2;

/**
 * **May block**, unless `flags` has {@link RWF_NOWAIT}.
 *
 * `ssize_t pwritev2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags)` - {@link writev} at `offset` under
 * flags for this call alone.
 *
 * Errors as {@link preadv2} and {@link pwrite}; ext4 has no RWF_NOWAIT for buffered writes (`-EOPNOTSUPP`).
 * Since Linux 4.6. readv(2).
 */
export const pwritev2 = sys.pwritev2;

/**
 * `off_t lseek(int fd, off_t offset, int whence)` - moves the file's position and answers it.
 *
 * `-ESPIPE` (a pipe or a socket), `-EINVAL` (before 0 or beyond the largest file; an unknown `whence`), `-ENXIO` (SEEK_DATA or
 * SEEK_HOLE at or past the end), `-EOVERFLOW` (it moved to beyond 2^53 - 1, which no number can say).
 * SEEK_DATA since Linux 3.1. lseek(2).
 */
export const lseek = sys.lseek;

/**
 * `int fstat(int fd, struct stat *statbuf)` - what kind of file it is, its size and times; `readStat` decodes it.
 *
 * `statbuf` has at least `STAT_SIZE` bytes, aligned to 8. A network file system may ask its server. fstat(2).
 */
export const fstat = sys.fstat;

/**
 * **May block** on the disk.
 *
 * `int ftruncate(int fd, off_t length)` - cuts the file, or makes it longer by a hole.
 *
 * A page that somebody mapped and that is gone raises SIGBUS there. `-EINVAL` (`length < 0`, not open for writing, no regular
 * file), `-EFBIG`, `-EPERM` (sealed). ftruncate(2).
 */
export const ftruncate = sys.ftruncate;

/**
 * **May block** on the disk.
 *
 * `int fallocate(int fd, int mode, off_t offset, off_t len)` - reserves, zeroes or gives back the blocks of a range.
 *
 * `-EINVAL` (`offset < 0`, `len <= 0`), `-EFBIG`, `-ENOSPC`, `-ESPIPE` (a pipe), `-EOPNOTSUPP` (this file system has no such
 * mode; PUNCH_HOLE without KEEP_SIZE), `-EPERM` (sealed). Since Linux 2.6.23. fallocate(2).
 */
export const fallocate = sys.fallocate;

/**
 * **Blocks the calling thread** until the data is on the disk.
 *
 * `int fdatasync(int fd)` - writes back the file's data, and of its metadata what is needed to read it.
 *
 * `-EINVAL` (a pipe or a socket), `-EIO` (told once per descriptor, then forgotten). fdatasync(2).
 */
export const fdatasync = sys.fdatasync;

/**
 * **May block** with {@link POSIX_FADV_WILLNEED}, which may wait for the device's queue.
 *
 * `int posix_fadvise(int fd, off_t offset, off_t len, int advice)` - tells how the range will be used; `len` 0 is to the end.
 *
 * `-ESPIPE` (a pipe), `-EINVAL` (unknown advice, `len < 0`). posix_fadvise(2).
 */
export const fadvise = sys.fadvise;

/**
 * `int dup3(int oldfd, int newfd, int flags)` - makes `newfd` a second number for `oldfd`; O_CLOEXEC is always added.
 *
 * **Closes without a word what `newfd` was**: so that must be ours or free, else it throws ERR_FOREIGN_FD. For any free
 * number use {@link F_DUPFD_CLOEXEC}. Both share one file position. `-EINVAL` (the two are equal), `-EBADF` (`newfd` negative,
 * or at or beyond RLIMIT_NOFILE), `-EBUSY` (the runtime watches `newfd`). Since Linux 2.6.27. dup(2).
 */
export const dup3 = sys.dup3;

/**
 * `int fcntl(int fd, int cmd, int arg)` - asks or changes a descriptor, a pipe or a memfd; pass 0 where `cmd` takes nothing.
 *
 * Only the commands exported here: the others take a pointer, and answer `-EINVAL` before the kernel is asked.
 * `-EMFILE`, `-EINVAL` (F_DUPFD at or beyond RLIMIT_NOFILE; seals on what is no memfd), `-EBUSY` (F_SETPIPE_SZ below what the
 * pipe holds; F_SEAL_WRITE), `-EPERM` (beyond /proc/sys/fs/pipe-max-size without CAP_SYS_RESOURCE; sealed against seals),
 * `-EBADF` (F_GETPIPE_SZ on no pipe). fcntl(2).
 */
export const fcntl = sys.fcntl;

/**
 * `int ioctl(int fd, FIONREAD, int *argp)` - bytes that can be read at once from a pipe, a socket or a file (from its position).
 *
 * The one ioctl of this family. `-EOVERFLOW` (a file whose position is behind its end, or 2 GiB before it), `-ENOTTY` (a
 * directory), `-EINVAL` (an epoll object). ioctl_tty(2), pipe(7), tcp(7).
 */
export const fionread = sys.fionread;

/**
 * `int memfd_create(const char *name, unsigned int flags)` - a file that lives in memory; `MFD_CLOEXEC` is always added.
 *
 * `name` is for /proc/self/fd only and may repeat. Without {@link MFD_ALLOW_SEALING} it is sealed against seals (`-EPERM`).
 * `-EINVAL` (an unknown flag, a name of more than 249 bytes), `-EMFILE`. Since Linux 3.17. memfd_create(2).
 */
export const memfdCreate = sys.memfdCreate;

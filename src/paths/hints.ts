/** Why a call that moves data was refused, and which path would work. Asked only after a failure. */
import { constants as os } from 'node:os';
import {
  F_GETFL,
  fcntl,
  fstat,
  O_APPEND,
  O_RDWR,
  O_WRONLY,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from '../sys/fd.ts';
import { readStat, STAT_SIZE } from '../sys/structs.ts';

const { EACCES, EBADF, EFAULT, EINVAL, EISDIR, ENODEV, ENOSYS, EOPNOTSUPP, EPERM, EPIPE, ESPIPE } = os.errno;

const kinds = new Map([
  [S_IFREG, 'a regular file'],
  [S_IFDIR, 'a directory'],
  [S_IFIFO, 'a pipe'],
  [S_IFSOCK, 'a socket'],
  [S_IFCHR, 'a character device'],
  [S_IFBLK, 'a block device'],
]);

/**
 * The cause of `errno` in words, where looking at the two descriptors tells more than the number does. The calls made for
 * that are added to `ledger.calls`.
 */
export function explain(
  ledger: { calls: number },
  errno: number,
  syscall: string,
  fd: number,
  socket: number,
): string | undefined {
  if (syscall === 'vmsplice' && errno === EINVAL) errno = EOPNOTSUPP;
  switch (errno) {
    case EPIPE:
      return 'the peer has closed the connection';
    case EFAULT:
      return 'a page of the file could not be read: the device failed, or the file is being truncated over and over';
    case ENOSYS:
    case EOPNOTSUPP:
    case EPERM:
      return `this kernel, file system or sandbox refuses ${syscall}; the path read-write needs none of it`;
    case EBADF:
    case EINVAL:
    case ESPIPE:
    case EACCES:
    case EISDIR:
    case ENODEV:
      return trap(ledger, fd, socket);
    default:
      return undefined;
  }
}

function trap(ledger: { calls: number }, fd: number, socket: number): string | undefined {
  ledger.calls += 2;
  const inFlags = fcntl(fd, F_GETFL, 0);
  const outFlags = fcntl(socket, F_GETFL, 0);
  if (inFlags < 0) return `file.fd ${fd} is not open`;
  if (outFlags < 0) return `socket ${socket} is not open`;
  const kind = kindOf(ledger, fd);
  if (kind === 'a pipe' || kind === 'a socket')
    return `file.fd ${fd} is ${kind}, which has no offsets: splice(2) it to the socket directly`;
  if (kind !== 'a regular file') return `file.fd ${fd} is ${kind}; paths send regular files`;
  if ((inFlags & (O_WRONLY | O_RDWR)) === O_WRONLY)
    return `file.fd ${fd} is open for writing only; open it with O_RDONLY`;
  if ((outFlags & (O_WRONLY | O_RDWR)) === 0) return `the target ${socket} is open for reading only`;
  if ((outFlags & O_APPEND) !== 0)
    return `the target ${socket} is open with O_APPEND, where sendfile and splice write nothing; the path read-write does`;
  const target = kindOf(ledger, socket);
  if (target !== 'a socket') return `the target ${socket} is ${target}; the path read-write writes to anything`;
  return 'the file system of the source does not support this call; the path read-write works with every file system';
}

function kindOf(ledger: { calls: number }, fd: number): string {
  ledger.calls++;
  const record = new Uint8Array(STAT_SIZE);
  return fstat(fd, record) < 0 ? 'not open' : (kinds.get(readStat(record).mode & S_IFMT) ?? 'of an unknown kind');
}

/** Whether a size of 0 means an empty file: pipes, sockets and devices have that size, too. */
export function isRegular(mode: number): boolean {
  return (mode & S_IFMT) === S_IFREG;
}

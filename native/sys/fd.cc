// open(2), openat2(2), close(2), read(2), write(2), pread(2), readv(2), preadv2(2), lseek(2), fstat(2), ftruncate(2),
// fallocate(2), fdatasync(2), posix_fadvise(2), dup3(2), fcntl(2), ioctl_tty(2) for FIONREAD, memfd_create(2).
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/memfd.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "families.h"

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 0x00000008
#endif
#ifndef RWF_DONTCACHE  // Linux 6.14
#define RWF_DONTCACHE 0x00000080
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace iolab::sys {
namespace {

long openat(Env& env, Fd dirfd, const Path& path, int flags, unsigned mode) {
  return own(env, call(SYS_openat, dirfd.n, path.text, flags | O_CLOEXEC, mode));
}
long openat2(Env& env, Fd dirfd, const Path& path, Size flags, Size mode, Size resolve) {
  struct open_how how = {flags.n | O_CLOEXEC, mode.n, resolve.n};
  return own(env, call(SYS_openat2, dirfd.n, path.text, &how, sizeof how));
}
long close(Env& env, OwnFd fd) {
  if (env.watched.has(fd.n)) return -EBUSY;  // as munmap with a view: watchClose() comes first
  // The number is free once the kernel was asked, whatever it answers (close(2), NOTES): never ours to close again.
  env.owned.remove(fd.n);
  return call(SYS_close, fd.n);
}
long read(Fd fd, Memory buf, Count count, From at) { return call(SYS_read, fd.n, buf.data + at.n, count.n); }
long write(Env& env, Fd fd, Memory buf, Count count, From at) {
  return call_without_sigpipe(env, SYS_write, fd.n, buf.data + at.n, count.n);
}
long pread(Fd fd, Memory buf, Count count, Offset offset, From at) {
  return call(SYS_pread64, fd.n, buf.data + at.n, count.n, offset.n);
}
long pwrite(Fd fd, Memory buf, Count count, Offset offset, From at) {
  return call(SYS_pwrite64, fd.n, buf.data + at.n, count.n, offset.n);
}
long readv(Fd fd, const IoVec& iov) { return call(SYS_readv, fd.n, iov.v, iov.n); }
long writev(Env& env, Fd fd, const IoVec& iov) { return call_without_sigpipe(env, SYS_writev, fd.n, iov.v, iov.n); }
long preadv2(Fd fd, const IoVec& iov, Offset offset, int flags) {
  // the offset is passed in two halves; the kernel ignores the upper one on 64-bit machines
  return call(SYS_preadv2, fd.n, iov.v, iov.n, offset.n, 0, flags);
}
long pwritev2(Env& env, Fd fd, const IoVec& iov, Offset offset, int flags) {
  return call_without_sigpipe(env, SYS_pwritev2, fd.n, iov.v, iov.n, offset.n, 0, flags);
}
long lseek(Fd fd, Offset offset, int whence) {
  long r = call(SYS_lseek, fd.n, offset.n, whence);
  return r > static_cast<long>(kMaxSafe) ? -EOVERFLOW : r;  // a number could not say where
}
long fstat(Fd fd, Struct<struct stat> out) { return call(SYS_fstat, fd.n, out.p); }
long ftruncate(Fd fd, Offset length) { return call(SYS_ftruncate, fd.n, length.n); }
long fallocate(Fd fd, int mode, Offset offset, Offset length) {
  return call(SYS_fallocate, fd.n, mode, offset.n, length.n);
}
long fdatasync(Fd fd) { return call(SYS_fdatasync, fd.n); }
long fadvise(Fd fd, Offset offset, Offset length, int advice) {
  return call(SYS_fadvise64, fd.n, offset.n, length.n, advice);
}
long dup3(Env& env, Fd oldfd, TargetFd newfd, int flags) {
  if (env.watched.has(newfd.n)) return -EBUSY;
  return own(env, call(SYS_dup3, oldfd.n, newfd.n, flags | O_CLOEXEC));
}
long fcntl(Env& env, Fd fd, int cmd, int arg) {
  switch (cmd) {
    case F_DUPFD:
      cmd = F_DUPFD_CLOEXEC;
      [[fallthrough]];
    case F_DUPFD_CLOEXEC:
      return own(env, call(SYS_fcntl, fd.n, cmd, arg));
    case F_SETFD:
      if ((arg & FD_CLOEXEC) == 0) return -EINVAL;  // a child would inherit it: hand it over by spawn's stdio instead
      return call(SYS_fcntl, fd.n, cmd, arg);
    case F_GETFD:
    case F_GETFL:
    case F_SETFL:
    case F_GETPIPE_SZ:
    case F_SETPIPE_SZ:
    case F_ADD_SEALS:
    case F_GET_SEALS:
      return call(SYS_fcntl, fd.n, cmd, arg);
    default:
      return -EINVAL;  // the others take a pointer, which a number must never become
  }
}
long fionread(Fd fd) {
  int bytes = 0;
  long r = call(SYS_ioctl, fd.n, FIONREAD, &bytes);
  // of a regular file the kernel answers size - position, cut to an int: negative behind the end, or before it by 2 GiB
  return r < 0 ? r : bytes < 0 ? -EOVERFLOW : bytes;
}
long memfd_create(Env& env, const Path& name, unsigned flags) {
  return own(env, call(SYS_memfd_create, name.text, flags | MFD_CLOEXEC));
}

constexpr Method methods[] = {
    method<openat>("openat", "dirfd path flags mode"),
    method<openat2>("openat2", "dirfd path flags mode resolve"),
    method<close>("close", "fd"),
    hot<read>("read", "fd buf count at"),
    hot<write>("write", "fd buf count at"),
    hot<pread>("pread", "fd buf count offset at"),
    hot<pwrite>("pwrite", "fd buf count offset at"),
    method<readv>("readv", "fd iov"),
    method<writev>("writev", "fd iov"),
    method<preadv2>("preadv2", "fd iov offset flags"),
    method<pwritev2>("pwritev2", "fd iov offset flags"),
    hot<lseek>("lseek", "fd offset whence"),
    hot<fstat>("fstat", "fd statbuf"),
    method<ftruncate>("ftruncate", "fd length"),
    method<fallocate>("fallocate", "fd mode offset len"),
    method<fdatasync>("fdatasync", "fd"),
    method<fadvise>("fadvise", "fd offset len advice"),
    method<dup3>("dup3", "oldfd newfd flags"),
    method<fcntl>("fcntl", "fd cmd arg"),
    hot<fionread>("fionread", "fd"),
    method<memfd_create>("memfdCreate", "name flags"),
};
// clang-format off
constexpr Constant constants[] = {
    K(AT_FDCWD),        K(O_RDONLY),          K(O_WRONLY),          K(O_RDWR),
    K(O_CREAT),         K(O_EXCL),            K(O_TRUNC),           K(O_APPEND),
    K(O_NONBLOCK),      K(O_DIRECT),          K(O_DIRECTORY),       K(O_NOFOLLOW),
    K(O_PATH),          K(O_TMPFILE),         K(O_NOCTTY),          K(O_CLOEXEC),
    K(O_DSYNC),         K(RESOLVE_BENEATH),   K(RESOLVE_IN_ROOT),   K(RESOLVE_NO_MAGICLINKS),
    K(RESOLVE_NO_SYMLINKS), K(RESOLVE_NO_XDEV), K(RESOLVE_CACHED),
    K(RWF_NOWAIT),      K(RWF_DONTCACHE),     K(RWF_HIPRI),         K(RWF_DSYNC),
    K(RWF_APPEND),      K(SEEK_SET),          K(SEEK_CUR),          K(SEEK_END),
    K(SEEK_DATA),       K(SEEK_HOLE),         K(FALLOC_FL_KEEP_SIZE), K(FALLOC_FL_PUNCH_HOLE),
    K(FALLOC_FL_ZERO_RANGE), K(POSIX_FADV_NORMAL), K(POSIX_FADV_SEQUENTIAL), K(POSIX_FADV_RANDOM),
    K(POSIX_FADV_WILLNEED), K(POSIX_FADV_DONTNEED), K(POSIX_FADV_NOREUSE),
    K(F_DUPFD),         K(F_DUPFD_CLOEXEC),   K(F_GETFD),           K(F_SETFD),
    K(F_GETFL),         K(F_SETFL),           K(F_GETPIPE_SZ),      K(F_SETPIPE_SZ),
    K(F_ADD_SEALS),     K(F_GET_SEALS),       K(F_SEAL_SEAL),       K(F_SEAL_SHRINK),
    K(F_SEAL_GROW),     K(F_SEAL_WRITE),      K(F_SEAL_FUTURE_WRITE), K(FD_CLOEXEC),
    K(MFD_CLOEXEC),     K(MFD_ALLOW_SEALING), K(S_IFMT),            K(S_IFREG),
    K(S_IFDIR),         K(S_IFIFO),           K(S_IFSOCK),          K(S_IFLNK),
    K(S_IFCHR),         K(S_IFBLK),           K(PATH_MAX),
};
// clang-format on
const Layout layouts[] = {
    {"stat",
     sizeof(struct stat),
     {AT(struct stat, st_dev), AT(struct stat, st_ino), AT(struct stat, st_mode), AT(struct stat, st_nlink),
      AT(struct stat, st_size), AT(struct stat, st_blksize), AT(struct stat, st_blocks),
      Field{"st_mtim", offsetof(struct stat, st_mtim)}, Field{"st_ctim", offsetof(struct stat, st_ctim)}}},
    {"iovec", sizeof(struct iovec), {AT(struct iovec, iov_base), AT(struct iovec, iov_len)}},
};

}  // namespace
const Family fd{"fd", methods, constants, layouts};
}  // namespace iolab::sys

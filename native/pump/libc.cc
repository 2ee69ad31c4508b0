// The hot calls through libc's functions, with the signatures of native/sys: the second control of `bench calls`. A C
// program pays for these, so they stand beside the bare instruction of native/support/call.h.
//
// libc may answer without the kernel (clock_gettime from the vDSO) or make another call than its name says (select by
// pselect6): that is what it costs a program, and docs/calls.md says where it does.
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pump.h"

namespace iolab::pump {
namespace {

inline long result(long r) { return r < 0 ? -errno : r; }

long read_(Fd fd, Memory buf, Count count, From at) { return result(::read(fd.n, buf.data + at.n, count.n)); }
long write_(Fd fd, Memory buf, Count count, From at) { return result(::write(fd.n, buf.data + at.n, count.n)); }
long pread_(Fd fd, Memory buf, Count count, Offset offset, From at) {
  return result(::pread(fd.n, buf.data + at.n, count.n, offset.n));
}
long pwrite_(Fd fd, Memory buf, Count count, Offset offset, From at) {
  return result(::pwrite(fd.n, buf.data + at.n, count.n, offset.n));
}
long lseek_(Fd fd, Offset offset, int whence) { return result(::lseek(fd.n, offset.n, whence)); }
long fstat_(Fd fd, Struct<struct stat> out) { return result(::fstat(fd.n, out.p)); }
long fionread_(Fd fd) {
  int bytes = 0;
  return ::ioctl(fd.n, FIONREAD, &bytes) < 0 ? -errno : bytes;
}
long send_(Fd fd, Memory buf, Count len, int flags, From at) {
  return result(::send(fd.n, buf.data + at.n, len.n, flags | MSG_NOSIGNAL));
}
long recv_(Fd fd, Memory buf, Count len, int flags, From at) {
  return result(::recv(fd.n, buf.data + at.n, len.n, flags));
}
long recv_discard(Fd fd, Size len, int flags) { return result(::recv(fd.n, nullptr, len.n, flags | MSG_TRUNC)); }
long select_(Nfds nfds, FdBits readfds, FdBits writefds, FdBits exceptfds, Timeout timeout) {
  timeval tv{timeout.ts.tv_sec, (timeout.ts.tv_nsec + 999) / 1000};
  // the bitmaps are the caller's, of any size: FD_SET, which is where libc's limit of 1024 lies, is not used
  auto set = [](FdBits& bits) { return reinterpret_cast<fd_set*>(bits.p); };
  return result(::select(nfds.n, set(readfds), set(writefds), set(exceptfds), timeout.forever ? nullptr : &tv));
}
long poll_(Bytes fds, Items<pollfd> nfds, int timeout) {
  return result(::poll(reinterpret_cast<pollfd*>(fds.data), static_cast<nfds_t>(nfds.n), timeout));
}
long epoll_ctl2(Fd epfd, int op, Fd fd, unsigned events, unsigned low, unsigned high) {
  epoll_event event;
  event.events = events;
  event.data.u64 = static_cast<uint64_t>(high) << 32 | low;
  return result(::epoll_ctl(epfd.n, op, fd.n, &event));
}
long epoll_wait_(Fd epfd, Bytes events, Items<epoll_event> maxevents, int timeout) {
  return result(::epoll_wait(epfd.n, reinterpret_cast<epoll_event*>(events.data), maxevents.n, timeout));
}
long splice_(Fd in, MaybeOffset off_in, Fd out, MaybeOffset off_out, Size len, unsigned flags) {
  return result(::splice(in.n, off_in.pointer(), out.n, off_out.pointer(), len.n, flags));
}
long tee_(Fd in, Fd out, Size len, unsigned flags) { return result(::tee(in.n, out.n, len.n, flags)); }
long sendfile_(Fd out, Fd in, MaybeOffset offset, Size count) {
  return result(::sendfile(out.n, in.n, offset.pointer(), count.n));
}
// glibc takes an enum of its own for `who`, musl an int
template <class Who>
long rusage_of(int (*function)(Who, rusage*), int who, rusage* usage) {
  return result(function(static_cast<Who>(who), usage));
}
long getrusage_(int who, Struct<rusage> usage) { return rusage_of(::getrusage, who, usage.p); }
long clock_gettime_(int clockid, Struct<timespec> tp) { return result(::clock_gettime(clockid, tp.p)); }
long gettid_() { return ::gettid(); }

constexpr Method methods[] = {
    hot<read_>("read", "fd buf count at"),
    hot<write_>("write", "fd buf count at"),
    hot<pread_>("pread", "fd buf count offset at"),
    hot<pwrite_>("pwrite", "fd buf count offset at"),
    hot<lseek_>("lseek", "fd offset whence"),
    hot<fstat_>("fstat", "fd statbuf"),
    hot<fionread_>("fionread", "fd"),
    hot<send_>("send", "sockfd buf len flags at"),
    hot<recv_>("recv", "sockfd buf len flags at"),
    hot<recv_discard>("recvDiscard", "sockfd len flags"),
    hot<select_>("select", "nfds readfds writefds exceptfds timeout"),
    hot<poll_>("poll", "fds nfds timeout"),
    hot<epoll_ctl2>("epollCtl2", "epfd op fd events low high"),
    hot<epoll_wait_>("epollWait", "epfd events maxevents timeout"),
    hot<splice_>("splice", "fd_in off_in fd_out off_out len flags"),
    hot<tee_>("tee", "fd_in fd_out len flags"),
    hot<sendfile_>("sendfile", "out_fd in_fd offset count"),
    hot<getrusage_>("getrusage", "who usage"),
    hot<clock_gettime_>("clockGettime", "clockid tp"),
    hot<gettid_>("gettid", ""),
};

}  // namespace

void define_libc(Env& env, napi_value exports) {
  for (const Method& m : methods) napi_set_named_property(env.napi, exports, m.name, iolab::define(env, m, m.loop));
}

}  // namespace iolab::pump

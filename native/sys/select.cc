// select(2), pselect6(2). The sets are bitmaps of any size: FD_SETSIZE is libc's limit, and libc's fd_set is not used.
#include <sys/select.h>
#include <sys/time.h>

#include "families.h"

namespace iolab::sys {
namespace {

long select_(Nfds nfds, FdBits readfds, FdBits writefds, FdBits exceptfds, Timeout timeout) {
#ifdef SYS_select
  timeval tv{timeout.ts.tv_sec, (timeout.ts.tv_nsec + 999) / 1000};
  if (tv.tv_usec >= 1000000) tv.tv_sec++, tv.tv_usec = 0;
  return call(SYS_select, nfds.n, readfds.p, writefds.p, exceptfds.p, timeout.forever ? nullptr : &tv);
#else
  return call(SYS_pselect6, nfds.n, readfds.p, writefds.p, exceptfds.p, timeout.pointer(), nullptr);
#endif
}
long pselect6(Nfds nfds, FdBits readfds, FdBits writefds, FdBits exceptfds, Timeout timeout, MaybeU64 sigmask) {
  struct {
    const uint64_t* mask;
    size_t size;
  } arg = {sigmask.pointer(), sizeof(uint64_t)};
  return call(SYS_pselect6, nfds.n, readfds.p, writefds.p, exceptfds.p, timeout.pointer(), &arg);
}

constexpr Method methods[] = {
    hot<select_>("select", "nfds readfds writefds exceptfds timeout"),
    method<pselect6>("pselect6", "nfds readfds writefds exceptfds timeout sigmask"),
};
constexpr Constant constants[] = {K(FD_SETSIZE)};

}  // namespace
const Family select{"select", methods, constants, {}};
}  // namespace iolab::sys

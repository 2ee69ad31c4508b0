// poll(2), ppoll(2).
#include <poll.h>

#include "families.h"

namespace iolab::sys {
namespace {

long poll_(Bytes fds, Items<pollfd> nfds, int timeout) {
#ifdef SYS_poll
  return call(SYS_poll, fds.data, static_cast<unsigned>(nfds.n), timeout);
#else
  timespec ts{timeout / 1000, timeout % 1000 * 1000000L};
  return call(SYS_ppoll, fds.data, static_cast<unsigned>(nfds.n), timeout < 0 ? nullptr : &ts, nullptr, 0);
#endif
}
long ppoll(Bytes fds, Items<pollfd> nfds, Timeout timeout, MaybeU64 sigmask) {
  return call(SYS_ppoll, fds.data, static_cast<unsigned>(nfds.n), timeout.pointer(), sigmask.pointer(),
              sizeof(uint64_t));
}

constexpr Method methods[] = {
    hot<poll_>("poll", "fds nfds timeout"),
    method<ppoll>("ppoll", "fds nfds timeout sigmask"),
};
constexpr Constant constants[] = {K(POLLIN), K(POLLOUT), K(POLLPRI), K(POLLERR), K(POLLHUP), K(POLLNVAL), K(POLLRDHUP)};
const Layout layouts[] = {
    {"pollfd", sizeof(pollfd), {AT(pollfd, fd), AT(pollfd, events), AT(pollfd, revents)}},
};

}  // namespace
const Family poll{"poll", methods, constants, layouts};
}  // namespace iolab::sys

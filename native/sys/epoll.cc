// epoll(7): epoll_create(2), epoll_create1(2), epoll_ctl(2), epoll_wait(2), epoll_pwait2(2).
#include <sys/epoll.h>

#include "families.h"

#ifndef SYS_epoll_pwait2  // Linux 5.11
#define SYS_epoll_pwait2 441
#endif

namespace iolab::sys {
namespace {

#ifdef SYS_epoll_create
long epoll_create_(Env& env, int size) { return own(env, call(SYS_epoll_create, size)); }
#else
long epoll_create_(Env& env, int size) {
  return size <= 0 ? -EINVAL : own(env, call(SYS_epoll_create1, 0));  // what libc does where the old call is gone
}
#endif
long epoll_create1_(Env& env, int flags) { return own(env, call(SYS_epoll_create1, flags | EPOLL_CLOEXEC)); }
long epoll_ctl_(Fd epfd, int op, Fd fd, unsigned events, U64 data) {
  epoll_event event;
  event.events = events;
  event.data.u64 = data.n;
  return call(SYS_epoll_ctl, epfd.n, op, fd.n, &event);
}
// epoll_ctl with the 64 bits of data as two numbers: a bigint costs an allocation.
long epoll_ctl2(Fd epfd, int op, Fd fd, unsigned events, unsigned low, unsigned high) {
  epoll_event event;
  event.events = events;
  event.data.u64 = static_cast<uint64_t>(high) << 32 | low;
  return call(SYS_epoll_ctl, epfd.n, op, fd.n, &event);
}
long epoll_wait_(Fd epfd, Bytes events, Items<epoll_event> maxevents, int timeout) {
#ifdef SYS_epoll_wait
  return call(SYS_epoll_wait, epfd.n, events.data, maxevents.n, timeout);
#else
  return call(SYS_epoll_pwait, epfd.n, events.data, maxevents.n, timeout, nullptr, sizeof(uint64_t));
#endif
}
long epoll_pwait2_(Fd epfd, Bytes events, Items<epoll_event> maxevents, Timeout timeout, MaybeU64 sigmask) {
  return call(SYS_epoll_pwait2, epfd.n, events.data, maxevents.n, timeout.pointer(), sigmask.pointer(),
              sizeof(uint64_t));
}

constexpr Method methods[] = {
    method<epoll_create_>("epollCreate", "size"),
    method<epoll_create1_>("epollCreate1", "flags"),
    method<epoll_ctl_>("epollCtl", "epfd op fd events data"),
    hot<epoll_ctl2>("epollCtl2", "epfd op fd events low high"),
    hot<epoll_wait_>("epollWait", "epfd events maxevents timeout"),
    method<epoll_pwait2_>("epollPwait2", "epfd events maxevents timeout sigmask"),
};
// clang-format off
constexpr Constant constants[] = {
    K(EPOLLIN),      K(EPOLLOUT),     K(EPOLLPRI),      K(EPOLLERR),       K(EPOLLHUP),
    K(EPOLLRDHUP),   K(EPOLLET),      K(EPOLLONESHOT),  K(EPOLLEXCLUSIVE), K(EPOLLWAKEUP),
    K(EPOLL_CTL_ADD), K(EPOLL_CTL_MOD), K(EPOLL_CTL_DEL), K(EPOLL_CLOEXEC),
};
// clang-format on
const Layout layouts[] = {
    {"epoll_event", sizeof(epoll_event), {AT(epoll_event, events), AT(epoll_event, data)}},
};

}  // namespace
const Family epoll{"epoll", methods, constants, layouts};
}  // namespace iolab::sys

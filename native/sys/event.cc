// eventfd(2), timerfd_create(2), timerfd_settime(2), timerfd_gettime(2), signalfd(2).
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "families.h"

namespace iolab::sys {
namespace {

long eventfd(Env& env, unsigned initval, int flags) {
  return own(env, call(SYS_eventfd2, initval, flags | EFD_CLOEXEC));
}
long timerfd_create_(Env& env, int clockid, int flags) {
  return own(env, call(SYS_timerfd_create, clockid, flags | TFD_CLOEXEC));
}
long timerfd_settime_(Fd fd, int flags, Struct<itimerspec> value, Maybe<Struct<itimerspec>> old) {
  return call(SYS_timerfd_settime, fd.n, flags, value.p, old.p);
}
long timerfd_gettime_(Fd fd, Struct<itimerspec> value) { return call(SYS_timerfd_gettime, fd.n, value.p); }
long signalfd_(Env& env, Fd fd, U64 mask, int flags) {
  return own(env, call(SYS_signalfd4, fd.n, &mask.n, sizeof mask.n, flags | SFD_CLOEXEC));
}

constexpr Method methods[] = {
    method<eventfd>("eventfd", "initval flags"),
    method<timerfd_create_>("timerfdCreate", "clockid flags"),
    method<timerfd_settime_>("timerfdSettime", "fd flags new_value old_value"),
    method<timerfd_gettime_>("timerfdGettime", "fd curr_value"),
    method<signalfd_>("signalfd", "fd mask flags"),
};
// clang-format off
constexpr Constant constants[] = {
    K(EFD_CLOEXEC),  K(EFD_NONBLOCK), K(EFD_SEMAPHORE),    K(TFD_CLOEXEC),
    K(TFD_NONBLOCK), K(SFD_CLOEXEC),  K(SFD_NONBLOCK),     K(TFD_TIMER_ABSTIME),
};
// clang-format on
const Layout layouts[] = {
    {"itimerspec",
     sizeof(itimerspec),
     {Field{"interval_sec", offsetof(itimerspec, it_interval)},
      Field{"interval_nsec", offsetof(itimerspec, it_interval) + offsetof(timespec, tv_nsec)},
      Field{"value_sec", offsetof(itimerspec, it_value)},
      Field{"value_nsec", offsetof(itimerspec, it_value) + offsetof(timespec, tv_nsec)}}},
    {"signalfd_siginfo",
     sizeof(signalfd_siginfo),
     {AT(signalfd_siginfo, ssi_signo), AT(signalfd_siginfo, ssi_pid), AT(signalfd_siginfo, ssi_uid)}},
};

}  // namespace
const Family event{"event", methods, constants, layouts};
}  // namespace iolab::sys

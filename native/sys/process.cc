// getrusage(2), clock_gettime(2), sched_setaffinity(2), prlimit(2), gettid(2), getpid(2).
#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#include "families.h"

namespace iolab::sys {
namespace {

long getrusage_(int who, Struct<rusage> usage) { return call(SYS_getrusage, who, usage.p); }
// The system call, not the vDSO's version of it, which never enters the kernel.
long clock_gettime_(int clockid, Struct<timespec> tp) { return call(SYS_clock_gettime, clockid, tp.p); }
long sched_setaffinity_(int pid, Bytes mask) { return call(SYS_sched_setaffinity, pid, mask.size, mask.data); }
long sched_getaffinity_(int pid, Bytes mask) { return call(SYS_sched_getaffinity, pid, mask.size, mask.data); }
long prlimit_(int pid, int resource, Maybe<Struct<rlimit>> wanted, Maybe<Struct<rlimit>> old) {
  // lowering the others ends the process by a signal or a failed allocation, far from here
  if (wanted.p != nullptr && resource != RLIMIT_NOFILE && resource != RLIMIT_MEMLOCK) return -EINVAL;
  return call(SYS_prlimit64, pid, resource, wanted.p, old.p);
}
long gettid_() { return call(SYS_gettid); }
long getppid_() { return call(SYS_getppid); }

constexpr Method methods[] = {
    hot<getrusage_>("getrusage", "who usage"),
    hot<clock_gettime_>("clockGettime", "clockid tp"),
    method<sched_setaffinity_>("schedSetaffinity", "pid mask"),
    method<sched_getaffinity_>("schedGetaffinity", "pid mask"),
    method<prlimit_>("prlimit", "pid resource new_limit old_limit"),
    hot<gettid_>("gettid", ""),
    method<getppid_>("getppid", ""),
};
// clang-format off
constexpr Constant constants[] = {
    K(RUSAGE_SELF),     K(RUSAGE_THREAD),  K(RUSAGE_CHILDREN),         K(CLOCK_REALTIME),
    K(CLOCK_MONOTONIC), K(CLOCK_MONOTONIC_RAW), K(CLOCK_BOOTTIME),     K(CLOCK_PROCESS_CPUTIME_ID),
    K(CLOCK_THREAD_CPUTIME_ID), K(RLIMIT_NOFILE), K(RLIMIT_MEMLOCK),   K(RLIMIT_AS),
    K(RLIMIT_CORE),     K(RLIMIT_NPROC),
};
// clang-format on
const Layout layouts[] = {
    {"rusage",
     sizeof(rusage),
     {AT(rusage, ru_utime), AT(rusage, ru_stime), AT(rusage, ru_maxrss), AT(rusage, ru_minflt), AT(rusage, ru_majflt),
      AT(rusage, ru_inblock), AT(rusage, ru_oublock), AT(rusage, ru_nvcsw), AT(rusage, ru_nivcsw)}},
    {"timespec", sizeof(timespec), {AT(timespec, tv_sec), AT(timespec, tv_nsec)}},
    {"timeval", sizeof(timeval), {AT(timeval, tv_sec), AT(timeval, tv_usec)}},
    {"rlimit", sizeof(rlimit), {AT(rlimit, rlim_cur), AT(rlimit, rlim_max)}},
};

}  // namespace
const Family process{"process", methods, constants, layouts};
}  // namespace iolab::sys

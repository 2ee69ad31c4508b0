// perf_event_open(2) and its ioctls, for counting.
#include <linux/perf_event.h>
#include <sys/ioctl.h>

#include "families.h"

namespace iolab::sys {
namespace {

constexpr size_t kSmallest = PERF_ATTR_SIZE_VER0;

long perf_event_open(Env& env, Bytes attr, int pid, int cpu, Fd group, Size flags) {
  if (attr.size < kSmallest) return -EINVAL;
  // The kernel reads attr.size bytes from here, so that size must be the buffer's; and it must not be told to raise
  // SIGTRAP, which nobody handles.
  perf_event_attr a{};
  std::memcpy(&a, attr.data, attr.size < sizeof a ? attr.size : sizeof a);
  if (a.size < kSmallest || a.size > attr.size || a.sigtrap || a.type > PERF_TYPE_BREAKPOINT) return -EINVAL;
  return own(env, call(SYS_perf_event_open, attr.data, pid, cpu, group.n, flags.n | PERF_FLAG_FD_CLOEXEC));
}
long perf_ioctl(Fd fd, unsigned request, int arg) {
  switch (request) {
    case PERF_EVENT_IOC_ENABLE:
    case PERF_EVENT_IOC_DISABLE:
    case PERF_EVENT_IOC_RESET:
      return call(SYS_ioctl, fd.n, request, arg);
    default:
      return -EINVAL;
  }
}

constexpr Method methods[] = {
    method<perf_event_open>("perfEventOpen", "attr pid cpu group_fd flags"),
    method<perf_ioctl>("perfIoctl", "fd request arg"),
};
// clang-format off
constexpr Constant constants[] = {
    K(PERF_TYPE_HARDWARE),          K(PERF_TYPE_SOFTWARE),         K(PERF_TYPE_TRACEPOINT),
    K(PERF_COUNT_SW_PAGE_FAULTS),   K(PERF_COUNT_SW_PAGE_FAULTS_MIN), K(PERF_COUNT_SW_PAGE_FAULTS_MAJ),
    K(PERF_COUNT_SW_CONTEXT_SWITCHES), K(PERF_COUNT_SW_CPU_MIGRATIONS), K(PERF_COUNT_SW_TASK_CLOCK),
    K(PERF_COUNT_HW_CPU_CYCLES),    K(PERF_COUNT_HW_INSTRUCTIONS), K(PERF_EVENT_IOC_ENABLE),
    K(PERF_EVENT_IOC_DISABLE),      K(PERF_EVENT_IOC_RESET),       K(PERF_FORMAT_TOTAL_TIME_ENABLED),
    K(PERF_FORMAT_TOTAL_TIME_RUNNING),
    // bit fields of perf_event_attr have no offsetof: their places in its first word of flags
    Constant{"PERF_ATTR_DISABLED", 1 << 0},       Constant{"PERF_ATTR_INHERIT", 1 << 1},
    Constant{"PERF_ATTR_EXCLUDE_USER", 1 << 4},   Constant{"PERF_ATTR_EXCLUDE_KERNEL", 1 << 5},
    Constant{"PERF_ATTR_EXCLUDE_HV", 1 << 6},
};
// clang-format on
const Layout layouts[] = {
    {"perf_event_attr",
     PERF_ATTR_SIZE_VER5,
     {AT(perf_event_attr, type), Field{"attr_size", offsetof(perf_event_attr, size)}, AT(perf_event_attr, config),
      AT(perf_event_attr, sample_type), AT(perf_event_attr, read_format),
      Field{"flags", offsetof(perf_event_attr, read_format) + sizeof(uint64_t)}}},
};

}  // namespace
const Family perf{"perf", methods, constants, layouts};
}  // namespace iolab::sys

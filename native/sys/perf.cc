// perf_event_open(2) and its ioctls, for counting and sampling; the numbers by which tracepoints name system calls.
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

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
    case PERF_EVENT_IOC_SET_OUTPUT:
      return call(SYS_ioctl, fd.n, request, arg);
    default:
      return -EINVAL;
  }
}

constexpr Method methods[] = {
    method<perf_event_open>("perfEventOpen", "attr pid cpu group_fd flags"),
    method<perf_ioctl>("perfIoctl", "fd request arg"),
};
#define NR(name) \
  Constant { "SYS_" #name, SYS_##name }
// clang-format off
constexpr Constant constants[] = {
    K(PERF_TYPE_HARDWARE),          K(PERF_TYPE_SOFTWARE),         K(PERF_TYPE_TRACEPOINT),
    K(PERF_TYPE_BREAKPOINT),        K(PERF_COUNT_SW_CPU_CLOCK),    K(PERF_COUNT_SW_DUMMY),
    K(PERF_COUNT_SW_PAGE_FAULTS),   K(PERF_COUNT_SW_PAGE_FAULTS_MIN), K(PERF_COUNT_SW_PAGE_FAULTS_MAJ),
    K(PERF_COUNT_SW_CONTEXT_SWITCHES), K(PERF_COUNT_SW_CPU_MIGRATIONS), K(PERF_COUNT_SW_TASK_CLOCK),
    K(PERF_COUNT_HW_CPU_CYCLES),    K(PERF_COUNT_HW_INSTRUCTIONS), K(PERF_EVENT_IOC_ENABLE),
    K(PERF_EVENT_IOC_DISABLE),      K(PERF_EVENT_IOC_RESET),       K(PERF_EVENT_IOC_SET_OUTPUT),
    K(PERF_FORMAT_TOTAL_TIME_ENABLED), K(PERF_FORMAT_TOTAL_TIME_RUNNING),
    K(PERF_SAMPLE_IP),              K(PERF_SAMPLE_TID),            K(PERF_SAMPLE_TIME),
    K(PERF_SAMPLE_CPU),             K(PERF_SAMPLE_CALLCHAIN),      K(PERF_SAMPLE_RAW),
    K(PERF_SAMPLE_REGS_INTR),       K(PERF_RECORD_LOST),           K(PERF_RECORD_THROTTLE),
    K(PERF_RECORD_SAMPLE),          K(HW_BREAKPOINT_R),            K(HW_BREAKPOINT_W),
    K(HW_BREAKPOINT_RW),            K(HW_BREAKPOINT_X),            K(HW_BREAKPOINT_LEN_1),
    K(HW_BREAKPOINT_LEN_8),
    // those that a transfer, its receiver or the runtime around them makes
    NR(read),       NR(write),      NR(pread64),    NR(pwrite64),   NR(readv),      NR(writev),     NR(preadv2),
    NR(pwritev2),   NR(sendto),     NR(recvfrom),   NR(sendmsg),    NR(recvmsg),    NR(sendfile),   NR(splice),
    NR(vmsplice),   NR(tee),        NR(copy_file_range), NR(mmap),  NR(munmap),     NR(mremap),     NR(mprotect),
    NR(madvise),    NR(mincore),    NR(mlock),      NR(msync),      NR(brk),        NR(openat),     NR(close),
    NR(fstat),      NR(lseek),      NR(fcntl),      NR(ioctl),      NR(fadvise64),  NR(fdatasync),  NR(ftruncate),
    NR(pipe2),      NR(dup3),       NR(eventfd2),   NR(ppoll),      NR(pselect6),   NR(epoll_ctl),  NR(epoll_pwait),
    NR(futex),      NR(sched_yield), NR(getrusage), NR(gettid),     NR(getpid),     NR(clock_gettime),
    NR(rt_sigreturn), NR(rt_sigprocmask), NR(restart_syscall), NR(nanosleep), NR(clock_nanosleep), NR(clone),
    NR(exit),       NR(getsockopt), NR(setsockopt), NR(shutdown),   NR(process_vm_readv), NR(process_vm_writev),
    NR(perf_event_open), NR(io_uring_enter), NR(rseq),
#ifdef SYS_poll
    // not on newer architectures, which have the later forms only
    NR(poll),       NR(select),     NR(epoll_wait),
#endif
    // bit fields of perf_event_attr have no offsetof: their places in its first word of flags
    Constant{"PERF_ATTR_DISABLED", 1 << 0},       Constant{"PERF_ATTR_INHERIT", 1 << 1},
    Constant{"PERF_ATTR_EXCLUDE_USER", 1 << 4},   Constant{"PERF_ATTR_EXCLUDE_KERNEL", 1 << 5},
    Constant{"PERF_ATTR_EXCLUDE_HV", 1 << 6},       Constant{"PERF_ATTR_EXCLUDE_CALLCHAIN_USER", 1 << 22},
    Constant{"PERF_ATTR_USE_CLOCKID", 1 << 25},
};
// clang-format on
#undef NR
const Layout layouts[] = {
    {"perf_event_attr",
     PERF_ATTR_SIZE_VER5,
     {AT(perf_event_attr, type), Field{"attr_size", offsetof(perf_event_attr, size)}, AT(perf_event_attr, config),
      AT(perf_event_attr, sample_period), AT(perf_event_attr, sample_type), AT(perf_event_attr, read_format),
      Field{"flags", offsetof(perf_event_attr, read_format) + sizeof(uint64_t)}, AT(perf_event_attr, wakeup_events),
      AT(perf_event_attr, bp_type), AT(perf_event_attr, bp_addr), AT(perf_event_attr, bp_len),
      AT(perf_event_attr, clockid), AT(perf_event_attr, sample_regs_intr)}},
    {"perf_event_mmap_page",
     sizeof(perf_event_mmap_page),
     {AT(perf_event_mmap_page, data_head), AT(perf_event_mmap_page, data_tail), AT(perf_event_mmap_page, data_offset),
      AT(perf_event_mmap_page, data_size)}},
    {"perf_event_header",
     sizeof(perf_event_header),
     {AT(perf_event_header, type), Field{"record_size", offsetof(perf_event_header, size)}}},
};

}  // namespace
const Family perf{"perf", methods, constants, layouts};
}  // namespace iolab::sys

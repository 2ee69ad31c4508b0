// mmap(2), munmap(2), msync(2), madvise(2), mincore(2), mlock(2), cachestat(2), process_vm_readv(2).
//
// An address is only accepted when it lies in a mapping that this environment made (Address, in args.h).
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "families.h"

#ifndef SYS_cachestat  // Linux 6.5
#define SYS_cachestat 451
#endif
#ifndef MADV_POPULATE_READ  // Linux 5.14
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

namespace iolab::sys {
namespace {

struct cachestat_range {
  uint64_t off, len;
};
struct cachestat_out {
  uint64_t nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted;
};

// `addr` is not a parameter: a mapping goes where the kernel puts it, since MAP_FIXED would let a number replace V8's
// heap.
long mmap_(Env& env, Size length, int prot, int flags, Fd fd, Offset offset) {
  // MAP_HUGETLB rounds to its own page size, which the table of mappings does not know
  if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN | MAP_HUGETLB)) != 0) return -EINVAL;
  long r = call(SYS_mmap, nullptr, length.n, prot, flags, fd.n, offset.n);
  if (r > 0 || r < -4095) env.maps.add(static_cast<uintptr_t>(r), (length.n + 4095) & ~size_t{4095});
  return r;
}
long munmap_(Env& env, Address addr, Count length) {
  Mapped* m = env.maps.find(reinterpret_cast<uintptr_t>(addr.data));
  if (m->views != nullptr) return -EBUSY;  // ArrayBuffers look into it: view.h detaches them first
  long r = call(SYS_munmap, addr.data, length.n);
  if (r == 0) env.maps.remove(reinterpret_cast<uintptr_t>(addr.data), (length.n + 4095) & ~size_t{4095});
  return r;
}
long msync_(Address addr, Count length, int flags) { return call(SYS_msync, addr.data, length.n, flags); }
long madvise_(Address addr, Count length, int advice) {
  switch (advice) {
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_DONTNEED:
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
    case MADV_COLD:
    case MADV_PAGEOUT:
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
      return call(SYS_madvise, addr.data, length.n, advice);
    default:
      return -EINVAL;  // MADV_HWPOISON and its kind break the machine, not the mapping
  }
}
long mincore_(Address addr, Count length, Bytes vec) {
  if (vec.size < (length.n + 4095) / 4096) return -EINVAL;
  return call(SYS_mincore, addr.data, length.n, vec.data);
}
long mlock_(Address addr, Count length) { return call(SYS_mlock, addr.data, length.n); }
long munlock_(Address addr, Count length) { return call(SYS_munlock, addr.data, length.n); }
long cachestat(Fd fd, Offset off, Offset len, Struct<cachestat_out> out, unsigned flags) {
  cachestat_range range = {static_cast<uint64_t>(off.n), static_cast<uint64_t>(len.n)};
  return call(SYS_cachestat, fd.n, &range, out.p, flags);
}
// Copies out of a mapping through the kernel: where the file ends before the mapping does, the answer is a short count
// or -EFAULT, and not SIGBUS.
// Asked once, when the binary is loaded: getpid(2) is a system call, and each of these two must be one, not two.
const int kSelf = getpid();

long process_vm_readv_(Address addr, Count length, Bytes to, From at) {
  size_t room = to.size - at.n;
  iovec local{to.data + at.n, length.n < room ? length.n : room}, remote{addr.data, length.n < room ? length.n : room};
  return call(SYS_process_vm_readv, kSelf, &local, 1, &remote, 1, 0);
}
long process_vm_writev_(Address addr, Count length, Bytes from, From at) {
  size_t room = from.size - at.n;
  iovec local{from.data + at.n, length.n < room ? length.n : room},
      remote{addr.data, length.n < room ? length.n : room};
  return call(SYS_process_vm_writev, kSelf, &local, 1, &remote, 1, 0);
}

constexpr Method methods[] = {
    method<mmap_>("mmap", "length prot flags fd offset"),
    method<munmap_>("munmap", "addr length"),
    method<msync_>("msync", "addr length flags"),
    method<madvise_>("madvise", "addr length advice"),
    method<mincore_>("mincore", "addr length vec"),
    method<mlock_>("mlock", "addr length"),
    method<munlock_>("munlock", "addr length"),
    method<cachestat>("cachestat", "fd off len cstat flags"),
    method<process_vm_readv_>("processVmReadv", "addr length to at"),
    method<process_vm_writev_>("processVmWritev", "addr length from at"),
};
// clang-format off
constexpr Constant constants[] = {
    K(PROT_READ),     K(PROT_WRITE),     K(PROT_NONE),       K(MAP_SHARED),        K(MAP_PRIVATE),
    K(MAP_ANONYMOUS), K(MAP_POPULATE),   K(MAP_NORESERVE),   K(MAP_LOCKED),        K(MS_SYNC),
    K(MS_ASYNC),      K(MS_INVALIDATE),  K(MADV_NORMAL),     K(MADV_RANDOM),       K(MADV_SEQUENTIAL),
    K(MADV_WILLNEED), K(MADV_DONTNEED),  K(MADV_HUGEPAGE),   K(MADV_NOHUGEPAGE),   K(MADV_COLD),
    K(MADV_PAGEOUT),  K(MADV_POPULATE_READ), K(MADV_POPULATE_WRITE),
    Constant{"PAGE_SIZE", 4096},
};
// clang-format on
const Layout layouts[] = {
    {"cachestat",
     sizeof(cachestat_out),
     {AT(cachestat_out, nr_cache), AT(cachestat_out, nr_dirty), AT(cachestat_out, nr_writeback),
      AT(cachestat_out, nr_evicted), AT(cachestat_out, nr_recently_evicted)}},
};

}  // namespace
const Family mmap{"mmap", methods, constants, layouts};
}  // namespace iolab::sys

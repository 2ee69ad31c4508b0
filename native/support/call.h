// The one place where this addon enters the kernel.
//
// Every family calls iolab::call(nr, ...). It is the bare instruction, not libc's wrapper: errno is per thread and
// would have to be read back, and libc substitutes calls of its own (select by pselect6, eventfd by eventfd2). What is
// measured here has to be the call that was named. Returns what the kernel returns: >= 0, or -errno.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <type_traits>

#ifdef IOLAB_GATE
#include "gate.h"
#endif

namespace iolab {

// Coming back from the kernel, the CPU's return predictor holds the kernel's (or the hypervisor's) return addresses,
// and every `ret` between here and JavaScript is then fetched from a wrong, distant place first: 45 ns for the first
// one, seen on Linux 6.18, AMD EPYC, in a VM. Eight calls that never return put harmless addresses there instead, for 2
// ns. It is the kernel's own RSB stuffing (arch/x86/include/asm/nospec-branch.h), done for speed. Not with CET's shadow
// stack, which would see calls without returns.
#if defined(__x86_64__) && !defined(__SHSTK__)
// clang-format off
#define IOLAB_REFILL                                                                                              \
  "call 1f\n2: pause\n\tjmp 2b\n1: call 1f\n2: pause\n\tjmp 2b\n1: call 1f\n2: pause\n\tjmp 2b\n1: call 1f\n2: pause\n" \
  "\tjmp 2b\n1: add $32, %%rsp\n\t"
// clang-format on
#else
#define IOLAB_REFILL ""
#endif

inline long kernel(long nr, long a, long b, long c, long d, long e, long f) {
#if defined(__clang_analyzer__)
  return ::syscall(nr, a, b, c, d, e, f);  // through the instruction below it does not see that memory is written
#elif defined(__x86_64__)
  long ret;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile(
      "sub $128, %%rsp\n\t"  // step over the red zone
      "syscall\n\t" IOLAB_REFILL IOLAB_REFILL "add $128, %%rsp"
      : "=a"(ret)
      : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
      : "rcx", "r11", "memory");
  return ret;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = nr;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
#else
  long ret = ::syscall(nr, a, b, c, d, e, f);
  return ret == -1 ? -errno : ret;
#endif
}

template <class T>
inline long word(T value) {
  if constexpr (std::is_null_pointer_v<T>) {
    return 0;
  } else if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<long>(value);
  } else {
    return static_cast<long>(value);
  }
}

template <class... A>
inline long call(long nr, A... args) {
  static_assert(sizeof...(A) <= 6, "a system call takes at most six arguments");
  long w[6] = {word(args)...};
#ifdef IOLAB_GATE
  return gate::call(nr, w);
#else
  return kernel(nr, w[0], w[1], w[2], w[3], w[4], w[5]);
#endif
}

}  // namespace iolab

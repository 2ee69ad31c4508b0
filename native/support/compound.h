// Arguments that are more than a number or a buffer: sets, paths, vectors, addresses of sockets, time-outs.
#pragma once

#include "args.h"

namespace iolab {

// --- select's sets: bitmaps of any size, never libc's fd_set ------------------------------------------------------
struct Nfds {
  int n;
};
template <>
struct Arg<Nfds> {
  static bool get(Call& c, napi_value v, Nfds& out) {
    if (!integer(c, v, out.n)) return false;
    c.count = out.n <= 0 ? 0 : (static_cast<size_t>(out.n) + 63) / 64 * 8;
    return true;
  }
};
struct FdBits {
  char* p = nullptr;
};
template <>
struct Arg<FdBits> {
  static bool get(Call& c, napi_value v, FdBits& out) {
    if (nullish(c, v)) return true;
    Bytes b;
    size_t need = c.count;  // what nfds needs, of each of the three sets
    if (!bytes(c, v, b)) return false;
    c.count = need;
    if (b.size < need) return fail_bounds(c, 0, static_cast<double>(need));
    out.p = b.data;
    return true;
  }
};

// --- the rest, decoded out of line (args.cc) ----------------------------------------------------------------------
struct Path {
  char text[PATH_MAX];
  Path() {}
};
struct IoVec {
  static constexpr unsigned kMax = 1024;  // IOV_MAX
  unsigned n;
  struct iovec v[kMax];
  IoVec() {}
};
// For vmsplice: a Float64Array of pairs (address, length) inside mappings of ours, whose pages stay put until we say
// so.
struct MappedIoVec : IoVec {};
struct SockAddr {
  struct sockaddr* p = nullptr;
  unsigned size = 0;
};
struct MaybeSockAddr : SockAddr {};
// A time-out in milliseconds (fractions allowed), or nanoseconds as a bigint; null, undefined or -1 wait for ever.
struct Timeout {
  struct timespec ts;
  bool forever;
  struct timespec* pointer() { return forever ? nullptr : &ts; }
};
// NOLINTBEGIN(bugprone-macro-parentheses): T is a type
#define IOLAB_DECODER(T)                            \
  template <>                                       \
  struct Arg<T> {                                   \
    static bool get(Call& c, napi_value v, T& out); \
  }
// NOLINTEND(bugprone-macro-parentheses)
IOLAB_DECODER(Path);
IOLAB_DECODER(IoVec);
IOLAB_DECODER(MappedIoVec);
IOLAB_DECODER(SockAddr);
IOLAB_DECODER(MaybeSockAddr);
IOLAB_DECODER(Timeout);
#undef IOLAB_DECODER

}  // namespace iolab

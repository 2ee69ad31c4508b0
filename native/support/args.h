// Decoders from JavaScript values to the argument types that a family's C++ functions are written with.
//
// A family writes `long sendfile(Fd out, Fd in, MaybeOffset offset, Size count)`; everything that can be wrong with a
// JavaScript argument (type, integer, range, buffer bounds, detached, resizable or shared memory) is found here, before
// the system call is made, and named by the argument's own name.
//
// No decoder runs code of the caller's once a buffer's address was taken: a getter could transfer that buffer and leave
// us with a dangling pointer. So there are no option objects here, and an array of buffers is read in two passes.
//
// Prices matter: a checked call should cost what C costs. So each decoder asks Node-API for one thing on its good path
// and leaves all diagnosis to fail(), which is out of line.
#pragma once

#include <limits.h>
#include <netinet/in.h>
#include <node_api.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "env.h"

namespace iolab {

struct Bytes {
  char* data = nullptr;
  size_t size = 0;
};

struct Call {
  napi_env env;
  Env& iolab;
  const Method& method;
  unsigned index = 0;  // which JavaScript argument is being decoded
  Bytes last{};        // the buffer decoded most recently: counts and offsets are checked against it
  unsigned last_index = 0;
  size_t count = 0;                   // the count decoded most recently
  double number = -0.5;               // the integer decoded most recently (so far none: no call answers a fraction),
  napi_value number_value = nullptr;  // and its handle, which is an answer ready made
};

// --- failing (args.cc) ------------------------------------------------------------------------------------------
enum class Wrong { type, range };
[[gnu::cold, gnu::noinline]] bool fail(Call& c, Wrong kind, napi_value got, const char* wanted);
[[gnu::cold, gnu::noinline]] bool fail_bounds(Call& c, double start, double length);
[[gnu::cold, gnu::noinline]] bool fail_integer(Call& c, napi_value got, double low, double high);
[[gnu::cold, gnu::noinline]] bool fail_guarded(Call& c, int fd);
[[gnu::cold, gnu::noinline]] bool fail_not_owned(Call& c, int fd);
[[gnu::cold, gnu::noinline]] bool is_open(int fd);
// Everything that is not a plain fixed-length typed array: DataView, ArrayBuffer, or a reason to refuse.
[[gnu::cold, gnu::noinline]] bool slow_bytes(Call& c, napi_value v, Bytes& out);

inline bool nullish(Call& c, napi_value v) {
  napi_valuetype t;
  return napi_typeof(c.env, v, &t) == napi_ok && (t == napi_undefined || t == napi_null);
}

template <class T>
struct Arg;

// --- integers ---------------------------------------------------------------------------------------------------
inline constexpr double kMaxSafe = 9007199254740991.0;

// `d` is what `v` holds.
template <class T>
inline bool whole(Call& c, napi_value v, double d, T& out) {
  constexpr bool wide = sizeof(T) == 8;
  constexpr double low = wide ? (std::is_signed_v<T> ? -kMaxSafe : 0) : double(std::numeric_limits<T>::min());
  constexpr double high = wide ? kMaxSafe : double(std::numeric_limits<T>::max());
  if (d >= low && d <= high) [[likely]] {
    T i = static_cast<T>(d);
    // -0 is refused with the fractions: it is a sign that somebody's arithmetic went wrong (hazards.md B4.36)
    if (static_cast<double>(i) == d && (i != 0 || !std::signbit(d))) [[likely]] {
      out = i;
      c.number = d;
      c.number_value = v;
      return true;
    }
  }
  return fail_integer(c, v, low, high);
}

template <class T>
inline bool integer(Call& c, napi_value v, T& out) {
  double d;
  if (napi_get_value_double(c.env, v, &d) == napi_ok) [[likely]]
    return whole(c, v, d, out);
  return fail_integer(c, v, 0, 0);
}

template <>
struct Arg<int> {
  static bool get(Call& c, napi_value v, int& out) { return integer(c, v, out); }
};
template <>
struct Arg<unsigned> {
  static bool get(Call& c, napi_value v, unsigned& out) { return integer(c, v, out); }
};

// --- descriptors ------------------------------------------------------------------------------------------------
struct Fd {
  int n;
};
template <>
struct Arg<Fd> {
  static bool get(Call& c, napi_value v, Fd& out) {
    if (!integer(c, v, out.n)) return false;
    return !c.iolab.guarded.has(out.n) || fail_guarded(c, out.n);
  }
};

// A descriptor that the call takes away from whoever holds it: only one made here, or adopted.
struct OwnFd {
  int n;
};
template <>
struct Arg<OwnFd> {
  static bool get(Call& c, napi_value v, OwnFd& out) {
    if (!integer(c, v, out.n)) return false;
    return c.iolab.owned.has(out.n) || fail_not_owned(c, out.n);
  }
};

// A number that the call gives a new meaning to, closing what it stood for: one of ours, or one that is free.
struct TargetFd {
  int n;
};
template <>
struct Arg<TargetFd> {
  static bool get(Call& c, napi_value v, TargetFd& out) {
    if (!integer(c, v, out.n)) return false;
    return c.iolab.owned.has(out.n) || !is_open(out.n) || fail_not_owned(c, out.n);
  }
};

// --- sizes and offsets: safe integers or bigint ------------------------------------------------------------------
[[gnu::cold, gnu::noinline]] bool bigint64(Call& c, napi_value v, int64_t& out, bool negative);

struct Offset {
  int64_t n;
};
template <>
struct Arg<Offset> {
  static bool get(Call& c, napi_value v, Offset& out) {
    double d;
    if (napi_get_value_double(c.env, v, &d) != napi_ok) return bigint64(c, v, out.n, true);
    return whole(c, v, d, out.n);
  }
};
struct Size {
  size_t n;
};
template <>
struct Arg<Size> {
  static bool get(Call& c, napi_value v, Size& out) {
    double d;
    if (napi_get_value_double(c.env, v, &d) != napi_ok) {
      int64_t n;
      if (!bigint64(c, v, n, false)) return false;
      out.n = static_cast<size_t>(n);
      return true;
    }
    return whole(c, v, d, out.n);
  }
};
// `null` where the man page has a NULL pointer to an offset: the file's own position is used and moved.
struct MaybeOffset {
  int64_t n;
  bool given;
  int64_t* pointer() { return given ? &n : nullptr; }
};
template <>
struct Arg<MaybeOffset> {
  static bool get(Call& c, napi_value v, MaybeOffset& out) {
    double d;
    if (napi_get_value_double(c.env, v, &d) == napi_ok) [[likely]] {
      out.given = true;
      return whole(c, v, d, out.n);
    }
    if (nullish(c, v)) {
      out.given = false;
      return true;
    }
    out.given = true;
    return bigint64(c, v, out.n, true);
  }
};
// 64 bits that are not a number: signal masks, epoll data, counters.
struct U64 {
  uint64_t n;
};
template <>
struct Arg<U64> {
  static bool get(Call& c, napi_value v, U64& out) {
    bool lossless;
    if (napi_get_value_bigint_uint64(c.env, v, &out.n, &lossless) != napi_ok)
      return fail(c, Wrong::type, v, "a bigint");
    return lossless || fail(c, Wrong::range, v, "a bigint of 0 to 2^64 - 1");
  }
};
struct MaybeU64 {
  uint64_t n;
  bool given;
  uint64_t* pointer() { return given ? &n : nullptr; }
};
template <>
struct Arg<MaybeU64> {
  static bool get(Call& c, napi_value v, MaybeU64& out) {
    out.given = !nullish(c, v);
    if (!out.given) return true;
    U64 u;
    if (!Arg<U64>::get(c, v, u)) return false;
    out.n = u.n;
    return true;
  }
};

// --- memory -----------------------------------------------------------------------------------------------------
// A typed array (or DataView, or ArrayBuffer). Its address and length are read anew at each call, since JavaScript may
// have transferred the memory in between.
inline bool bytes(Call& c, napi_value v, Bytes& out) {
  void* data;
  size_t offset;
  napi_value buffer;
  bool plain;
  // The element type is not asked for: Node-API finds it by trying eleven of them. The length in bytes comes from
  // napi_get_buffer_info, which takes any view.
  if (napi_get_typedarray_info(c.env, v, nullptr, nullptr, &data, &buffer, &offset) == napi_ok &&
      napi_is_arraybuffer(c.env, buffer, &plain) == napi_ok && plain &&
      // V8 reserves a resizable buffer page by page, so only a page-aligned base can belong to one. Node-API has no
      // cheap question for it; slow_bytes() asks the object itself. (Observed Node 20 to 26; tests hold it.)
      ((reinterpret_cast<uintptr_t>(data) - offset) & 4095) != 0 &&
      napi_get_buffer_info(c.env, v, nullptr, &out.size) == napi_ok) [[likely]] {
    out.data = static_cast<char*>(data);
  } else if (!slow_bytes(c, v, out)) {
    return false;
  }
  c.last = out;
  c.last_index = c.index;
  c.count = 0;
  return true;
}
template <>
struct Arg<Bytes> {
  static bool get(Call& c, napi_value v, Bytes& out) { return bytes(c, v, out); }
};

// Memory that the kernel may read or write: a buffer, or an address inside a mapping that this environment made.
struct Memory : Bytes {};
[[gnu::noinline]] bool mapped(Call& c, napi_value v, Bytes& out);
template <>
struct Arg<Memory> {
  static bool get(Call& c, napi_value v, Memory& out) {
    napi_valuetype t;
    if (napi_typeof(c.env, v, &t) == napi_ok && t == napi_object) [[likely]]
      return bytes(c, v, out);
    return mapped(c, v, out);
  }
};
// An address inside a mapping of ours, and nothing else.
struct Address : Bytes {};
template <>
struct Arg<Address> {
  static bool get(Call& c, napi_value v, Address& out) { return mapped(c, v, out); }
};

// How many bytes of the buffer before it; all of them when left out.
struct Count {
  size_t n;
};
template <>
struct Arg<Count> {
  static bool get(Call& c, napi_value v, Count& out) {
    double d;
    if (napi_get_value_double(c.env, v, &d) == napi_ok) [[likely]] {
      if (!whole(c, v, d, out.n)) return false;
      if (out.n > c.last.size) return fail_bounds(c, 0, static_cast<double>(out.n));
    } else {
      if (!nullish(c, v)) return fail_integer(c, v, 0, 0);
      out.n = c.last.size;
    }
    c.count = out.n;
    return true;
  }
};
// Where in that buffer to begin; 0 when left out. Saves the caller a subarray() in a loop.
struct From {
  size_t n;
};
template <>
struct Arg<From> {
  static bool get(Call& c, napi_value v, From& out) {
    double d;
    if (napi_get_value_double(c.env, v, &d) == napi_ok) [[likely]] {
      if (!whole(c, v, d, out.n)) return false;
    } else {
      if (!nullish(c, v)) return fail_integer(c, v, 0, 0);
      out.n = 0;
    }
    return (out.n <= c.last.size && c.count <= c.last.size - out.n) ||
           fail_bounds(c, static_cast<double>(out.n), static_cast<double>(c.count));
  }
};
// How many records of T the buffer before it holds.
template <class T>
struct Items {
  int n;
};
template <class T>
struct Arg<Items<T>> {
  static bool get(Call& c, napi_value v, Items<T>& out) {
    if (!integer(c, v, out.n)) return false;
    return out.n <= 0 || static_cast<size_t>(out.n) <= c.last.size / sizeof(T) ||
           fail_bounds(c, 0, static_cast<double>(out.n) * sizeof(T));
  }
};
template <size_t N>
inline constexpr const char* aligned_to = N == 8   ? "memory aligned to 8 bytes"
                                          : N == 4 ? "memory aligned to 4 bytes"
                                                   : "memory aligned to 2 bytes";
// A buffer that holds at least N of T.
template <class T, int N = 1>
struct Struct {
  T* p;
};
template <class T, int N>
struct Arg<Struct<T, N>> {
  static bool get(Call& c, napi_value v, Struct<T, N>& out) {
    Bytes b;
    if (!bytes(c, v, b)) return false;
    if (b.size < sizeof(T) * N) return fail_bounds(c, 0, sizeof(T) * N);
    if (reinterpret_cast<uintptr_t>(b.data) % alignof(T) != 0) return fail(c, Wrong::range, v, aligned_to<alignof(T)>);
    out.p = reinterpret_cast<T*>(b.data);
    return true;
  }
};
// The same, or NULL for null and undefined.
template <class T>
struct Maybe : T {};
template <class T, int N>
struct Arg<Maybe<Struct<T, N>>> {
  static bool get(Call& c, napi_value v, Maybe<Struct<T, N>>& out) {
    if (nullish(c, v)) {
      out.p = nullptr;
      return true;
    }
    return Arg<Struct<T, N>>::get(c, v, out);
  }
};
template <>
struct Arg<Maybe<Bytes>> {
  static bool get(Call& c, napi_value v, Maybe<Bytes>& out) {
    if (nullish(c, v)) return true;
    return bytes(c, v, out);
  }
};

}  // namespace iolab

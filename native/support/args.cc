#include "args.h"

#include <fcntl.h>

#include <cstdio>
#include <string>

#include "bind.h"

namespace iolab {

void throw_invalid(napi_env env, const char* code, const char* message) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) return;
  if (std::strcmp(code, "ERR_INVALID_ARG_TYPE") == 0)
    napi_throw_type_error(env, code, message);
  else
    napi_throw_range_error(env, code, message);
}

namespace {

std::string word_at(const char* words, unsigned index) {
  const char* p = words;
  for (; index > 0 && *p != 0; index--) {
    while (*p != 0 && *p != ' ') p++;
    while (*p == ' ') p++;
  }
  const char* end = p;
  while (*end != 0 && *end != ' ') end++;
  return {p, end};
}

// How a value looks in a message. Never calls user code: no toString(), no getter.
std::string show(napi_env env, napi_value v) {
  napi_valuetype t;
  if (v == nullptr || napi_typeof(env, v, &t) != napi_ok) return "?";
  char text[80];
  size_t n = 0;
  switch (t) {
    case napi_undefined:
      return "undefined";
    case napi_null:
      return "null";
    case napi_boolean: {
      bool b = false;
      napi_get_value_bool(env, v, &b);
      return b ? "true" : "false";
    }
    case napi_number: {
      double d = 0;
      napi_get_value_double(env, v, &d);
      if (d == 0 && std::signbit(d)) return "-0";
      if (std::isnan(d)) return "NaN";
      if (std::isinf(d)) return d > 0 ? "Infinity" : "-Infinity";
      std::snprintf(text, sizeof text, "%.17g", d);
      return text;
    }
    case napi_string:
      napi_get_value_string_utf8(env, v, text, 40, &n);
      return "the string \"" + std::string(text, n) + (n >= 39 ? "...\"" : "\"");
    case napi_bigint: {
      int64_t i = 0;
      bool lossless = false;
      napi_get_value_bigint_int64(env, v, &i, &lossless);
      if (!lossless) return "a bigint beyond 64 bits";
      std::snprintf(text, sizeof text, "%lldn", static_cast<long long>(i));
      return text;
    }
    case napi_symbol:
      return "a symbol";
    case napi_function:
      return "a function";
    case napi_external:
      return "an external";
    default: {
      bool is = false;
      if (napi_is_array(env, v, &is) == napi_ok && is) return "an array";
      if (napi_is_typedarray(env, v, &is) == napi_ok && is) return "a typed array";
      return "an object";
    }
  }
}

std::string lead(Call& c) { return std::string(c.method.name) + ": " + word_at(c.method.args, c.index); }

// Asked through the getter that was captured at load: an own property of the buffer's cannot shadow it, so no code of
// the caller's runs.
bool is_resizable(Call& c, napi_value buffer) {
  napi_value getter = nullptr, flag;
  bool value = false;
  if (c.iolab.resizable == nullptr) return false;
  return napi_get_reference_value(c.env, c.iolab.resizable, &getter) == napi_ok && getter != nullptr &&
         napi_call_function(c.env, buffer, getter, 0, nullptr, &flag) == napi_ok &&
         napi_get_value_bool(c.env, flag, &value) == napi_ok && value;
}

}  // namespace

bool fail(Call& c, Wrong kind, napi_value got, const char* wanted) {
  std::string m = lead(c) + " must be " + wanted + ", got " + show(c.env, got);
  throw_invalid(c.env, kind == Wrong::type ? "ERR_INVALID_ARG_TYPE" : "ERR_OUT_OF_RANGE", m.c_str());
  return false;
}

bool fail_integer(Call& c, napi_value got, double low, double high) {
  napi_valuetype t;
  if (napi_typeof(c.env, got, &t) != napi_ok || t != napi_number) return fail(c, Wrong::type, got, "an integer");
  char wanted[96];
  std::snprintf(wanted, sizeof wanted, "an integer of %.17g to %.17g", low, high);
  return fail(c, Wrong::range, got, wanted);
}

bool fail_bounds(Call& c, double start, double length) {
  char text[160];
  std::string buffer = word_at(c.method.args, c.last_index);
  if (start == 0)
    std::snprintf(text, sizeof text, ": %.17g bytes needed, but %s has %zu", length, buffer.c_str(), c.last.size);
  else
    std::snprintf(text, sizeof text, ": bytes %.17g to %.17g needed, but %s has %zu", start, start + length,
                  buffer.c_str(), c.last.size);
  throw_invalid(c.env, "ERR_OUT_OF_RANGE", (lead(c) + text).c_str());
  return false;
}

bool fail_guarded(Call& c, int fd) {
  char text[200];
  std::snprintf(text, sizeof text,
                ": descriptor %d was open before iolab was loaded and belongs to Node's own event loop; "
                "call adopt(%d) first if you know that it is yours",
                fd, fd);
  throw_invalid(c.env, "ERR_FOREIGN_FD", (lead(c) + text).c_str());
  return false;
}

bool fail_not_owned(Call& c, int fd) {
  char text[200];
  std::snprintf(text, sizeof text,
                ": descriptor %d was not opened by iolab in this thread, or is closed already; "
                "call adopt(%d) first if it is yours to close",
                fd, fd);
  throw_invalid(c.env, "ERR_FOREIGN_FD", (lead(c) + text).c_str());
  return false;
}

bool is_open(int fd) { return call(SYS_fcntl, fd, F_GETFD) >= 0; }

bool bigint64(Call& c, napi_value v, int64_t& out, bool negative) {
  bool lossless = false;
  if (napi_get_value_bigint_int64(c.env, v, &out, &lossless) != napi_ok)
    return fail(c, Wrong::type, v, "an integer or a bigint");
  if (!lossless || (!negative && out < 0))
    return fail(c, Wrong::range, v, negative ? "a bigint of 64 bits" : "a bigint of 0 to 2^63 - 1");
  return true;
}

bool slow_bytes(Call& c, napi_value v, Bytes& out) {
  bool is = false;
  napi_value buffer = v;
  size_t offset = 0;
  const char* wanted = "a typed array, a DataView or an ArrayBuffer";
  napi_valuetype t;
  if (napi_typeof(c.env, v, &t) != napi_ok || t != napi_object) return fail(c, Wrong::type, v, wanted);
  if (napi_is_typedarray(c.env, v, &is) == napi_ok && is) {
    if (napi_get_typedarray_info(c.env, v, nullptr, nullptr, nullptr, &buffer, &offset) != napi_ok ||
        napi_get_buffer_info(c.env, v, reinterpret_cast<void**>(&out.data), &out.size) != napi_ok)
      return fail(c, Wrong::type, v, wanted);
  } else if (napi_is_dataview(c.env, v, &is) == napi_ok && is) {
    void* data;
    if (napi_get_dataview_info(c.env, v, &out.size, &data, &buffer, &offset) != napi_ok)
      return fail(c, Wrong::type, v, "a DataView whose buffer is not detached");
    out.data = static_cast<char*>(data);
  }
  bool plain = false;
  if (napi_is_arraybuffer(c.env, buffer, &plain) != napi_ok || !plain) {
    if (buffer != v)
      return fail(c, Wrong::type, v,
                  "memory that is not shared (another thread may write to a SharedArrayBuffer): copy it");
    // a bare SharedArrayBuffer looks like any object here
    return fail(c, Wrong::type, v, wanted);
  }
  bool detached = false;
  if (napi_is_detached_arraybuffer(c.env, buffer, &detached) != napi_ok || detached)
    return fail(c, Wrong::type, v, "memory that is still attached (its ArrayBuffer was transferred)");
  if (is_resizable(c, buffer))
    return fail(c, Wrong::type, v, "memory of a fixed size (its ArrayBuffer is resizable): copy it");
  void* base;
  size_t total;
  if (napi_get_arraybuffer_info(c.env, buffer, &base, &total) != napi_ok) return fail(c, Wrong::type, v, wanted);
  if (buffer == v) out = {static_cast<char*>(base), total};
  if (offset > total || out.size > total - offset) return fail(c, Wrong::type, v, wanted);
  return true;
}

bool mapped(Call& c, napi_value v, Bytes& out) {
  uintptr_t address = 0;
  double d;
  const char* wanted = "an address inside a mapping made by mmap in this thread";
  if (napi_get_value_double(c.env, v, &d) != napi_ok) return fail(c, Wrong::type, v, wanted);
  if (!integer(c, v, address)) return false;
  size_t room = c.iolab.maps.room(address);
  if (room == 0) return fail(c, Wrong::range, v, wanted);
  out = {reinterpret_cast<char*>(address), room};
  c.last = out;
  c.last_index = c.index;
  return true;
}

bool Arg<Path>::get(Call& c, napi_value v, Path& out) {
  napi_valuetype t;
  size_t n = 0;
  if (napi_typeof(c.env, v, &t) != napi_ok || t != napi_string) return fail(c, Wrong::type, v, "a string");
  if (napi_get_value_string_utf8(c.env, v, nullptr, 0, &n) != napi_ok) return fail(c, Wrong::type, v, "a string");
  if (n >= sizeof out.text) return fail(c, Wrong::range, v, "a path shorter than PATH_MAX (4096 bytes)");
  if (napi_get_value_string_utf8(c.env, v, out.text, sizeof out.text, &n) != napi_ok)
    return fail(c, Wrong::type, v, "a string");
  if (std::memchr(out.text, 0, n) != nullptr) return fail(c, Wrong::range, v, "a path without NUL characters");
  return true;
}

bool Arg<IoVec>::get(Call& c, napi_value v, IoVec& out) {
  bool is = false;
  uint32_t n = 0;
  if (napi_is_array(c.env, v, &is) != napi_ok || !is) return fail(c, Wrong::type, v, "an array of buffers");
  napi_get_array_length(c.env, v, &n);
  if (n > IoVec::kMax) return fail(c, Wrong::range, v, "an array of at most 1024 buffers (IOV_MAX)");
  // Two passes: reading an element may run a getter, which might transfer a buffer whose address was taken before.
  napi_value elements[IoVec::kMax];
  for (uint32_t i = 0; i < n; i++)
    if (napi_get_element(c.env, v, i, &elements[i]) != napi_ok) return false;
  for (uint32_t i = 0; i < n; i++) {
    Bytes b;
    if (!bytes(c, elements[i], b)) return false;
    out.v[i] = {b.data, b.size};
  }
  out.n = n;
  return true;
}

bool Arg<MappedIoVec>::get(Call& c, napi_value v, MappedIoVec& out) {
  const char* wanted =
      "a Float64Array of pairs (address, length) inside mappings made by mmap in this thread (the pages of a Buffer "
      "may be reused while the pipe still refers to them)";
  bool is = false;
  napi_typedarray_type type;
  if (napi_is_typedarray(c.env, v, &is) != napi_ok || !is ||
      napi_get_typedarray_info(c.env, v, &type, nullptr, nullptr, nullptr, nullptr) != napi_ok ||
      type != napi_float64_array)
    return fail(c, Wrong::type, v, wanted);
  Bytes b;
  if (!bytes(c, v, b)) return false;
  const double* pair = reinterpret_cast<const double*>(b.data);
  size_t n = b.size / (2 * sizeof(double));
  if (b.size % (2 * sizeof(double)) != 0 || n > IoVec::kMax)
    return fail(c, Wrong::range, v, "at most 1024 pairs (address, length)");
  for (size_t i = 0; i < n; i++) {
    double address = pair[2 * i], length = pair[2 * i + 1];
    bool whole = address >= 1 && address <= kMaxSafe && length >= 0 && length <= kMaxSafe &&
                 std::floor(address) == address && std::floor(length) == length;
    if (!whole || static_cast<double>(c.iolab.maps.room(static_cast<uintptr_t>(address))) < std::fmax(length, 1))
      return fail(c, Wrong::range, v, wanted);
    out.v[i] = {reinterpret_cast<void*>(static_cast<uintptr_t>(address)), static_cast<size_t>(length)};
  }
  out.n = static_cast<unsigned>(n);
  return true;
}

bool Arg<SockAddr>::get(Call& c, napi_value v, SockAddr& out) {
  Bytes b;
  if (!bytes(c, v, b)) return false;
  if (b.size < sizeof(sa_family_t)) return fail_bounds(c, 0, sizeof(sa_family_t));
  if (b.size > sizeof(sockaddr_storage)) return fail(c, Wrong::range, v, "a socket address of at most 128 bytes");
  sa_family_t family;
  std::memcpy(&family, b.data, sizeof family);
  if (family != AF_INET && family != AF_INET6 && family != AF_UNIX && family != AF_UNSPEC)
    return fail(c, Wrong::range, v, "an address of the family AF_INET, AF_INET6 or AF_UNIX");
  out.p = reinterpret_cast<sockaddr*>(b.data);
  out.size = static_cast<unsigned>(b.size);
  return true;
}
bool Arg<MaybeSockAddr>::get(Call& c, napi_value v, MaybeSockAddr& out) {
  return nullish(c, v) || Arg<SockAddr>::get(c, v, out);
}

bool Arg<Timeout>::get(Call& c, napi_value v, Timeout& out) {
  double ms;
  napi_valuetype t = napi_undefined;
  out.forever = nullish(c, v);
  if (out.forever) return true;
  if (napi_get_value_double(c.env, v, &ms) == napi_ok) {
    if (ms == -1) {
      out.forever = true;
      return true;
    }
    if (!(ms >= 0 && ms <= 9e15)) return fail(c, Wrong::range, v, "a number of milliseconds of 0 to 9e15, or -1");
    out.ts.tv_sec = static_cast<time_t>(ms / 1000);
    // rounded up: half a nanosecond short would turn a short wait into a busy loop
    double ns = std::ceil((ms - static_cast<double>(out.ts.tv_sec) * 1000) * 1e6);
    if (ns >= 1e9) {
      out.ts.tv_sec++;
      ns = 0;
    }
    out.ts.tv_nsec = static_cast<long>(ns);
    return true;
  }
  int64_t ns;
  if (napi_typeof(c.env, v, &t) != napi_ok || t != napi_bigint)
    return fail(c, Wrong::type, v, "a number of milliseconds, a bigint of nanoseconds or null");
  if (!bigint64(c, v, ns, false)) return false;
  out.ts = {static_cast<time_t>(ns / 1000000000), static_cast<long>(ns % 1000000000)};
  return true;
}

}  // namespace iolab

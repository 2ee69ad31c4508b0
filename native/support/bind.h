// Turns a C++ function into a JavaScript function by reading its signature.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <tuple>

#include "call.h"
#include "compound.h"

namespace iolab {

struct Method {
  const char* name;
  const char* args;  // the parameters' names, separated by spaces: they appear in error messages
  napi_callback callback;
  napi_callback loop;  // the same call n times from C++, with its arguments decoded once: the control of `bench calls`
};

// A fact of the C headers that this binary was compiled against.
struct Constant {
  const char* name;
  double value;
};
struct Field {
  const char* name;
  unsigned offset;
};
struct Layout {
  const char* name;
  unsigned size;
  std::initializer_list<Field> fields;
};

struct Family {
  const char* name;
  std::span<const Method> methods;
  std::span<const Constant> constants;
  std::span<const Layout> layouts;
};

// clang-format off
#define K(NAME) \
  Constant { #NAME, static_cast<double>(NAME) }
#define AT(TYPE, FIELD) \
  Field { #FIELD, static_cast<unsigned>(offsetof(TYPE, FIELD)) }
// clang-format on

inline napi_value number(napi_env env, long value) {
  napi_value out = nullptr;
  if (value >= INT32_MIN && value <= INT32_MAX) [[likely]]
    napi_create_int32(env, static_cast<int32_t>(value), &out);
  else
    napi_create_double(env, static_cast<double>(value), &out);
  return out;
}

// A call often answers the number that it was given last: a count that went through whole, 0 events for a time-out of
// 0. Handing that very value back saves making another one, 4 to 8 ns of 220 (docs/calls.md).
inline napi_value answer(const Call& c, long value) {
  return static_cast<double>(value) == c.number ? c.number_value : number(c.env, value);
}

// Env& is not a JavaScript argument: a function that needs the environment just names it.
template <class T>
inline constexpr unsigned consumes = std::is_same_v<std::remove_cvref_t<T>, Env> ? 0 : 1;

template <class T>
struct Slot {
  std::remove_cvref_t<T> value;
  bool decode(Call& c, napi_value* argv) {
    if (!Arg<std::remove_cvref_t<T>>::get(c, argv[c.index], value)) [[unlikely]]
      return false;
    c.index++;
    return true;
  }
  auto& pass(Call&) { return value; }
};
template <>
struct Slot<Env&> {
  bool decode(Call&, napi_value*) { return true; }
  Env& pass(Call& c) { return c.iolab; }
};

void throw_invalid(napi_env env, const char* code, const char* message);

template <auto F>
struct Bound;
template <class... A, long (*F)(A...)>
struct Bound<F> {
  static constexpr unsigned kArity = (consumes<A> + ... + 0);

  static napi_value invoke(napi_env env, napi_callback_info info) {
    napi_value argv[kArity + 1];
    size_t argc = kArity;
    void* data;
    if (napi_get_cb_info(env, info, &argc, argv, nullptr, &data) != napi_ok) return nullptr;
    Site* site = static_cast<Site*>(data);
    Call c{env, *site->env, *site->method};
    std::tuple<Slot<A>...> slots;
    bool good = std::apply([&](auto&... slot) { return (slot.decode(c, argv) && ...); }, slots);
    if (!good) [[unlikely]]
      return nullptr;
    return answer(c, std::apply([&](auto&... slot) { return F(slot.pass(c)...); }, slots));
  }

  static napi_value loop(napi_env env, napi_callback_info info) {
    napi_value argv[kArity + 1];
    size_t argc = kArity + 1;
    void* data;
    if (napi_get_cb_info(env, info, &argc, argv, nullptr, &data) != napi_ok) return nullptr;
    Site* site = static_cast<Site*>(data);
    static constexpr Method repeat{"loop", "times", nullptr, nullptr};
    Call counter{env, *site->env, repeat};
    int times = 0;
    if (!integer(counter, argv[0], times)) return nullptr;
    if (times < 1 || times > 1000000000) {
      fail(counter, Wrong::range, argv[0], "an integer of 1 to 1e9");
      return nullptr;
    }
    Call c{env, *site->env, *site->method};
    std::tuple<Slot<A>...> slots;
    bool good = std::apply([&](auto&... slot) { return (slot.decode(c, argv + 1) && ...); }, slots);
    if (!good) return nullptr;
    long last = 0;
    for (int n = times; n > 0; n--) last = std::apply([&](auto&... slot) { return F(slot.pass(c)...); }, slots);
    return number(env, last);
  }
};

template <auto F>
constexpr Method method(const char* name, const char* args) {
  return {name, args, Bound<F>::invoke, nullptr};
}
// A call that programs make in a loop, so that its price matters.
template <auto F>
constexpr Method hot(const char* name, const char* args) {
  return {name, args, Bound<F>::invoke, Bound<F>::loop};
}

// --- what families share ----------------------------------------------------------------------------------------

// A descriptor that a call has just made is this environment's to close. Its number is new, so whatever of Node's own
// had it when the addon was loaded is gone.
inline long own(Env& env, long fd) {
  if (fd >= 0) {
    env.owned.add(static_cast<int>(fd));
    env.guarded.remove(static_cast<int>(fd));
  }
  return fd;
}

[[gnu::cold]] long call_with_sigpipe_blocked(long nr, const long (&w)[6]);

// For calls that have no MSG_NOSIGNAL. Node ignores SIGPIPE; an embedder may not, and then a peer that went away would
// end the process (hazards.md B5.40). Only in that case are there extra calls, around the one that was asked for.
template <class... A>
inline long call_without_sigpipe(Env& env, long nr, A... args) {
  if (!env.sigpipe_kills) [[likely]]
    return call(nr, args...);
  return call_with_sigpipe_blocked(nr, {word(args)...});
}

napi_value define(Env& env, const Method& method, napi_callback callback);

}  // namespace iolab

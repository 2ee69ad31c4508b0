#include "runtime.h"

#include <fcntl.h>
#include <sys/epoll.h>

#include <cstdlib>
#include <memory>

#include "bind.h"
#include "view.h"

namespace iolab {
namespace {

// --- ownership of descriptors: adopt, disown, owns ----------------------------------------------------------------
long adopt(Env& env, int fd) {
  long open = call(SYS_fcntl, fd, F_GETFD);
  if (open < 0) return open;
  env.guarded.remove(fd);
  env.owned.add(fd);
  return fd;
}
long disown(Env& env, int fd) {
  bool had = env.owned.has(fd);
  env.owned.remove(fd);
  return had;
}
long owns(Env& env, int fd) { return env.owned.has(fd); }
long mappings(Env& env) { return static_cast<long>(env.maps.ranges().size()); }
long guards(Env& env, int fd) { return env.guarded.has(fd); }
// Private memory outside V8's heap: without being told, the garbage collector sees no reason to run.
long account(Env& env, Offset bytes) {
  int64_t total;
  // V8 ends the process at a number that no memory has
  constexpr int64_t most = int64_t{1} << 47;
  if (bytes.n > most || bytes.n < -most) return -EINVAL;
  return napi_adjust_external_memory(env.napi, bytes.n, &total) == napi_ok ? static_cast<long>(total) : -EINVAL;
}

// --- views: see view.h --------------------------------------------------------------------------------------------
long truncated_(Env& env, Address addr) {
  Mapped* m = env.maps.find(reinterpret_cast<uintptr_t>(addr.data));
  return m != nullptr && truncated(*m);
}
long unmap(Env& env, Address addr) {
  auto& ranges = env.maps.ranges();
  auto it = ranges.find(reinterpret_cast<uintptr_t>(addr.data));
  if (it == ranges.end()) return -EINVAL;
  uintptr_t address = it->first;
  long r = it->second.views != nullptr ? unmap_viewed(env, address, it->second)
                                       : call(SYS_munmap, address, it->second.length);
  if (r == 0) ranges.erase(address);
  return r;
}

constexpr Method methods[] = {
    method<adopt>("adopt", "fd"),     method<disown>("disown", "fd"),      method<owns>("owns", "fd"),
    method<mappings>("mappings", ""), method<guards>("guards", "fd"),      method<truncated_>("truncated", "addr"),
    method<unmap>("unmap", "addr"),   method<account>("account", "bytes"),
};

// view(address, length): ArrayBuffer; null where this runtime cannot hand out foreign memory; or -errno.
napi_value view_(napi_env napi, napi_callback_info info) {
  static constexpr Method self{"view", "addr length", nullptr, nullptr};
  size_t argc = 2;
  napi_value argv[2], out = nullptr;
  void* data;
  if (napi_get_cb_info(napi, info, &argc, argv, nullptr, &data) != napi_ok) return nullptr;
  Env& env = *static_cast<Env*>(data);
  Call c{napi, env, self};
  Address addr;
  Count length{0};
  if (!Arg<Address>::get(c, argv[0], addr)) return nullptr;
  c.index = 1;
  if (!Arg<Count>::get(c, argv[1], length)) return nullptr;
  if (length.n == 0) {
    fail(c, Wrong::range, argv[1], "at least 1 byte");
    return nullptr;
  }
  auto it = env.maps.ranges().find(reinterpret_cast<uintptr_t>(addr.data));
  if (it == env.maps.ranges().end()) {
    throw_invalid(napi, "ERR_OUT_OF_RANGE", "view: addr must be the start of a mapping");
    return nullptr;
  }
  NoView none;
  out = view(env, it->first, it->second, length.n, &none);
  if (out != nullptr) return out;
  switch (none.why) {
    case NoView::forbidden:
      napi_get_null(napi, &out);
      break;
    case NoView::refused:
      return number(napi, none.error);
    case NoView::transferred:
      throw_invalid(napi, "ERR_OUT_OF_RANGE",
                    "view: the ArrayBuffer of this mapping was transferred; unmap it and map the file again");
      break;
    case NoView::too_many:
      throw_invalid(napi, "ERR_OUT_OF_RANGE", "view: 4,096 mappings have views already; close some of them");
      break;
  }
  return out;
}

// --- a bound epoll_wait: the event buffer is ours, so there is nothing left to check but the time-out ----------------
struct Events {
  Env* env;
  int epfd;
  int max = 0;
  std::unique_ptr<epoll_event[]> memory;
};
using Shared = std::shared_ptr<Events>;

napi_value wait_bound(napi_env napi, napi_callback_info info) {
  static constexpr Method self{"wait", "timeout", nullptr, nullptr};
  size_t argc = 1;
  napi_value v;
  void* data;
  if (napi_get_cb_info(napi, info, &argc, &v, nullptr, &data) != napi_ok) return nullptr;
  Events& e = **static_cast<Shared*>(data);
  Call c{napi, *e.env, self};
  int timeout = 0;
  if (!integer(c, v, timeout)) return nullptr;
  // closed, or closed and its number taken by something else that is not ours
  if (!e.env->owned.has(e.epfd)) [[unlikely]]
    return number(napi, -EBADF);
#ifdef SYS_epoll_wait
  return answer(c, call(SYS_epoll_wait, e.epfd, e.memory.get(), e.max, timeout));
#else
  return answer(c, call(SYS_epoll_pwait, e.epfd, e.memory.get(), e.max, timeout, nullptr, sizeof(uint64_t)));
#endif
}

void release(napi_env, void*, void* hint) { delete static_cast<Shared*>(hint); }

// bindEpollWait(epfd, maxevents): [ArrayBuffer of the events, wait(timeout)], or null as above. The memory belongs to
// both: transferring the ArrayBuffer away takes it from neither.
napi_value bind_epoll_wait(napi_env napi, napi_callback_info info) {
  static constexpr Method self{"bindEpollWait", "epfd maxevents", nullptr, nullptr};
  size_t argc = 2;
  napi_value argv[2], buffer, wait, out = nullptr;
  void* data;
  if (napi_get_cb_info(napi, info, &argc, argv, nullptr, &data) != napi_ok) return nullptr;
  Env& env = *static_cast<Env*>(data);
  Call c{napi, env, self};
  OwnFd epfd{-1};
  int max = 0;
  if (!Arg<OwnFd>::get(c, argv[0], epfd)) return nullptr;
  c.index = 1;
  if (!integer(c, argv[1], max)) return nullptr;
  if (max < 1 || max > 1 << 20) {
    fail(c, Wrong::range, argv[1], "1 to 1,048,576 events");
    return nullptr;
  }
  auto shared = std::make_shared<Events>(Events{&env, epfd.n, max, std::make_unique<epoll_event[]>(max)});
  size_t size = sizeof(epoll_event) * static_cast<size_t>(max);
  auto held = std::make_unique<Shared>(shared);
#ifdef IOLAB_GATE
  if (gate::no_external()) {
    napi_get_null(napi, &out);
    return out;
  }
#endif
  if (napi_create_external_arraybuffer(napi, shared->memory.get(), size, release, held.get(), &buffer) != napi_ok) {
    napi_get_null(napi, &out);
    return out;
  }
  (void)held.release();
  held = std::make_unique<Shared>(shared);
  if (napi_create_function(napi, "wait", NAPI_AUTO_LENGTH, wait_bound, held.get(), &wait) != napi_ok ||
      napi_add_finalizer(napi, wait, nullptr, release, held.get(), nullptr) != napi_ok)
    return nullptr;
  (void)held.release();
  napi_create_array_with_length(napi, 2, &out);
  napi_set_element(napi, out, 0, buffer);
  napi_set_element(napi, out, 1, wait);
  return out;
}

#ifdef IOLAB_GATE
long gate_arm(int nr, int nth, int every, int error, int shorten, int delay_us) {
  gate::arm({nr, nth, every, error, shorten, delay_us});
  return 0;
}
long gate_disarm() { return gate::disarm(), 0; }
long gate_seen() { return gate::seen(); }
long gate_fired() { return gate::fired(); }
long gate_no_external(int on) { return gate::set_no_external(on != 0), 0; }
constexpr Method gate_methods[] = {
    method<gate_arm>("gateArm", "nr nth every error shorten delay_us"),
    method<gate_disarm>("gateDisarm", ""),
    method<gate_seen>("gateSeen", ""),
    method<gate_fired>("gateFired", ""),
    method<gate_no_external>("gateNoExternal", "on"),
};
#endif

void put(napi_env napi, napi_value object, const char* name, napi_callback callback, void* data) {
  napi_value function;
  if (napi_create_function(napi, name, NAPI_AUTO_LENGTH, callback, data, &function) == napi_ok)
    napi_set_named_property(napi, object, name, function);
}

}  // namespace

void define_runtime(Env& env, napi_value exports) {
  for (const Method& m : methods) napi_set_named_property(env.napi, exports, m.name, define(env, m, m.callback));
  put(env.napi, exports, "view", view_, &env);
  put(env.napi, exports, "bindEpollWait", bind_epoll_wait, &env);
#ifdef IOLAB_GATE
  for (const Method& m : gate_methods) napi_set_named_property(env.napi, exports, m.name, define(env, m, m.callback));
#endif
}

}  // namespace iolab

// Watching a descriptor from Node's own loop, by libuv's uv_poll: how `io` waits without blocking the main thread. The
// descriptor is usually an epoll object, which is itself readable when one of its own is ready.
#include <node_api.h>
#include <uv.h>

#include <cerrno>
#include <map>
#include <memory>

#include "bind.h"
#include "runtime.h"

namespace iolab {
namespace {

struct Watches;

struct Watch {
  uv_poll_t handle;
  Watches* all;
  int id;
  int fd;
  napi_ref callback;
  napi_async_context context;
};

// Owned by the environment's clean-up hook, which outlives the Env: libuv closes handles asynchronously.
struct Watches {
  Env* env;
  napi_env napi;
  uv_loop_t* loop = nullptr;
  std::map<int, Watch*> open;
  int next = 1;
  int closing = 0;
  napi_async_cleanup_hook_handle hook = nullptr;
  bool ending = false;
};

void on_ready(uv_poll_t* handle, int status, int events) {
  Watch* w = static_cast<Watch*>(handle->data);
  napi_env napi = w->all->napi;
  napi_handle_scope scope;
  if (napi_open_handle_scope(napi, &scope) != napi_ok) return;
  napi_value callback, receiver, arg;
  if (napi_get_reference_value(napi, w->callback, &callback) == napi_ok && callback != nullptr &&
      napi_get_global(napi, &receiver) == napi_ok &&
      napi_create_int32(napi, status < 0 ? status : events, &arg) == napi_ok &&
      napi_make_callback(napi, w->context, receiver, callback, 1, &arg, nullptr) == napi_pending_exception) {
    napi_value error;
    if (napi_get_and_clear_last_exception(napi, &error) == napi_ok) napi_fatal_exception(napi, error);
  }
  napi_close_handle_scope(napi, scope);
}

void finish(Watches* all) {
  if (!all->ending || all->closing > 0) return;
  napi_remove_async_cleanup_hook(all->hook);
  delete all;
}

void on_closed(uv_handle_t* handle) {
  Watch* w = static_cast<Watch*>(handle->data);
  Watches* all = w->all;
  delete w;
  all->closing--;
  finish(all);
}

void close_watch(Watch* w) {
  Watches* all = w->all;
  uv_poll_stop(&w->handle);
  napi_delete_reference(all->napi, w->callback);
  napi_async_destroy(all->napi, w->context);
  all->open.erase(w->id);
  if (!all->ending) all->env->watched.remove(w->fd);
  all->closing++;
  uv_close(reinterpret_cast<uv_handle_t*>(&w->handle), on_closed);
}

void on_environment_end(napi_async_cleanup_hook_handle handle, void* arg) {
  Watches* all = static_cast<Watches*>(arg);
  all->hook = handle;
  all->ending = true;
  while (!all->open.empty()) close_watch(all->open.begin()->second);
  finish(all);
}

Watches& of(void* data) { return *static_cast<Watches*>(data); }

// watchOpen(fd, callback(events | -errno)): id, or -errno
napi_value open(napi_env napi, napi_callback_info info) {
  static constexpr Method self{"watchOpen", "fd callback", nullptr, nullptr};
  size_t argc = 2;
  napi_value argv[2], name;
  void* data;
  if (napi_get_cb_info(napi, info, &argc, argv, nullptr, &data) != napi_ok) return nullptr;
  Watches& all = of(data);
  Call c{napi, *all.env, self};
  Fd fd{-1};
  if (!Arg<Fd>::get(c, argv[0], fd)) return nullptr;
  c.index = 1;
  napi_valuetype type;
  if (napi_typeof(napi, argv[1], &type) != napi_ok || type != napi_function) {
    fail(c, Wrong::type, argv[1], "a function");
    return nullptr;
  }
  if (all.loop == nullptr && napi_get_uv_event_loop(napi, &all.loop) != napi_ok) return number(napi, -ENOSYS);
  auto w = std::make_unique<Watch>();
  w->all = &all;
  w->id = all.next;
  w->fd = fd.n;
  int r = fd.n < 0 ? -EBADF : uv_poll_init(all.loop, &w->handle, fd.n);
  if (r < 0) return number(napi, r);
  w->handle.data = w.get();
  napi_create_string_utf8(napi, "iolab.watch", NAPI_AUTO_LENGTH, &name);
  napi_create_reference(napi, argv[1], 1, &w->callback);
  napi_async_init(napi, nullptr, name, &w->context);
  all.open[all.next] = w.get();
  all.env->watched.add(fd.n);
  return number(napi, (w.release(), all.next++));
}

enum class Action { start, stop, close, ref };

// watchStart(id, events), watchStop(id), watchClose(id), watchRef(id, 0 | 1): 0 or -errno
template <Action A>
napi_value act(napi_env napi, napi_callback_info info) {
  static constexpr Method self{A == Action::start  ? "watchStart"
                               : A == Action::stop ? "watchStop"
                               : A == Action::ref  ? "watchRef"
                                                   : "watchClose",
                               "id value", nullptr, nullptr};
  size_t argc = 2;
  napi_value argv[2];
  void* data;
  if (napi_get_cb_info(napi, info, &argc, argv, nullptr, &data) != napi_ok) return nullptr;
  Watches& all = of(data);
  Call c{napi, *all.env, self};
  int id = 0, value = 0;
  if (!integer(c, argv[0], id)) return nullptr;
  c.index = 1;
  if ((A == Action::start || A == Action::ref) && !integer(c, argv[1], value)) return nullptr;
  auto it = all.open.find(id);
  if (it == all.open.end()) return number(napi, -EBADF);
  Watch* w = it->second;
  if constexpr (A == Action::start) return number(napi, uv_poll_start(&w->handle, value & 0xf, on_ready));
  if constexpr (A == Action::stop) return number(napi, uv_poll_stop(&w->handle));
  if constexpr (A == Action::close) close_watch(w);
  if constexpr (A == Action::ref) {
    if (value != 0)
      uv_ref(reinterpret_cast<uv_handle_t*>(&w->handle));
    else
      uv_unref(reinterpret_cast<uv_handle_t*>(&w->handle));
  }
  return number(napi, 0);
}

}  // namespace

void define_watch(Env& env, napi_value exports) {
  auto* all = new Watches;
  all->env = &env;
  all->napi = env.napi;
  napi_add_async_cleanup_hook(env.napi, on_environment_end, all, &all->hook);
  const struct {
    const char* name;
    napi_callback callback;
  } table[] = {{"watchOpen", open},
               {"watchStart", act<Action::start>},
               {"watchStop", act<Action::stop>},
               {"watchClose", act<Action::close>},
               {"watchRef", act<Action::ref>}};
  for (auto& entry : table) {
    napi_value function;
    napi_create_function(env.napi, entry.name, NAPI_AUTO_LENGTH, entry.callback, all, &function);
    napi_set_named_property(env.napi, exports, entry.name, function);
  }
}

}  // namespace iolab

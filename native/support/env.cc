#include "env.h"

#include <dirent.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "bind.h"
#include "runtime.h"
#include "view.h"

namespace iolab {

long call_with_sigpipe_blocked(long nr, const long (&w)[6]) {
  sigset_t pipe, before, pending;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  sigpending(&pending);
  bool was_pending = sigismember(&pending, SIGPIPE) == 1;
  pthread_sigmask(SIG_BLOCK, &pipe, &before);
  long r = call(nr, w[0], w[1], w[2], w[3], w[4], w[5]);
  if (r == -EPIPE && !was_pending) {
    timespec now{0, 0};
    while (sigtimedwait(&pipe, nullptr, &now) == -1 && errno == EINTR) {
    }
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return r;
}

namespace {

// The descriptors that the event loop lives on: its epoll, eventfds and signal pipes, all open by the time we are
// loaded.
void guard_loop_descriptors(FdSet& guarded) {
  DIR* dir = opendir("/proc/self/fd");
  if (dir == nullptr) return;
  while (dirent* entry = readdir(dir)) {
    int fd = std::atoi(entry->d_name);
    char target[64];
    ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);
    if (fd < 3 || n <= 0) continue;
    target[n] = 0;
    if (std::strncmp(target, "anon_inode:", 11) == 0 || std::strncmp(target, "pipe:", 5) == 0) guarded.add(fd);
  }
  closedir(dir);
}

// What nobody closed. A Worker that is terminated runs no more JavaScript, so its descriptors are closed here, as Node
// does with those of node:fs; the main thread's end is the process's end. Memory that a view may still reach stays
// readable: see view.h.
void release(Env& env) {
  if (call(SYS_gettid) != call(SYS_getpid)) env.owned.each([](int fd) { call(SYS_close, fd); });
  for (auto& [address, mapped] : env.maps.ranges()) {
    if (mapped.views != nullptr)
      entomb(address, mapped);
    else
      call(SYS_munmap, address, mapped.length);
  }
}

}  // namespace

Env* make_env(napi_env napi) {
  Env* env = new Env;
  env->napi = napi;
  guard_loop_descriptors(env->guarded);
  struct sigaction action;
  env->sigpipe_kills = sigaction(SIGPIPE, nullptr, &action) == 0 && action.sa_handler == SIG_DFL;
  napi_value script, getter;
  const char* source = "(Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'resizable') || {}).get || null";
  napi_valuetype type;
  if (napi_create_string_utf8(napi, source, NAPI_AUTO_LENGTH, &script) == napi_ok &&
      napi_run_script(napi, script, &getter) == napi_ok && napi_typeof(napi, getter, &type) == napi_ok &&
      type == napi_function)
    napi_create_reference(napi, getter, 1, &env->resizable);
  return env;
}

void drop_env(napi_env, void* data, void*) {
  Env* env = static_cast<Env*>(data);
  release(*env);
  delete env;
}

napi_value define(Env& env, const Method& method, napi_callback callback) {
  napi_value function = nullptr;
  env.sites.push_back(std::make_unique<Site>(Site{&env, &method}));
  napi_create_function(env.napi, method.name, NAPI_AUTO_LENGTH, callback, env.sites.back().get(), &function);
  return function;
}

}  // namespace iolab

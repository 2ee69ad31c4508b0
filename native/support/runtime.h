// What the addon offers besides system calls: memory views, ownership of descriptors, watching one from Node's loop,
// and a bound epoll_wait.
#pragma once

#include <node_api.h>

#include "env.h"

namespace iolab {

Env* make_env(napi_env napi);
void drop_env(napi_env napi, void* data, void* hint);
void define_runtime(Env& env, napi_value exports);
void define_watch(Env& env, napi_value exports);

}  // namespace iolab

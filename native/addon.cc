// The addon's entry: { sys, loop, constants, layouts, errno, runtime, ... } as src/native.ts declares it.
#include <node_api.h>

#include "pump/pump.h"
#include "support/runtime.h"
#include "sys/families.h"

namespace iolab {
namespace {

const Family* const kFamilies[] = {&sys::fd,   &sys::socket,   &sys::select, &sys::poll,    &sys::epoll, &sys::event,
                                   &sys::pipe, &sys::sendfile, &sys::mmap,   &sys::process, &sys::perf,  &sys::net};

napi_value object(napi_env env, napi_value parent, const char* name) {
  napi_value out = nullptr;
  napi_create_object(env, &out);
  if (parent != nullptr) napi_set_named_property(env, parent, name, out);
  return out;
}

void set(napi_env env, napi_value object, const char* name, double value) {
  napi_value number;
  napi_create_double(env, value, &number);
  napi_set_named_property(env, object, name, number);
}

napi_value init(napi_env napi, napi_value exports) {
  Env* env = make_env(napi);
  napi_set_instance_data(napi, env, drop_env, nullptr);
  napi_value calls = object(napi, exports, "sys"), loops = object(napi, exports, "loop"),
             constants = object(napi, exports, "constants"), layouts = object(napi, exports, "layouts"),
             families = object(napi, exports, "families");
  for (const Family* family : kFamilies) {
    napi_value names;
    napi_create_array(napi, &names);
    napi_set_named_property(napi, families, family->name, names);
    uint32_t i = 0;
    for (const Method& m : family->methods) {
      napi_value name;
      napi_create_string_utf8(napi, m.name, NAPI_AUTO_LENGTH, &name);
      napi_set_element(napi, names, i++, name);
      napi_set_named_property(napi, calls, m.name, define(*env, m, m.callback));
      if (m.loop != nullptr) napi_set_named_property(napi, loops, m.name, define(*env, m, m.loop));
    }
    for (const Constant& k : family->constants) set(napi, constants, k.name, k.value);
    for (const Layout& l : family->layouts) {
      napi_value layout = object(napi, layouts, l.name);
      set(napi, layout, "size", l.size);
      for (const Field& f : l.fields) set(napi, layout, f.name, f.offset);
    }
  }
  napi_value pump = object(napi, exports, "pump");
  pump::define(*env, pump);
  pump::define_threads(*env, pump);
  pump::define_libc(*env, object(napi, exports, "libc"));
  napi_value runtime = object(napi, exports, "runtime");
  define_runtime(*env, runtime);
  define_watch(*env, runtime);
  return exports;
}

}  // namespace
}  // namespace iolab

NAPI_MODULE_INIT() { return iolab::init(env, exports); }

// Whole-path loops in C++: the control that says what driving the same calls from JavaScript costs. The only native
// loops besides the call loops of bind.h. Each mirrors one file of src/paths, call for call.
#pragma once

#include "../support/bind.h"

namespace iolab::pump {
void define(Env& env, napi_value exports);
// A service with a thread for each connection: see threads.cc.
void define_threads(Env& env, napi_value exports);
// The hot calls in C++ loops through libc: see libc.cc.
void define_libc(Env& env, napi_value exports);
}  // namespace iolab::pump

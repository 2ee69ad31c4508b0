// ArrayBuffers that look straight into a mapping, without a copy. The dangerous part of mmap from JavaScript, kept in
// one place (hazards.md B2.9 to B2.11):
//
// - A view is detached before its mapping goes away. What JavaScript still holds has length 0.
// - A view may have been moved out of our sight by transfer() or postMessage(). Then the range is never unmapped, but
//   replaced by private zero pages, and the address space stays reserved: a late touch reads zeros instead of killing
//   the process. The same happens when an environment ends with a view alive.
// - Reading past the end of a file that shrank raises SIGBUS. A handler puts a zero page under the access and marks the
//   mapping as truncated, and chains to whoever handled SIGBUS before for addresses that are not ours.
// - Not guarded against: native code of others that still works on the view's memory when the mapping is closed, as
//   zlib.gzip(view, callback) does on a thread of its own.
#pragma once

#include <node_api.h>

#include "env.h"

namespace iolab {

struct NoView {
  enum {
    forbidden,    // this runtime hands out no foreign memory (napi_no_external_buffers_allowed)
    transferred,  // there was one, and it is out of our sight
    too_many,     // 4,096 mappings have views already
    refused,      // the kernel did not make the pages writable: -EACCES for a file shared for reading only
  } why;
  long error = 0;
};

// The mapping's one ArrayBuffer, of `bytes` (at most the mapping's length, which is whole pages), made at the first
// call; or NULL, and *why. The pages become writable: in a private mapping of a file opened for reading, what
// JavaScript writes stays in this process.
napi_value view(Env& env, uintptr_t address, Mapped& mapped, size_t bytes, NoView* why);
// Detaches the view and gives the memory back, now or when V8 lets go of it. -errno if the kernel refused; the view is
// detached all the same, and it can be tried again.
long unmap_viewed(Env& env, uintptr_t address, Mapped& mapped);
// Did an access through the view run into a truncated file?
bool truncated(const Mapped& mapped);
// For an environment that ends: make the range harmless, keep it reserved.
void entomb(uintptr_t address, Mapped& mapped);

}  // namespace iolab

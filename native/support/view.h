// ArrayBuffers that look straight into a mapping, without a copy. The dangerous part of mmap from JavaScript, kept in
// one place (hazards.md B2.9 to B2.11):
//
// - A view is detached before its mapping goes away. What JavaScript still holds has length 0.
// - A view may have been moved out of our sight by transfer() or postMessage(). Then the range is never unmapped, but
//   replaced by private zero pages, and the address space stays reserved: a late touch reads zeros instead of killing
//   the process. The same happens when an environment ends with a view alive.
// - Reading past the end of a file that shrank raises SIGBUS. A handler puts a zero page under the access and marks the
//   mapping as truncated, and chains to whoever handled SIGBUS before for addresses that are not ours.
#pragma once

#include <node_api.h>

#include "env.h"

namespace iolab {

// The mapping's one ArrayBuffer, made at the first call. NULL with *status set where it cannot be had
// (napi_no_external_buffers_allowed) or, with napi_queue_full, where 4,096 mappings have views already.
napi_value view(Env& env, uintptr_t address, Mapped& mapped, napi_status* status);
// Detaches the view and gives the memory back. Returns what munmap answered, or 0 if the range stays reserved.
long unmap_viewed(Env& env, uintptr_t address, Mapped& mapped);
// Did an access through the view run into a truncated file?
bool truncated(const Mapped& mapped);
// For an environment that ends: make the range harmless, keep it reserved.
void entomb(uintptr_t address, Mapped& mapped);

}  // namespace iolab

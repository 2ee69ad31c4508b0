#include "view.h"

#include <dlfcn.h>
#include <signal.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <memory>

#include "call.h"

namespace iolab {

namespace {

// The one mutable global of the addon: a signal handler has no environment to ask. A slot is claimed by a
// compare-and-swap on `start`, and the handler only reads.
struct Slot {
  std::atomic<uintptr_t> start{0}, end{0};
  std::atomic<bool> hit{false};
};
constexpr size_t kSlots = 4096;
constexpr uintptr_t kClaimed = 1;
Slot slots[kSlots];
struct sigaction before;

bool failed(long r) { return r < 0 && r >= -4095; }

void on_sigbus(int signal, siginfo_t* info, void* context) {
  uintptr_t address = reinterpret_cast<uintptr_t>(info->si_addr);
  for (Slot& slot : slots) {
    uintptr_t start = slot.start.load(std::memory_order_acquire);
    if (start <= kClaimed || address < start || address >= slot.end.load(std::memory_order_relaxed)) continue;
    slot.hit.store(true, std::memory_order_release);
    // Everything from here to the end of the mapping, since the file does not reach there either: one zero page per
    // access would take two of the process's mappings each, and vm.max_map_count would be the next thing to run into.
    // mmap is async-signal-safe as a bare system call.
    uintptr_t page = address & ~uintptr_t{4095};
    long r =
        kernel(SYS_mmap, static_cast<long>(page), static_cast<long>(slot.end.load(std::memory_order_relaxed) - page),
               PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    if (!failed(r)) return;
    break;
  }
  if ((before.sa_flags & SA_SIGINFO) != 0 && before.sa_sigaction != nullptr) {
    before.sa_sigaction(signal, info, context);
  } else if (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN) {
    // back to the default: the faulting instruction runs again and ends the process as it would have without us
    struct sigaction plain {};
    plain.sa_handler = SIG_DFL;
    sigaction(SIGBUS, &plain, nullptr);
  } else {
    before.sa_handler(signal);
  }
}

bool install() {
  // Node unloads an addon when the last Worker that loaded it ends; the handler has to outlive that
  Dl_info self;
  if (dladdr(reinterpret_cast<void*>(&on_sigbus), &self) != 0)
    dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
  struct sigaction ours {};
  ours.sa_sigaction = on_sigbus;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigemptyset(&ours.sa_mask);
  // `before` is filled in first: the handler may run as soon as it is installed
  sigaction(SIGBUS, nullptr, &before);
  sigaction(SIGBUS, &ours, nullptr);
  return true;
}

Slot* claim(uintptr_t start, size_t length) {
  for (Slot& slot : slots) {
    uintptr_t none = 0;
    if (!slot.start.compare_exchange_strong(none, kClaimed)) continue;
    slot.hit.store(false);
    slot.end.store(start + length);
    slot.start.store(start, std::memory_order_release);
    return &slot;
  }
  return nullptr;
}

long zero_pages(uintptr_t address, size_t length) {
  return call(SYS_mmap, address, length, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
}

}  // namespace

struct ViewSet {
  Slot* slot = nullptr;
  // Strong, until unmapped: once the ArrayBuffer were collected, nobody could tell whether its memory had been
  // transferred before. It keeps no more alive than the mapping itself does.
  napi_ref buffer = nullptr;
  uintptr_t address = 0;
  size_t length = 0;
  bool escaped = false;    // transferred away, so somebody else may reach the memory
  bool closed = false;     // detached by us and replaced, so nobody can
  bool collected = false;  // V8 let go of the memory
};

namespace {

// V8 lets go of the memory. Once we detached the view the reservation can be given back; before that it is not ours to
// judge whether somebody else holds the memory by now, so nothing is unmapped here.
void on_collected(napi_env, void*, void* hint) {
  std::unique_ptr<std::shared_ptr<ViewSet>> held(static_cast<std::shared_ptr<ViewSet>*>(hint));
  ViewSet& v = **held;
  v.collected = true;
  if (v.closed) call(SYS_munmap, v.address, v.length);
}

}  // namespace

napi_value view(Env& env, uintptr_t address, Mapped& mapped, size_t bytes, NoView* why) {
  napi_value buffer = nullptr;
  bool detached = true;
  if (mapped.views != nullptr && !mapped.views->collected) {
    if (mapped.views->buffer != nullptr &&
        napi_get_reference_value(env.napi, mapped.views->buffer, &buffer) == napi_ok && buffer != nullptr)
      napi_is_detached_arraybuffer(env.napi, buffer, &detached);
    if (!detached) return buffer;
    // transferred away by its owner: that memory is out of our hands, and a second view beside it is not made
    *why = {NoView::transferred};
    return nullptr;
  }
  // JavaScript has no read-only memory: a write through the view would end the process
  if (long r = call(SYS_mprotect, address, mapped.length, PROT_READ | PROT_WRITE); failed(r)) {
    *why = {NoView::refused, r};
    return nullptr;
  }
  auto set = mapped.views != nullptr ? mapped.views : std::make_shared<ViewSet>();
  if (set->slot == nullptr) {
    // once per process; another thread's first view waits until the handler is there
    static const bool installed = install();
    static_cast<void>(installed);
    set->slot = claim(address, mapped.length);
    if (set->slot == nullptr) {
      *why = {NoView::too_many};
      return nullptr;
    }
  }
  set->address = address;
  set->length = mapped.length;
  napi_status status = napi_no_external_buffers_allowed;
#ifdef IOLAB_GATE
  if (!gate::no_external())
#endif
  {
    auto held = std::make_unique<std::shared_ptr<ViewSet>>(set);
    status = napi_create_external_arraybuffer(env.napi, reinterpret_cast<void*>(address), bytes, on_collected,
                                              held.get(), &buffer);
    if (status == napi_ok) (void)held.release();
  }
  if (status != napi_ok) {
    if (mapped.views == nullptr) set->slot->start.store(0);
    *why = {NoView::forbidden};
    return nullptr;
  }
  set->collected = false;
  if (set->buffer != nullptr) napi_delete_reference(env.napi, set->buffer);
  set->buffer = nullptr;
  napi_create_reference(env.napi, buffer, 1, &set->buffer);
  mapped.views = set;
  return buffer;
}

long unmap_viewed(Env& env, uintptr_t address, Mapped& mapped) {
  ViewSet& set = *mapped.views;
  napi_value buffer = nullptr;
  if (set.buffer != nullptr && !set.collected) {
    set.escaped = true;
    if (napi_get_reference_value(env.napi, set.buffer, &buffer) == napi_ok && buffer != nullptr)
      napi_is_detached_arraybuffer(env.napi, buffer, &set.escaped);
    if (!set.escaped) set.escaped = napi_detach_arraybuffer(env.napi, buffer) != napi_ok;
  }
  if (set.buffer != nullptr) napi_delete_reference(env.napi, set.buffer);
  set.buffer = nullptr;
  long r;
  if (set.collected) {
    r = call(SYS_munmap, address, mapped.length);
  } else if (set.escaped) {
    r = zero_pages(address, mapped.length);
  } else {
    // Detached, but V8 has not let go of the memory yet. Until it has, the range is kept unreachable, so that nothing
    // else is mapped there.
    r = call(SYS_mmap, address, mapped.length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
             0);
  }
  // What could not be replaced is still the file's, so the guard against SIGBUS stays, too; unmapping may be tried
  // again.
  if (failed(r)) return r;
  set.closed = !set.escaped;
  set.slot->start.store(0, std::memory_order_release);
  return 0;
}

bool truncated(const Mapped& mapped) {
  return mapped.views != nullptr && mapped.views->slot->hit.load(std::memory_order_acquire);
}

void entomb(uintptr_t address, Mapped& mapped) {
  // without zero pages (no memory) the file stays under the view, and then so does the slot that guards it
  if (!failed(zero_pages(address, mapped.length))) mapped.views->slot->start.store(0, std::memory_order_release);
  mapped.views->closed = false;
}

}  // namespace iolab

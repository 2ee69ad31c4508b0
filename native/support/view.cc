#include "view.h"

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
std::atomic<int> installed{0};

void on_sigbus(int signal, siginfo_t* info, void* context) {
  uintptr_t address = reinterpret_cast<uintptr_t>(info->si_addr);
  for (Slot& slot : slots) {
    uintptr_t start = slot.start.load(std::memory_order_acquire);
    if (start <= kClaimed || address < start || address >= slot.end.load(std::memory_order_relaxed)) continue;
    slot.hit.store(true, std::memory_order_release);
    // mmap is async-signal-safe as a bare system call
    long r = kernel(SYS_mmap, static_cast<long>(address & ~uintptr_t{4095}), 4096, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (r > 0 || r < -4095) return;
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

void install() {
  int none = 0;
  if (!installed.compare_exchange_strong(none, 1)) return;
  struct sigaction ours {};
  ours.sa_sigaction = on_sigbus;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigemptyset(&ours.sa_mask);
  // `before` is filled in first: the handler may run as soon as it is installed
  sigaction(SIGBUS, nullptr, &before);
  sigaction(SIGBUS, &ours, nullptr);
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
  napi_ref buffer = nullptr;  // weak: the view does not keep its ArrayBuffer alive
  uintptr_t address = 0;
  size_t length = 0;
  bool closed = false;     // detached by us, so nobody can reach the memory through it
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

napi_value view(Env& env, uintptr_t address, Mapped& mapped, napi_status* status) {
  napi_value buffer = nullptr;
  *status = napi_ok;
  if (mapped.views != nullptr && !mapped.views->collected &&
      napi_get_reference_value(env.napi, mapped.views->buffer, &buffer) == napi_ok && buffer != nullptr) {
    bool detached = false;
    napi_is_detached_arraybuffer(env.napi, buffer, &detached);
    if (!detached) return buffer;
    // transferred away by its owner: that memory is out of our hands, and a second view beside it is not made
    *status = napi_detachable_arraybuffer_expected;
    return nullptr;
  }
  auto set = mapped.views != nullptr ? mapped.views : std::make_shared<ViewSet>();
  if (set->slot == nullptr) {
    install();
    set->slot = claim(address, mapped.length);
    if (set->slot == nullptr) {
      *status = napi_queue_full;
      return nullptr;
    }
  }
  set->address = address;
  set->length = mapped.length;
  set->collected = false;
#ifdef IOLAB_GATE
  if (gate::no_external()) {
    *status = napi_no_external_buffers_allowed;
  } else
#endif
  {
    auto held = std::make_unique<std::shared_ptr<ViewSet>>(set);
    *status = napi_create_external_arraybuffer(env.napi, reinterpret_cast<void*>(address), mapped.length, on_collected,
                                               held.get(), &buffer);
    if (*status == napi_ok) held.release();
  }
  if (*status != napi_ok) {
    if (mapped.views == nullptr) set->slot->start.store(0);
    return nullptr;
  }
  if (set->buffer != nullptr) napi_delete_reference(env.napi, set->buffer);
  set->buffer = nullptr;
  napi_create_reference(env.napi, buffer, 0, &set->buffer);
  mapped.views = set;
  return buffer;
}

long unmap_viewed(Env& env, uintptr_t address, Mapped& mapped) {
  auto set = mapped.views;
  napi_value buffer = nullptr;
  bool escaped = false;
  if (!set->collected && set->buffer != nullptr &&
      napi_get_reference_value(env.napi, set->buffer, &buffer) == napi_ok) {
    if (buffer == nullptr) {
      escaped = true;  // the ArrayBuffer is gone but its memory is not: somebody transferred it
    } else {
      napi_is_detached_arraybuffer(env.napi, buffer, &escaped);
      if (!escaped) escaped = napi_detach_arraybuffer(env.napi, buffer) != napi_ok;
    }
  }
  if (set->buffer != nullptr) napi_delete_reference(env.napi, set->buffer);
  set->buffer = nullptr;
  long r;
  if (escaped) {
    r = zero_pages(address, mapped.length);
    r = r < 0 && r >= -4095 ? r : 0;
    set->slot->start.store(0, std::memory_order_release);
    return r;
  }
  if (set->collected) {
    r = call(SYS_munmap, address, mapped.length);
  } else {
    // Detached, but V8 has not let go of the memory yet. Until it has, the range is kept unreachable, so that nothing
    // else is mapped there.
    r = call(SYS_mmap, address, mapped.length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
             0);
    r = r < 0 && r >= -4095 ? r : 0;
    set->closed = true;
    if (set->collected) call(SYS_munmap, address, mapped.length);
  }
  set->slot->start.store(0, std::memory_order_release);
  return r;
}

bool truncated(const Mapped& mapped) {
  return mapped.views != nullptr && mapped.views->slot->hit.load(std::memory_order_acquire);
}

void entomb(uintptr_t address, Mapped& mapped) {
  zero_pages(address, mapped.length);
  mapped.views->slot->start.store(0, std::memory_order_release);
  mapped.views->closed = false;
}

}  // namespace iolab

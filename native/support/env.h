// What one JavaScript environment (the main thread, or one Worker) owns of this addon. There are no mutable globals:
// many environments load the same binary, and each has one Env as its instance data.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace iolab {

// A set of descriptor numbers, grown on demand.
class FdSet {
 public:
  bool has(int fd) const {
    size_t i = static_cast<size_t>(fd) >> 6;
    return fd >= 0 && i < words_.size() && (words_[i] >> (fd & 63) & 1) != 0;
  }
  void add(int fd) {
    if (fd < 0) return;
    size_t i = static_cast<size_t>(fd) >> 6;
    if (i >= words_.size()) words_.resize(i + 1, 0);
    words_[i] |= uint64_t{1} << (fd & 63);
  }
  void remove(int fd) {
    if (has(fd)) words_[static_cast<size_t>(fd) >> 6] &= ~(uint64_t{1} << (fd & 63));
  }
  template <class F>
  void each(F f) const {
    for (size_t i = 0; i < words_.size(); i++)
      for (uint64_t word = words_[i]; word != 0; word &= word - 1) f(static_cast<int>(i * 64) + __builtin_ctzll(word));
  }

 private:
  std::vector<uint64_t> words_;
};

struct ViewSet;  // ArrayBuffers that look straight into a mapping: see view.h

// One range of memory made by this environment's mmap. An address that JavaScript hands in is only ever used if it
// lies in one of these: that is what keeps the raw layer from touching V8's own memory.
struct Mapped {
  size_t length = 0;
  std::shared_ptr<ViewSet> views;
};

class MapTable {
 public:
  std::map<uintptr_t, Mapped>& ranges() { return ranges_; }
  // Bytes from `address` to the end of its mapping; 0 if it lies in none.
  size_t room(uintptr_t address) const {
    auto it = ranges_.upper_bound(address);
    if (it == ranges_.begin()) return 0;
    --it;
    uintptr_t end = it->first + it->second.length;
    return address < end ? end - address : 0;
  }
  Mapped* find(uintptr_t address) {
    auto it = ranges_.upper_bound(address);
    if (it == ranges_.begin()) return nullptr;
    --it;
    return address < it->first + it->second.length ? &it->second : nullptr;
  }
  void add(uintptr_t address, size_t length) { ranges_[address] = Mapped{length, nullptr}; }
  // Forgets [address, address + length), splitting the range that it was cut out of.
  void remove(uintptr_t address, size_t length) {
    auto it = ranges_.upper_bound(address);
    if (it == ranges_.begin()) return;
    --it;
    uintptr_t start = it->first, end = start + it->second.length, cut = address + length;
    ranges_.erase(it);
    if (address > start) ranges_[start] = Mapped{address - start, nullptr};
    if (cut < end) ranges_[cut] = Mapped{end - cut, nullptr};
  }

 private:
  std::map<uintptr_t, Mapped> ranges_;
};

struct Method;
struct Env;

namespace pump {
struct ThreadServices;  // see native/pump/threads.cc
}

// What a bound function finds behind its data pointer.
struct Site {
  Env* env;
  const Method* method;
};

struct Env {
  napi_env napi = nullptr;
  FdSet owned;    // made by our calls, so ours to close
  FdSet guarded;  // the event loop's own: touching them aborts or corrupts Node (hazards.md B1.2)
  FdSet watched;  // in libuv's epoll, which aborts the process when the number goes away under it
  MapTable maps;
  bool sigpipe_kills = false;    // the embedder left SIGPIPE at SIG_DFL
  napi_ref resizable = nullptr;  // the pristine getter ArrayBuffer.prototype.resizable
  std::vector<std::unique_ptr<Site>> sites;
  std::shared_ptr<pump::ThreadServices> threads;  // ended and joined with the environment
};

}  // namespace iolab

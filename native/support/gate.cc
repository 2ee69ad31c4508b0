#ifdef IOLAB_GATE
#include "gate.h"

#include <time.h>

#include <atomic>
#include <mutex>

#include "call.h"

namespace iolab::gate {
namespace {
std::atomic<bool> armed{false};
std::atomic<bool> cage{false};
std::mutex lock;
Plan plan;
long count = 0, hits = 0;

// Which argument is the number of bytes that the kernel may move.
int length_argument(long nr) {
  switch (nr) {
    case SYS_read:
    case SYS_write:
    case SYS_pread64:
    case SYS_pwrite64:
    case SYS_sendto:
    case SYS_recvfrom:
    case SYS_tee:
      return 2;
    case SYS_sendfile:
      return 3;
    case SYS_splice:
    case SYS_copy_file_range:
      return 4;
    default:
      return -1;
  }
}
}  // namespace

long call(long nr, long (&w)[6]) {
  if (armed.load(std::memory_order_acquire)) {
    Plan now;
    bool fire = false;
    {
      std::lock_guard<std::mutex> hold(lock);
      if (plan.nr < 0 || plan.nr == nr) {
        count++;
        fire = plan.every > 0 ? count % plan.every == 0 : count == plan.nth;
        if (fire) hits++;
        now = plan;
      }
    }
    if (fire) {
      if (now.delay_us > 0) {
        timespec t{now.delay_us / 1000000, now.delay_us % 1000000 * 1000};
        nanosleep(&t, nullptr);
      }
      if (now.error != 0) return -now.error;
      int i = length_argument(nr);
      if (now.shorten > 0 && i >= 0 && w[i] > now.shorten) w[i] = now.shorten;
    }
  }
  return kernel(nr, w[0], w[1], w[2], w[3], w[4], w[5]);
}

void arm(const Plan& p) {
  std::lock_guard<std::mutex> hold(lock);
  plan = p;
  count = hits = 0;
  armed.store(true, std::memory_order_release);
}
void set_no_external(bool on) { cage.store(on); }
bool no_external() { return cage.load(); }
void disarm() { armed.store(false, std::memory_order_release); }
long seen() {
  std::lock_guard<std::mutex> hold(lock);
  return count;
}
long fired() {
  std::lock_guard<std::mutex> hold(lock);
  return hits;
}

}  // namespace iolab::gate
#endif

// sendfile(2), copy_file_range(2): file to socket and file to file without a user buffer.
#include "families.h"

namespace iolab::sys {
namespace {

long sendfile_(Env& env, Fd out, Fd in, MaybeOffset offset, Size count) {
  return call_without_sigpipe(env, SYS_sendfile, out.n, in.n, offset.pointer(), count.n);
}
long copy_file_range(Fd in, MaybeOffset off_in, Fd out, MaybeOffset off_out, Size len, unsigned flags) {
  return call(SYS_copy_file_range, in.n, off_in.pointer(), out.n, off_out.pointer(), len.n, flags);
}

constexpr Method methods[] = {
    hot<sendfile_>("sendfile", "out_fd in_fd offset count"),
    method<copy_file_range>("copyFileRange", "fd_in off_in fd_out off_out len flags"),
};
// The most that one call moves, whatever was asked for: MAX_RW_COUNT of include/linux/fs.h with 4 KiB pages.
constexpr Constant constants[] = {{"MAX_RW_COUNT", 0x7ffff000}};

}  // namespace
const Family sendfile{"sendfile", methods, constants, {}};
}  // namespace iolab::sys

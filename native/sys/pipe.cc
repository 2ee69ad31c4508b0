// pipe(2), splice(2), tee(2), vmsplice(2): one family, since they share their flags.
#include <fcntl.h>

#include "families.h"

namespace iolab::sys {
namespace {

long pipe2(Env& env, Struct<int, 2> fds, int flags) {
  int made[2];
  long r = call(SYS_pipe2, made, flags | O_CLOEXEC);
  if (r == 0) std::memcpy(fds.p, made, sizeof made), own(env, made[0]), own(env, made[1]);
  return r;
}
long splice(Env& env, Fd in, MaybeOffset off_in, Fd out, MaybeOffset off_out, Size len, unsigned flags) {
  return call_without_sigpipe(env, SYS_splice, in.n, off_in.pointer(), out.n, off_out.pointer(), len.n, flags);
}
// The two forms that move bytes on: from a position or from a pipe, into what has no position. A null costs Node-API a
// dozen questions to recognise; -1, which no offset can be, costs one.
long splice_at(Env& env, Fd in, Offset off_in, Fd out, Size len, unsigned flags) {
  return call_without_sigpipe(env, SYS_splice, in.n, off_in.n == -1 ? nullptr : &off_in.n, out.n, nullptr, len.n,
                              flags);
}
long tee(Env& env, Fd in, Fd out, Size len, unsigned flags) {
  return call_without_sigpipe(env, SYS_tee, in.n, out.n, len.n, flags);
}
long vmsplice(Env& env, Fd fd, const MappedIoVec& iov, unsigned flags) {
  return call_without_sigpipe(env, SYS_vmsplice, fd.n, iov.v, iov.n, flags);
}

constexpr Method methods[] = {
    method<pipe2>("pipe2", "pipefd flags"),
    hot<splice>("splice", "fd_in off_in fd_out off_out len flags"),
    method<splice_at>("spliceAt", "fd_in off_in fd_out len flags"),
    hot<tee>("tee", "fd_in fd_out len flags"),
    method<vmsplice>("vmsplice", "fd iov flags"),
};
constexpr Constant constants[] = {K(SPLICE_F_MOVE), K(SPLICE_F_NONBLOCK), K(SPLICE_F_MORE), K(SPLICE_F_GIFT)};

}  // namespace
const Family pipe{"pipe", methods, constants, {}};
}  // namespace iolab::sys

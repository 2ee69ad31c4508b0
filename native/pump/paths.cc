#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "pump.h"

namespace iolab::pump {
namespace {

long wait_writable(int fd) {
  pollfd p{fd, POLLOUT, 0};
  long r;
  do r = call(SYS_poll, &p, 1, -1);
  while (r == -EINTR);
  return r < 0 ? r : 0;
}

size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// Writes all of it, waiting as often as needed. Returns 0 or -errno.
long write_all(Env& env, int fd, const char* data, size_t n) {
  while (n > 0) {
    long r = call_without_sigpipe(env, SYS_write, fd, data, n);
    if (r == -EINTR) continue;
    if (r == -EAGAIN) {
      if ((r = wait_writable(fd)) < 0) return r;
      continue;
    }
    if (r < 0) return r;
    data += r;
    n -= static_cast<size_t>(r);
  }
  return 0;
}

// Each returns the bytes delivered, or -errno.
long null_(Env& env, Fd out, Memory buf, Count chunk, Size length) {
  if (chunk.n == 0) return -EINVAL;  // it would never end
  for (size_t left = length.n; left > 0;) {
    size_t n = smaller(left, chunk.n);
    long r = write_all(env, out.n, buf.data, n);
    if (r < 0) return r;
    left -= n;
  }
  return static_cast<long>(length.n);
}

long read_write(Env& env, Fd out, Fd in, Offset offset, Memory buf, Count chunk, Size length) {
  size_t done = 0;
  while (done < length.n) {
    long n = call(SYS_pread64, in.n, buf.data, smaller(length.n - done, chunk.n), offset.n + static_cast<long>(done));
    if (n == -EINTR) continue;
    if (n <= 0) return n < 0 ? n : static_cast<long>(done);
    long r = write_all(env, out.n, buf.data, static_cast<size_t>(n));
    if (r < 0) return r;
    done += static_cast<size_t>(n);
  }
  return static_cast<long>(done);
}

// The window is bounded by the size that the file has when it is mapped, and the size is looked at once more at the
// end.
long mmap_write(Env& env, Fd out, Fd in, Offset offset, Size window, Size chunk, Size length) {
  if (chunk.n == 0 || window.n == 0 || offset.n < 0) return -EINVAL;
  const size_t first = static_cast<size_t>(offset.n), last = first + length.n;
  const size_t whole = (window.n + 4095) & ~size_t{4095};
  struct stat st;
  char* base = nullptr;
  size_t position = first, start = 0, end = first;
  long r = 0;
  while (position < last) {
    if (position == end) {
      if (base != nullptr) call(SYS_munmap, base, end - start);
      base = nullptr;
      if ((r = call(SYS_fstat, in.n, &st)) < 0 || static_cast<size_t>(st.st_size) <= position) break;
      start = position & ~size_t{4095};
      end = smaller(smaller(last, static_cast<size_t>(st.st_size)), start + whole);
      r = call(SYS_mmap, nullptr, end - start, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, in.n, start);
      if (r < 0 && r >= -4095) break;
      base = reinterpret_cast<char*>(r);
    }
    r = call_without_sigpipe(env, SYS_write, out.n, base + (position - start), smaller(end - position, chunk.n));
    if (r == -EAGAIN) r = wait_writable(out.n);
    if (r == -EINTR) continue;
    if (r < 0) break;
    position += static_cast<size_t>(r);
  }
  if (position == last && length.n > 0) r = call(SYS_fstat, in.n, &st);
  if (base != nullptr) call(SYS_munmap, base, end - start);
  return r < 0 && r >= -4095 ? r : static_cast<long>(position - first);
}

long sendfile_(Env& env, Fd out, Fd in, Offset offset, Size chunk, Size length) {
  size_t done = 0;
  while (done < length.n) {
    long r = call_without_sigpipe(env, SYS_sendfile, out.n, in.n, &offset.n, smaller(length.n - done, chunk.n));
    if (r == -EINTR) continue;
    if (r == -EAGAIN) {
      if ((r = wait_writable(out.n)) < 0) return r;
      continue;
    }
    if (r <= 0) return r < 0 ? r : static_cast<long>(done);
    done += static_cast<size_t>(r);
  }
  return static_cast<long>(done);
}

long drain(Env& env, int from, int out, size_t held, bool more) {
  unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (more ? SPLICE_F_MORE : 0);
  while (held > 0) {
    long r = call_without_sigpipe(env, SYS_splice, from, nullptr, out, nullptr, held, flags);
    if (r == -EINTR) continue;
    if (r == -EAGAIN) {
      if ((r = wait_writable(out)) < 0) return r;
      continue;
    }
    if (r <= 0) return r < 0 ? r : -EINVAL;  // nothing there: these are not the two ends of one pipe
    held -= static_cast<size_t>(r);
  }
  return 0;
}

long splice_(Env& env, Fd out, Fd in, Offset offset, Fd pipe_read, Fd pipe_write, Size chunk, Size length) {
  size_t done = 0;
  while (done < length.n) {
    long n = call(SYS_splice, in.n, &offset.n, pipe_write.n, nullptr, smaller(length.n - done, chunk.n), SPLICE_F_MOVE);
    if (n == -EINTR) continue;
    if (n <= 0) return n < 0 ? n : static_cast<long>(done);
    long r = drain(env, pipe_read.n, out.n, static_cast<size_t>(n), done + static_cast<size_t>(n) < length.n);
    if (r < 0) return r;
    done += static_cast<size_t>(n);
  }
  return static_cast<long>(done);
}

// The mapping lets go of the pages that were given away before it is written again: see src/paths/vmsplice.ts.
long vmsplice_(Env& env, Fd out, Fd in, Offset offset, Fd pipe_read, Fd pipe_write, Address buf, Count chunk,
               Size length) {
  size_t done = 0;
  while (done < length.n) {
    long r = done == 0 ? 0 : call(SYS_madvise, buf.data, buf.size, MADV_DONTNEED);
    if (r < 0) return r;
    long n = call(SYS_pread64, in.n, buf.data, smaller(length.n - done, chunk.n), offset.n + static_cast<long>(done));
    if (n == -EINTR) continue;
    if (n <= 0) return n < 0 ? n : static_cast<long>(done);
    for (size_t given = 0; given < static_cast<size_t>(n);) {
      iovec iov{buf.data + given, static_cast<size_t>(n) - given};
      r = call_without_sigpipe(env, SYS_vmsplice, pipe_write.n, &iov, 1, SPLICE_F_NONBLOCK);
      if (r == -EINTR) continue;
      if (r < 0) return r;
      given += static_cast<size_t>(r);
      r = drain(env, pipe_read.n, out.n, static_cast<size_t>(r), done + static_cast<size_t>(n) < length.n);
      if (r < 0) return r;
    }
    done += static_cast<size_t>(n);
  }
  return static_cast<long>(done);
}

constexpr Method methods[] = {
    method<null_>("null", "out buf chunk length"),
    method<read_write>("readWrite", "out in offset buf chunk length"),
    method<mmap_write>("mmapWrite", "out in offset window chunk length"),
    method<sendfile_>("sendfile", "out in offset chunk length"),
    method<splice_>("splice", "out in offset pipe_read pipe_write chunk length"),
    method<vmsplice_>("vmsplice", "out in offset pipe_read pipe_write buf chunk length"),
};

}  // namespace

void define(Env& env, napi_value exports) {
  for (const Method& m : methods) napi_set_named_property(env.napi, exports, m.name, iolab::define(env, m, m.callback));
}

}  // namespace iolab::pump

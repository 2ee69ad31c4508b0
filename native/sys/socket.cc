// socket(2), socketpair(2), bind(2), listen(2), accept4(2), connect(2), shutdown(2), send(2), recv(2), sendmsg(2),
// recvmsg(2), getsockopt(2), getsockname(2), getpeername(2), tcp(7), unix(7), ip(7).
#include <time.h>

#include <linux/errqueue.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "families.h"

#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY 60
#endif
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif
#ifndef SO_EE_ORIGIN_ZEROCOPY
#define SO_EE_ORIGIN_ZEROCOPY 5
#endif
#ifndef SO_EE_CODE_ZEROCOPY_COPIED
#define SO_EE_CODE_ZEROCOPY_COPIED 1
#endif
#ifndef SO_INCOMING_CPU
#define SO_INCOMING_CPU 49
#endif
#ifndef TCP_ZEROCOPY_RECEIVE
#define TCP_ZEROCOPY_RECEIVE 35
#endif

namespace iolab::sys {
namespace {

bool family_allowed(int domain) { return domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX; }

// Options with a pointer inside their value (netfilter's tables, TCP_ZEROCOPY_RECEIVE, socket filters) would turn bytes
// of JavaScript into an address that the kernel writes to.
bool option_allowed(int level, int name) {
  switch (level) {
    case SOL_SOCKET:
      return name != SO_ATTACH_FILTER && name != SO_ATTACH_REUSEPORT_CBPF;
    case IPPROTO_TCP:
      return name != TCP_ZEROCOPY_RECEIVE;
    case IPPROTO_IP:
    case IPPROTO_IPV6:
      return name >= 0 && name < 64;
    default:
      return false;
  }
}

// A length that the kernel reads and writes back must fit the buffer that it speaks of.
bool length_fits(const Bytes& buffer, const int* length) {
  return length != nullptr && *length >= 0 && static_cast<size_t>(*length) <= buffer.size;
}

long socket_(Env& env, int domain, int type, int protocol) {
  if (!family_allowed(domain)) return -EAFNOSUPPORT;
  return own(env, call(SYS_socket, domain, type | SOCK_CLOEXEC, protocol));
}
long socketpair(Env& env, int domain, int type, int protocol, Struct<int, 2> sv) {
  if (!family_allowed(domain)) return -EAFNOSUPPORT;
  int made[2];
  long r = call(SYS_socketpair, domain, type | SOCK_CLOEXEC, protocol, made);
  if (r == 0) std::memcpy(sv.p, made, sizeof made), own(env, made[0]), own(env, made[1]);
  return r;
}
long bind(Fd fd, SockAddr addr) { return call(SYS_bind, fd.n, addr.p, addr.size); }
long listen(Fd fd, int backlog) { return call(SYS_listen, fd.n, backlog); }
long accept4(Env& env, Fd fd, Maybe<Bytes> addr, Maybe<Struct<int>> length, int flags) {
  if (addr.data != nullptr && !length_fits(addr, length.p)) return -EINVAL;
  return own(env, call(SYS_accept4, fd.n, addr.data, addr.data != nullptr ? length.p : nullptr, flags | SOCK_CLOEXEC));
}
long connect(Fd fd, SockAddr addr) { return call(SYS_connect, fd.n, addr.p, addr.size); }
long shutdown(Fd fd, int how) { return call(SYS_shutdown, fd.n, how); }
long send(Fd fd, Memory buf, Count len, int flags, From at) {
  return call(SYS_sendto, fd.n, buf.data + at.n, len.n, flags | MSG_NOSIGNAL, nullptr, 0);
}
long recv(Fd fd, Memory buf, Count len, int flags, From at) {
  return call(SYS_recvfrom, fd.n, buf.data + at.n, len.n, flags, nullptr, nullptr);
}
// With MSG_TRUNC a TCP socket throws `len` bytes away without copying them: no memory is needed for it (tcp(7)).
long recv_discard(Fd fd, Size len, int flags) {
  return call(SYS_recvfrom, fd.n, nullptr, len.n, flags | MSG_TRUNC, nullptr, nullptr);
}
long sendto(Fd fd, Memory buf, Count len, int flags, MaybeSockAddr addr) {
  return call(SYS_sendto, fd.n, buf.data, len.n, flags | MSG_NOSIGNAL, addr.p, addr.size);
}
long recvfrom(Fd fd, Memory buf, Count len, int flags, Maybe<Bytes> addr, Maybe<Struct<int>> addrlen) {
  if (addr.data != nullptr && !length_fits(addr, addrlen.p)) return -EINVAL;
  return call(SYS_recvfrom, fd.n, buf.data, len.n, flags, addr.data, addr.data != nullptr ? addrlen.p : nullptr);
}
long sendmsg(Fd fd, const IoVec& iov, MaybeSockAddr name, Maybe<Bytes> control, int flags) {
  msghdr m{};
  m.msg_name = name.p;
  m.msg_namelen = name.size;
  m.msg_iov = const_cast<iovec*>(iov.v);
  m.msg_iovlen = iov.n;
  m.msg_control = control.data;
  m.msg_controllen = control.size;
  return call(SYS_sendmsg, fd.n, &m, flags | MSG_NOSIGNAL);
}
// `header` takes what recvmsg writes back: msg_namelen, msg_controllen, msg_flags.
long recvmsg(Env& env, Fd fd, const IoVec& iov, Maybe<Bytes> name, Maybe<Bytes> control, Struct<int, 3> header,
             int flags) {
  msghdr m{};
  m.msg_name = name.data;
  m.msg_namelen = static_cast<socklen_t>(name.size < 128 ? name.size : 128);
  m.msg_iov = const_cast<iovec*>(iov.v);
  m.msg_iovlen = iov.n;
  m.msg_control = control.data;
  m.msg_controllen = control.size;
  long r = call(SYS_recvmsg, fd.n, &m, flags | MSG_CMSG_CLOEXEC);
  if (r < 0) return r;
  for (cmsghdr* h = CMSG_FIRSTHDR(&m); h != nullptr; h = CMSG_NXTHDR(&m, h)) {
    if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) continue;
    for (size_t i = 0; (i + 1) * sizeof(int) <= h->cmsg_len - CMSG_LEN(0); i++) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof fd);
      own(env, fd);
    }
  }
  header.p[0] = static_cast<int>(m.msg_namelen);
  header.p[1] = static_cast<int>(m.msg_controllen);
  header.p[2] = m.msg_flags;
  return r;
}
long getsockopt(Fd fd, int level, int name, Bytes value, Struct<int> length) {
  if (!option_allowed(level, name)) return -ENOPROTOOPT;
  if (!length_fits(value, length.p)) return -EINVAL;
  return call(SYS_getsockopt, fd.n, level, name, value.data, length.p);
}
long setsockopt(Fd fd, int level, int name, Bytes value) {
  if (!option_allowed(level, name)) return -ENOPROTOOPT;
  return call(SYS_setsockopt, fd.n, level, name, value.data, value.size);
}
long getsockname(Fd fd, Bytes addr, Struct<int> length) {
  if (!length_fits(addr, length.p)) return -EINVAL;
  return call(SYS_getsockname, fd.n, addr.data, length.p);
}
long getpeername(Fd fd, Bytes addr, Struct<int> length) {
  if (!length_fits(addr, length.p)) return -EINVAL;
  return call(SYS_getpeername, fd.n, addr.data, length.p);
}

constexpr Method methods[] = {
    method<socket_>("socket", "domain type protocol"),
    method<socketpair>("socketpair", "domain type protocol sv"),
    method<bind>("bind", "sockfd addr"),
    method<listen>("listen", "sockfd backlog"),
    method<accept4>("accept4", "sockfd addr addrlen flags"),
    method<connect>("connect", "sockfd addr"),
    method<shutdown>("shutdown", "sockfd how"),
    hot<send>("send", "sockfd buf len flags at"),
    hot<recv>("recv", "sockfd buf len flags at"),
    hot<recv_discard>("recvDiscard", "sockfd len flags"),
    method<sendto>("sendto", "sockfd buf len flags addr"),
    method<recvfrom>("recvfrom", "sockfd buf len flags addr addrlen"),
    method<sendmsg>("sendmsg", "sockfd iov name control flags"),
    method<recvmsg>("recvmsg", "sockfd iov name control header flags"),
    method<getsockopt>("getsockopt", "sockfd level optname optval optlen"),
    method<setsockopt>("setsockopt", "sockfd level optname optval"),
    method<getsockname>("getsockname", "sockfd addr addrlen"),
    method<getpeername>("getpeername", "sockfd addr addrlen"),
};
// clang-format off
constexpr Constant constants[] = {
    K(AF_INET),          K(AF_INET6),         K(AF_UNIX),          K(AF_UNSPEC),        K(SOCK_STREAM),
    K(SOCK_DGRAM),       K(SOCK_SEQPACKET),   K(SOCK_NONBLOCK),    K(SOCK_CLOEXEC),     K(SOL_SOCKET),
    K(SO_REUSEADDR),     K(SO_REUSEPORT),     K(SO_SNDBUF),        K(SO_RCVBUF),        K(SO_ERROR),
    K(SO_TYPE),          K(SO_DOMAIN),        K(SO_LINGER),        K(SO_KEEPALIVE),     K(SO_ACCEPTCONN),
    K(SO_ZEROCOPY),      K(SO_INCOMING_CPU),  K(SO_BUSY_POLL),     K(IPPROTO_TCP),      K(IPPROTO_UDP),
    K(IPPROTO_IP),       K(IPPROTO_IPV6),     K(TCP_NODELAY),      K(TCP_CORK),         K(TCP_QUICKACK),
    K(TCP_INFO),         K(TCP_DEFER_ACCEPT), K(TCP_FASTOPEN),     K(TCP_MAXSEG),       K(IPV6_V6ONLY),
    K(IP_RECVERR),       K(IPV6_RECVERR),     K(MSG_DONTWAIT),     K(MSG_MORE),         K(MSG_NOSIGNAL),
    K(MSG_PEEK),         K(MSG_TRUNC),        K(MSG_CTRUNC),       K(MSG_WAITALL),      K(MSG_ZEROCOPY),
    K(MSG_ERRQUEUE),     K(MSG_OOB),          K(SHUT_RD),          K(SHUT_WR),          K(SHUT_RDWR),
    K(SCM_RIGHTS),       K(SOMAXCONN),        K(SO_SNDBUFFORCE),   K(SO_RCVBUFFORCE),   K(SO_RCVLOWAT),
    K(SO_EE_ORIGIN_ZEROCOPY), K(SO_EE_CODE_ZEROCOPY_COPIED),
    Constant{"CMSG_HEADER", CMSG_LEN(0)},     Constant{"CMSG_ALIGNMENT", CMSG_ALIGN(1)},
};
// clang-format on
const Layout layouts[] = {
    {"sockaddr_in",
     sizeof(sockaddr_in),
     {AT(sockaddr_in, sin_family), AT(sockaddr_in, sin_port), AT(sockaddr_in, sin_addr)}},
    {"sockaddr_in6",
     sizeof(sockaddr_in6),
     {AT(sockaddr_in6, sin6_family), AT(sockaddr_in6, sin6_port), AT(sockaddr_in6, sin6_flowinfo),
      AT(sockaddr_in6, sin6_addr), AT(sockaddr_in6, sin6_scope_id)}},
    {"sockaddr_un", sizeof(sockaddr_un), {AT(sockaddr_un, sun_family), AT(sockaddr_un, sun_path)}},
    {"sockaddr_storage", sizeof(sockaddr_storage), {AT(sockaddr_storage, ss_family)}},
    {"cmsghdr", sizeof(cmsghdr), {AT(cmsghdr, cmsg_len), AT(cmsghdr, cmsg_level), AT(cmsghdr, cmsg_type)}},
    {"sock_extended_err",
     sizeof(sock_extended_err),
     {AT(sock_extended_err, ee_errno), AT(sock_extended_err, ee_origin), AT(sock_extended_err, ee_type),
      AT(sock_extended_err, ee_code), AT(sock_extended_err, ee_info), AT(sock_extended_err, ee_data)}},
    {"linger", sizeof(linger), {AT(linger, l_onoff), AT(linger, l_linger)}},
    {"tcp_info",
     sizeof(tcp_info),
     {AT(tcp_info, tcpi_state), AT(tcp_info, tcpi_retransmits), AT(tcp_info, tcpi_snd_mss), AT(tcp_info, tcpi_unacked),
      AT(tcp_info, tcpi_rtt), AT(tcp_info, tcpi_rttvar), AT(tcp_info, tcpi_snd_cwnd),
      AT(tcp_info, tcpi_total_retrans)}},
};

}  // namespace
const Family socket{"socket", methods, constants, layouts};
}  // namespace iolab::sys

// unshare(2) and setns(2) for network namespaces, rtnetlink(7)'s socket, ioctl(2) with SIOCETHTOOL and SIOCOUTQNSD.
#include <linux/ethtool.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "families.h"

namespace iolab::sys {
namespace {

// Any other namespace would part this thread from the process that it belongs to: its files, its users, its mounts.
long unshare_(int flags) { return flags == CLONE_NEWNET ? call(SYS_unshare, flags) : -EINVAL; }
long setns_(Fd fd, int nstype) { return nstype == CLONE_NEWNET ? call(SYS_setns, fd.n, nstype) : -EINVAL; }

long netlink_route(Env& env, int flags) {
  if ((flags & ~SOCK_NONBLOCK) != 0) return -EINVAL;
  return own(env, call(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE));
}

// Those whose argument is struct ethtool_value: one number, and nothing behind it.
bool gets(unsigned command) {
  switch (command) {
    case ETHTOOL_GLINK:
    case ETHTOOL_GRXCSUM:
    case ETHTOOL_GTXCSUM:
    case ETHTOOL_GSG:
    case ETHTOOL_GTSO:
    case ETHTOOL_GGSO:
    case ETHTOOL_GGRO:
      return true;
    default:
      return false;
  }
}
bool sets(unsigned command) {
  switch (command) {
    case ETHTOOL_SRXCSUM:
    case ETHTOOL_STXCSUM:
    case ETHTOOL_SSG:
    case ETHTOOL_STSO:
    case ETHTOOL_SGSO:
    case ETHTOOL_SGRO:
      return true;
    default:
      return false;
  }
}

long ethtool_value_(Fd fd, const Path& ifname, unsigned command, unsigned value) {
  ifreq request{};
  size_t length = std::strlen(ifname.text);
  if ((!gets(command) && !sets(command)) || length >= sizeof request.ifr_name) return -EINVAL;
  std::memcpy(request.ifr_name, ifname.text, length);
  ethtool_value asked{command, value};
  request.ifr_data = reinterpret_cast<char*>(&asked);
  long r = call(SYS_ioctl, fd.n, SIOCETHTOOL, &request);
  return r == 0 && gets(command) ? static_cast<long>(asked.data) : r;
}

long siocoutqnsd(Fd fd) {
  int unsent = 0;
  long r = call(SYS_ioctl, fd.n, SIOCOUTQNSD, &unsent);
  return r < 0 ? r : unsent;
}

constexpr Method methods[] = {
    method<unshare_>("unshare", "flags"),           method<setns_>("setns", "fd nstype"),
    method<netlink_route>("netlinkRoute", "flags"), method<ethtool_value_>("ethtoolValue", "fd ifname command value"),
    method<siocoutqnsd>("siocoutqnsd", "fd"),
};
// clang-format off
constexpr Constant constants[] = {
    K(CLONE_NEWNET),     K(IFNAMSIZ),         K(IFF_UP),           K(NLM_F_REQUEST),    K(NLM_F_ACK),
    K(NLM_F_CREATE),     K(NLM_F_EXCL),       K(NLMSG_ERROR),      K(NLMSG_ALIGNTO),    K(RTA_ALIGNTO),
    K(RTM_NEWLINK),      K(RTM_NEWADDR),      K(IFLA_IFNAME),      K(IFLA_LINKINFO),    K(IFLA_INFO_KIND),
    K(IFLA_INFO_DATA),   K(IFLA_NET_NS_FD),   K(VETH_INFO_PEER),   K(IFA_LOCAL),        K(IFA_ADDRESS),
    K(ETHTOOL_GLINK),    K(ETHTOOL_GRXCSUM),  K(ETHTOOL_SRXCSUM),  K(ETHTOOL_GTXCSUM),  K(ETHTOOL_STXCSUM),
    K(ETHTOOL_GSG),      K(ETHTOOL_SSG),      K(ETHTOOL_GTSO),     K(ETHTOOL_STSO),     K(ETHTOOL_GGSO),
    K(ETHTOOL_SGSO),     K(ETHTOOL_GGRO),     K(ETHTOOL_SGRO),
};
// clang-format on
const Layout layouts[] = {
    {"nlmsghdr",
     sizeof(nlmsghdr),
     {AT(nlmsghdr, nlmsg_len), AT(nlmsghdr, nlmsg_type), AT(nlmsghdr, nlmsg_flags), AT(nlmsghdr, nlmsg_seq),
      AT(nlmsghdr, nlmsg_pid)}},
    {"nlmsgerr", sizeof(nlmsgerr), {AT(nlmsgerr, error), AT(nlmsgerr, msg)}},
    {"ifinfomsg",
     sizeof(ifinfomsg),
     {AT(ifinfomsg, ifi_family), AT(ifinfomsg, ifi_type), AT(ifinfomsg, ifi_index), AT(ifinfomsg, ifi_flags),
      AT(ifinfomsg, ifi_change)}},
    {"ifaddrmsg",
     sizeof(ifaddrmsg),
     {AT(ifaddrmsg, ifa_family), AT(ifaddrmsg, ifa_prefixlen), AT(ifaddrmsg, ifa_flags), AT(ifaddrmsg, ifa_scope),
      AT(ifaddrmsg, ifa_index)}},
    {"rtattr", sizeof(rtattr), {AT(rtattr, rta_len), AT(rtattr, rta_type)}},
};

}  // namespace
const Family net{"net", methods, constants, layouts};
}  // namespace iolab::sys

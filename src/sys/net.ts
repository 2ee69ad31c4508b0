/**
 * Networks and their devices: unshare(2) and setns(2) for network namespaces, a socket for rtnetlink(7), ioctl(2) with
 * SIOCETHTOOL and SIOCOUTQNSD. Raw calls: numbers in, `>= 0` or `-errno` out. None of them blocks. See `docs/sys/net.md`.
 *
 * A socket stays in the network in which it was made, wherever its thread goes. So what is asked about devices is asked of
 * a socket's network, not of the thread's.
 */
import { constant, type Layout, layout, native } from '../native.ts';

const { sys } = native;

/** A network of one's own: devices, addresses, routes, ports and names of abstract UNIX sockets. Linux 2.6.24. */
export const CLONE_NEWNET = constant<'clone'>('CLONE_NEWNET');

/** Whether the device has a carrier. Asking also ends the wait for its queue to be set up after it got one. */
export const ETHTOOL_GLINK = constant<'ethtool'>('ETHTOOL_GLINK');
/** Checksums of what arrives are checked by the device. */
export const ETHTOOL_GRXCSUM = constant<'ethtool'>('ETHTOOL_GRXCSUM');
export const ETHTOOL_SRXCSUM = constant<'ethtool'>('ETHTOOL_SRXCSUM');
/** Checksums of what is sent are filled in by the device. Without it there is no scatter-gather either. */
export const ETHTOOL_GTXCSUM = constant<'ethtool'>('ETHTOOL_GTXCSUM');
export const ETHTOOL_STXCSUM = constant<'ethtool'>('ETHTOOL_STXCSUM');
/** Scatter-gather: the device takes a packet in pieces, so that pages need not be copied into one. */
export const ETHTOOL_GSG = constant<'ethtool'>('ETHTOOL_GSG');
export const ETHTOOL_SSG = constant<'ethtool'>('ETHTOOL_SSG');
/** TCP segmentation: the device cuts up to 64 KiB into packets. Needs scatter-gather. */
export const ETHTOOL_GTSO = constant<'ethtool'>('ETHTOOL_GTSO');
export const ETHTOOL_STSO = constant<'ethtool'>('ETHTOOL_STSO');
/** The same by the kernel, as late as possible. Needs scatter-gather. */
export const ETHTOOL_GGSO = constant<'ethtool'>('ETHTOOL_GGSO');
export const ETHTOOL_SGSO = constant<'ethtool'>('ETHTOOL_SGSO');
/** Packets of one stream that arrive together are joined before the protocols see them. */
export const ETHTOOL_GGRO = constant<'ethtool'>('ETHTOOL_GGRO');
export const ETHTOOL_SGRO = constant<'ethtool'>('ETHTOOL_SGRO');

/** The longest name of a device and its NUL, in bytes. */
export const IFNAMSIZ: number = constant('IFNAMSIZ');
export const IFF_UP = constant<'iff'>('IFF_UP');

/** What rtnetlink's messages are made of. rtnetlink(7), netlink(7), veth(4). */
export const NLM_F_REQUEST = constant<'nlm'>('NLM_F_REQUEST');
export const NLM_F_ACK = constant<'nlm'>('NLM_F_ACK');
export const NLM_F_CREATE = constant<'nlm'>('NLM_F_CREATE');
export const NLM_F_EXCL = constant<'nlm'>('NLM_F_EXCL');
export const NLMSG_ERROR = constant<'nlmsg'>('NLMSG_ERROR');
export const RTM_NEWLINK = constant<'nlmsg'>('RTM_NEWLINK');
export const RTM_NEWADDR = constant<'nlmsg'>('RTM_NEWADDR');
export const IFLA_IFNAME = constant<'rta'>('IFLA_IFNAME');
export const IFLA_LINKINFO = constant<'rta'>('IFLA_LINKINFO');
export const IFLA_INFO_KIND = constant<'rta'>('IFLA_INFO_KIND');
export const IFLA_INFO_DATA = constant<'rta'>('IFLA_INFO_DATA');
export const IFLA_NET_NS_FD = constant<'rta'>('IFLA_NET_NS_FD');
export const VETH_INFO_PEER = constant<'rta'>('VETH_INFO_PEER');
export const IFA_LOCAL = constant<'rta'>('IFA_LOCAL');
export const IFA_ADDRESS = constant<'rta'>('IFA_ADDRESS');
/** Messages and attributes begin at multiples of this. */
export const NLMSG_ALIGNTO: number = constant('NLMSG_ALIGNTO');
export const RTA_ALIGNTO: number = constant('RTA_ALIGNTO');

/** Sizes and fields of the structures, as the C headers have them. */
export const nlmsghdr: Layout = layout('nlmsghdr');
export const nlmsgerr: Layout = layout('nlmsgerr');
export const ifinfomsg: Layout = layout('ifinfomsg');
export const ifaddrmsg: Layout = layout('ifaddrmsg');
export const rtattr: Layout = layout('rtattr');

/**
 * `int unshare(int flags)` - a fresh network for the calling thread alone, with nothing in it but a loopback device that is
 * down. It goes when the last thread, socket and descriptor of it is gone.
 *
 * Keep a descriptor of /proc/thread-self/ns/net from before, or there is no way back. `-EINVAL` for any flags but
 * {@link CLONE_NEWNET} (refused here, before the kernel), `-EPERM` (needs CAP_SYS_ADMIN), `-ENOSPC`
 * (/proc/sys/user/max_net_namespaces). Since Linux 2.6.16, networks 2.6.24. unshare(2), network_namespaces(7).
 */
export const unshare = sys.unshare;

/**
 * `int setns(int fd, int nstype)` - moves the calling thread into the network of `fd`, an open `/proc/PID/ns/net`.
 *
 * `-EINVAL` (`nstype` is not {@link CLONE_NEWNET}: refused here; or `fd` is no network namespace), `-EPERM` (needs
 * CAP_SYS_ADMIN), `-EBADF`. Since Linux 3.0. setns(2).
 */
export const setns = sys.setns;

/**
 * `int socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)` - for messages to the kernel about devices, addresses
 * and routes of the network that the thread is in now. `send` of the family socket asks, `recv` has the answer at once.
 *
 * Changing anything needs CAP_NET_ADMIN: the answer then is a message with EPERM in it. `-EINVAL` for any flag but
 * SOCK_NONBLOCK (refused here), `-EMFILE`. Since Linux 2.2. netlink(7), rtnetlink(7).
 */
export const netlinkRoute = sys.netlinkRoute;

/**
 * `int ioctl(int fd, SIOCETHTOOL, struct ifreq *)` with `struct ethtool_value` - reads (`ETHTOOL_G*`: answers the value, 0
 * or 1) or sets (`ETHTOOL_S*`: answers 0) one feature of a device in the network of the socket `fd`.
 *
 * What depends on a feature goes off with it, and comes back. A TCP connection asks its device when it is made: change
 * features before. `-EINVAL` for other commands and for a name of {@link IFNAMSIZ} bytes or more (refused here), `-ENODEV`,
 * `-EOPNOTSUPP` (the device cannot change it), `-EPERM` (setting needs CAP_NET_ADMIN), `-ENOTTY` (no socket). Since Linux
 * 2.4. netdevice(7).
 */
export const ethtoolValue = sys.ethtoolValue;

/**
 * `int ioctl(int fd, SIOCOUTQNSD, int *)` - bytes of a TCP connection that were not sent at all yet; `fionread`'s
 * counterpart. What was sent but not acknowledged is not in it.
 *
 * `-EINVAL` (a listening socket), `-ENOTTY` (no TCP socket). Since Linux 2.6.39. tcp(7).
 */
export const siocoutqnsd = sys.siocoutqnsd;

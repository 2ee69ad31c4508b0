/**
 * socket(2) and its kin: INET, INET6 and UNIX sockets, their messages and their options.
 * Raw calls: numbers in, `>= 0` or `-errno` out, nothing retried. See `docs/sys/socket.md`.
 *
 * Addresses are the kernel's structures: `sockaddr.ts` writes and reads them. Control messages: `cmsg.ts`.
 */
import { endianness } from 'node:os';
import { constant, layout, native, offsetOf } from '../native.ts';

const { sys } = native;

export const AF_UNSPEC = constant<'af'>('AF_UNSPEC');
export const AF_UNIX = constant<'af'>('AF_UNIX');
export const AF_INET = constant<'af'>('AF_INET');
export const AF_INET6 = constant<'af'>('AF_INET6');

export const SOCK_STREAM = constant<'sock'>('SOCK_STREAM');
export const SOCK_DGRAM = constant<'sock'>('SOCK_DGRAM');
export const SOCK_SEQPACKET = constant<'sock'>('SOCK_SEQPACKET');
export const SOCK_NONBLOCK = constant<'sock'>('SOCK_NONBLOCK');
export const SOCK_CLOEXEC = constant<'sock'>('SOCK_CLOEXEC');

export const SOL_SOCKET = constant<'sol'>('SOL_SOCKET');
export const IPPROTO_IP = constant<'sol'>('IPPROTO_IP');
export const IPPROTO_TCP = constant<'sol'>('IPPROTO_TCP');
export const IPPROTO_UDP = constant<'sol'>('IPPROTO_UDP');
export const IPPROTO_IPV6 = constant<'sol'>('IPPROTO_IPV6');

export const SO_REUSEADDR = constant<'so'>('SO_REUSEADDR');
/** Several sockets on one port, among which the kernel spreads connections. Linux 3.9. */
export const SO_REUSEPORT = constant<'so'>('SO_REUSEPORT');
/** The kernel doubles the value that is set, to allow for its own overhead, and answers the doubled one. */
export const SO_SNDBUF = constant<'so'>('SO_SNDBUF');
export const SO_RCVBUF = constant<'so'>('SO_RCVBUF');
/** As {@link SO_SNDBUF} and {@link SO_RCVBUF}, past the limits of /proc/sys/net/core. Needs CAP_NET_ADMIN. Linux 2.6.14. */
export const SO_SNDBUFFORCE = constant<'so'>('SO_SNDBUFFORCE');
export const SO_RCVBUFFORCE = constant<'so'>('SO_RCVBUFFORCE');
/** How many bytes have to be there before a reader is woken. Setting it: Linux 2.4. */
export const SO_RCVLOWAT = constant<'so'>('SO_RCVLOWAT');
/** The pending error, which reading clears: how a non-blocking connect went. */
export const SO_ERROR = constant<'so'>('SO_ERROR');
export const SO_TYPE = constant<'so'>('SO_TYPE');
export const SO_DOMAIN = constant<'so'>('SO_DOMAIN');
export const SO_LINGER = constant<'so'>('SO_LINGER');
export const SO_KEEPALIVE = constant<'so'>('SO_KEEPALIVE');
export const SO_ACCEPTCONN = constant<'so'>('SO_ACCEPTCONN');
/** Without it MSG_ZEROCOPY is ignored. TCP since Linux 4.14, UDP 5.0; never AF_UNIX. */
export const SO_ZEROCOPY = constant<'so'>('SO_ZEROCOPY');
export const SO_INCOMING_CPU = constant<'so'>('SO_INCOMING_CPU');
export const SO_BUSY_POLL = constant<'so'>('SO_BUSY_POLL');
export const TCP_NODELAY = constant<'so'>('TCP_NODELAY');
export const TCP_CORK = constant<'so'>('TCP_CORK');
export const TCP_QUICKACK = constant<'so'>('TCP_QUICKACK');
export const TCP_INFO = constant<'so'>('TCP_INFO');
export const TCP_DEFER_ACCEPT = constant<'so'>('TCP_DEFER_ACCEPT');
export const TCP_FASTOPEN = constant<'so'>('TCP_FASTOPEN');
export const TCP_MAXSEG = constant<'so'>('TCP_MAXSEG');
export const IPV6_V6ONLY = constant<'so'>('IPV6_V6ONLY');
export const IP_RECVERR = constant<'so'>('IP_RECVERR');
export const IPV6_RECVERR = constant<'so'>('IPV6_RECVERR');

export const MSG_DONTWAIT = constant<'msg'>('MSG_DONTWAIT');
/** More will follow: TCP holds back a part-filled segment (for at most 200 ms). */
export const MSG_MORE = constant<'msg'>('MSG_MORE');
/** No SIGPIPE where the peer is gone. Every send here adds it. */
export const MSG_NOSIGNAL = constant<'msg'>('MSG_NOSIGNAL');
export const MSG_PEEK = constant<'msg'>('MSG_PEEK');
/** In: answer a datagram's whole length; on TCP throw bytes away ({@link recvDiscard}). Out: a datagram was cut. */
export const MSG_TRUNC = constant<'msg'>('MSG_TRUNC');
/** Out: control messages were cut for want of room, and descriptors among them closed. */
export const MSG_CTRUNC = constant<'msg'>('MSG_CTRUNC');
export const MSG_WAITALL = constant<'msg'>('MSG_WAITALL');
/** The kernel refers to the buffer until a completion arrives on the error queue. Needs {@link SO_ZEROCOPY}. */
export const MSG_ZEROCOPY = constant<'msg'>('MSG_ZEROCOPY');
/**
 * Read the error queue instead of the data, without waiting. A UNIX socket has none and ignores the flag: there it takes
 * data, or waits for it.
 */
export const MSG_ERRQUEUE = constant<'msg'>('MSG_ERRQUEUE');
export const MSG_OOB = constant<'msg'>('MSG_OOB');

export const SHUT_RD = constant<'shut'>('SHUT_RD');
export const SHUT_WR = constant<'shut'>('SHUT_WR');
export const SHUT_RDWR = constant<'shut'>('SHUT_RDWR');

/** The longest backlog of the headers; the kernel cuts to /proc/sys/net/core/somaxconn. */
export const SOMAXCONN = constant<'backlog'>('SOMAXCONN');

const linger = layout('linger');
/** `struct linger` in 32-bit words, and where its two fields are: `SO_LINGER` with 1, 0 makes close() reset. */
export const LINGER_WORDS = linger.size / 4;
export const LINGER_ONOFF_WORD = offsetOf(linger, 'l_onoff') / 4;
export const LINGER_SECONDS_WORD = offsetOf(linger, 'l_linger') / 4;

const tcpInfo = layout('tcp_info');
/** Bytes of `struct tcp_info` as this binary knows it; an older kernel fills fewer, a newer one has more to tell. */
export const TCP_INFO_SIZE = tcpInfo.size;

/** The fields of `struct tcp_info` that a sender asks for. `rtt` and `rttvar` are microseconds. */
export interface TcpInfo {
  readonly state: number;
  readonly retransmits: number;
  readonly sndMss: number;
  readonly unacked: number;
  readonly rtt: number;
  readonly rttvar: number;
  readonly sndCwnd: number;
  readonly totalRetrans: number;
}

/** Reads what getsockopt wrote for {@link TCP_INFO}: {@link TCP_INFO_SIZE} bytes. */
export function decodeTcpInfo(bytes: Uint8Array): TcpInfo {
  if (bytes.byteLength < TCP_INFO_SIZE)
    throw new RangeError(`decodeTcpInfo: bytes must be ${TCP_INFO_SIZE} long (TCP_INFO_SIZE), got ${bytes.byteLength}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u32 = (field: string) => view.getUint32(offsetOf(tcpInfo, field), endianness() === 'LE');
  return {
    state: view.getUint8(offsetOf(tcpInfo, 'tcpi_state')),
    retransmits: view.getUint8(offsetOf(tcpInfo, 'tcpi_retransmits')),
    sndMss: u32('tcpi_snd_mss'),
    unacked: u32('tcpi_unacked'),
    rtt: u32('tcpi_rtt'),
    rttvar: u32('tcpi_rttvar'),
    sndCwnd: u32('tcpi_snd_cwnd'),
    totalRetrans: u32('tcpi_total_retrans'),
  };
}

/**
 * `int socket(int domain, int type, int protocol)` - a socket; `SOCK_CLOEXEC` is always added.
 *
 * `-EAFNOSUPPORT` for any domain but AF_INET, AF_INET6 and AF_UNIX (the others are refused here, before the kernel),
 * `-EPROTONOSUPPORT` and `-ESOCKTNOSUPPORT` (domain, type and protocol do not go together), `-EINVAL` (unknown flags),
 * `-EMFILE`, `-EPERM` or `-EACCES` (not allowed here). Since Linux 1.0; flags in `type` 2.6.27. socket(2).
 */
export const socket = sys.socket;

/**
 * `int socketpair(int domain, int type, int protocol, int sv[2])` - two sockets, connected to each other, into `sv`.
 * `-EOPNOTSUPP` for any domain but AF_UNIX, `-EAFNOSUPPORT` as {@link socket}, `-EMFILE`. Since Linux 1.0.
 * socketpair(2).
 */
export const socketpair = sys.socketpair;

/**
 * `int bind(int sockfd, const struct sockaddr *addr, socklen_t addrlen)` - gives the socket a name.
 *
 * `-EADDRINUSE`, `-EADDRNOTAVAIL` (not an address of this machine), `-EACCES` (a port below ip_unprivileged_port_start,
 * or the directory), `-EINVAL` (bound already, or an address of another family), `-EAFNOSUPPORT`, `-ENOENT` and
 * `-ENOTDIR` (the directory of a UNIX path), `-ENOTSOCK`, `-EBADF`. Since Linux 1.0. bind(2).
 */
export const bind = sys.bind;

/**
 * `int listen(int sockfd, int backlog)` - waits for connections; up to `backlog` are held until they are accepted.
 * `-EADDRINUSE`, `-EOPNOTSUPP` (a datagram socket), `-EINVAL` (a UNIX socket without a name), `-ENOTSOCK`, `-EBADF`.
 * Since Linux 1.0. listen(2).
 */
export const listen = sys.listen;

/**
 * **Blocks the calling thread** until there is a connection, unless the listener is non-blocking.
 *
 * `int accept4(int sockfd, struct sockaddr *addr, socklen_t *addrlen, int flags)` - takes the next connection.
 * `SOCK_CLOEXEC` is always added; O_NONBLOCK is not inherited from the listener: ask with SOCK_NONBLOCK. `addr` takes
 * the peer's address; `addrlen[0]` says how large it is and takes the address's length, also where it was cut.
 *
 * `-EAGAIN`, `-EINTR`, `-ECONNABORTED` (the peer gave up: try again), `-EMFILE` (the connection stays in the queue, so
 * that a listener which is watched spins), `-EINVAL` (not listening, unknown flags, `addrlen` negative or beyond
 * `addr`), `-EOPNOTSUPP` (a datagram socket), `-ENOTSOCK`, `-EBADF`. Since Linux 2.6.28. accept(2).
 */
export const accept4 = sys.accept4;

/**
 * **Blocks the calling thread** until the connection stands or fails, unless the socket is non-blocking.
 *
 * `int connect(int sockfd, const struct sockaddr *addr, socklen_t addrlen)` - connects, or gives a datagram socket its
 * peer (AF_UNSPEC takes it away again).
 *
 * `-EINPROGRESS` (non-blocking: wait until writable, then ask {@link SO_ERROR}), `-EAGAIN` (a UNIX listener's queue is
 * full), `-ECONNREFUSED` (nobody listens), `-EALREADY`, `-EISCONN`, `-ETIMEDOUT`, `-ENETUNREACH`, `-EADDRNOTAVAIL` (no
 * port is left), `-ENOENT` (no such UNIX path), `-EPROTOTYPE` (stream to datagram), `-EAFNOSUPPORT`, `-EINTR`,
 * `-ENOTSOCK`, `-EBADF`. Since Linux 1.0. connect(2).
 */
export const connect = sys.connect;

/**
 * `int shutdown(int sockfd, int how)` - ends one or both directions of the connection, whoever else holds the socket.
 * `-ENOTCONN`, `-EINVAL` (`how`), `-ENOTSOCK`, `-EBADF`. Since Linux 1.0. shutdown(2).
 */
export const shutdown = sys.shutdown;

/**
 * **Blocks the calling thread** until the socket takes bytes, unless it is non-blocking or MSG_DONTWAIT is given.
 *
 * `ssize_t send(int sockfd, const void *buf, size_t len, int flags)` - sends `len` bytes of `buf` from `at` on (all of
 * it from 0 when left out); answers how many were taken, perhaps fewer. MSG_NOSIGNAL is always added.
 *
 * `-EAGAIN`, `-EINTR`, `-EPIPE` (this side was shut down, or the peer is gone; never a signal), `-ECONNRESET`,
 * `-ENOTCONN`, `-EDESTADDRREQ` (a datagram without a peer), `-EMSGSIZE` (a datagram too long), `-ENOBUFS`
 * (MSG_ZEROCOPY: optmem or locked memory is used up), `-EOPNOTSUPP` (flags), `-ENOTSOCK`, `-EBADF`. Since Linux 1.0.
 * send(2).
 */
export const send = sys.send;

/**
 * **Blocks the calling thread** until there are bytes, unless the socket is non-blocking or MSG_DONTWAIT is given.
 *
 * `ssize_t recv(int sockfd, void *buf, size_t len, int flags)` - receives up to `len` bytes into `buf` from `at` on;
 * answers how many. 0: the peer has shut down (or a datagram was empty).
 *
 * `-EAGAIN`, `-EINTR`, `-ECONNRESET`, `-ECONNREFUSED` (a connected datagram socket), `-ENOTCONN`, `-EINVAL` (MSG_OOB
 * and there is none), `-ENOTSOCK`, `-EBADF`. Since Linux 1.0. recv(2).
 */
export const recv = sys.recv;

/**
 * **Blocks the calling thread** until there are bytes, unless the socket is non-blocking or MSG_DONTWAIT is given.
 *
 * `ssize_t recv(int sockfd, NULL, size_t len, flags | MSG_TRUNC)` - throws up to `len` bytes of a TCP stream away
 * without copying them; answers how many. For TCP only: a UNIX socket answers `-EFAULT`, a datagram is dropped whole
 * and its length answered. Errors as {@link recv}. Since Linux 2.4. tcp(7).
 */
export const recvDiscard = sys.recvDiscard;

/**
 * **Blocks the calling thread** until the socket takes the message, unless it is non-blocking or MSG_DONTWAIT is given.
 *
 * `ssize_t sendto(int sockfd, const void *buf, size_t len, int flags, const struct sockaddr *addr,
 * socklen_t addrlen)` - {@link send} with a destination (`null`: the peer). MSG_NOSIGNAL is always added.
 * Besides the errors of {@link send}: `-EISCONN` (a connected UNIX stream has its peer), `-ECONNREFUSED` (a UNIX path
 * on which nobody receives). Since Linux 1.0. send(2).
 */
export const sendto = sys.sendto;

/**
 * **Blocks the calling thread** until there is a message, unless the socket is non-blocking or MSG_DONTWAIT is given.
 *
 * `ssize_t recvfrom(int sockfd, void *buf, size_t len, int flags, struct sockaddr *addr, socklen_t *addrlen)` -
 * {@link recv}, and who sent it, as in {@link accept4}. What is beyond `len` of a datagram is lost.
 * Errors as {@link recv}. Since Linux 1.0. recv(2).
 */
export const recvfrom = sys.recvfrom;

/**
 * **Blocks the calling thread** until the socket takes bytes, unless it is non-blocking or MSG_DONTWAIT is given.
 *
 * `ssize_t sendmsg(int sockfd, const struct msghdr *msg, int flags)` - {@link sendto} from several buffers, with
 * control messages; the header is passed as its fields. MSG_NOSIGNAL is always added. Besides the errors of {@link
 * send}: `-EINVAL` (a control message without sense, or more than 253 descriptors), `-EBADF` (a descriptor in
 * SCM_RIGHTS is not open), `-ETOOMANYREFS` (too many descriptors are under way). Since Linux 2.0. send(2), cmsg(3).
 */
export const sendmsg = sys.sendmsg;

/**
 * **Blocks the calling thread** until there is a message, unless the socket is non-blocking or MSG_DONTWAIT is given;
 * MSG_ERRQUEUE does not wait, but on a UNIX socket it is ignored.
 *
 * `ssize_t recvmsg(int sockfd, struct msghdr *msg, int flags)` - {@link recvfrom} into several buffers, with control
 * messages. `header` (three Int32) takes what the kernel writes back: the lengths of `name` and `control`, and the
 * flags (MSG_TRUNC, MSG_CTRUNC, MSG_ERRQUEUE, and MSG_CMSG_CLOEXEC, which is always asked for). Descriptors that arrive
 * have CLOEXEC and are this thread's to close, wanted or not: walk `control` to find them. Errors as {@link recv};
 * `-EAGAIN` when the error queue is empty. Since Linux 2.0. recv(2), cmsg(3).
 */
export const recvmsg = sys.recvmsg;

/**
 * `int getsockopt(int sockfd, int level, int optname, void *optval, socklen_t *optlen)` - an option's value.
 * `optlen[0]` says how many bytes of `optval` to use, and takes how many were written.
 *
 * `-ENOPROTOOPT` (unknown to this socket; or refused here, since its value holds a pointer: socket filters,
 * TCP_ZEROCOPY_RECEIVE, netfilter's tables, any level but SOL_SOCKET, IP, IPv6 and TCP), `-EINVAL` (`optlen` negative
 * or beyond `optval`), `-EOPNOTSUPP` (no such level), `-ENOTSOCK`, `-EBADF`. Since Linux 1.0. getsockopt(2), socket(7).
 */
export const getsockopt = sys.getsockopt;

/**
 * `int setsockopt(int sockfd, int level, int optname, const void *optval, socklen_t optlen)` - sets an option; the
 * length is that of `optval`, for most options an Int32Array of one.
 *
 * `-ENOPROTOOPT` as {@link getsockopt}, `-EINVAL` (`optval` too short or its value out of range), `-EPERM`,
 * `-EOPNOTSUPP` (SO_ZEROCOPY on AF_UNIX; the unnamed 524 on older kernels), `-EDOM`, `-ENOTSOCK`, `-EBADF`. Since Linux
 * 1.0. getsockopt(2), socket(7), tcp(7).
 */
export const setsockopt = sys.setsockopt;

/**
 * `int getsockname(int sockfd, struct sockaddr *addr, socklen_t *addrlen)` - the socket's own address, as in
 * {@link accept4}. `-EINVAL` (`addrlen` negative or beyond `addr`), `-ENOTSOCK`, `-EBADF`. Since Linux 1.0.
 * getsockname(2).
 */
export const getsockname = sys.getsockname;

/**
 * `int getpeername(int sockfd, struct sockaddr *addr, socklen_t *addrlen)` - the peer's address, as in {@link accept4}.
 * `-ENOTCONN`, `-EINVAL` (`addrlen` negative or beyond `addr`), `-ENOTSOCK`, `-EBADF`. Since Linux 1.0. getpeername(2).
 */
export const getpeername = sys.getpeername;

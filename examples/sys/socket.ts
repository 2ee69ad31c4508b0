/**
 * socket(2): a TCP connection on loopback by raw calls, options, a descriptor that travels over a UNIX socket, and what
 * the kernel says of a zero-copy send.
 *
 * Run: node --import ./tests/support/typescript.mjs examples/sys/socket.ts   (from Node 24 on without --import)
 */
import { check } from '../../src/io/errors.ts';
import * as cmsg from '../../src/sys/cmsg.ts';
import { close } from '../../src/sys/fd.ts';
import { POLLERR, POLLFD_WORDS, poll, pollRevents, setPollFd } from '../../src/sys/poll.ts';
import { decodeSockaddr, encodeSockaddr, SOCKADDR_SIZE } from '../../src/sys/sockaddr.ts';
import * as socket from '../../src/sys/socket.ts';

const { AF_INET, AF_UNIX, IPPROTO_TCP, SOCK_STREAM, SOL_SOCKET } = socket;

// a listener on a port of the kernel's choice, and a connection to it
const listener = check(socket.socket(AF_INET, SOCK_STREAM, 0), 'socket');
check(socket.bind(listener, encodeSockaddr({ family: 'inet', host: '127.0.0.1', port: 0 })), 'bind');
check(socket.listen(listener, 8), 'listen');
const name = new Uint8Array(SOCKADDR_SIZE);
const length = Int32Array.of(SOCKADDR_SIZE);
check(socket.getsockname(listener, name, length), 'getsockname');
const client = check(socket.socket(AF_INET, SOCK_STREAM, 0), 'socket');
check(socket.connect(client, name.subarray(0, length[0])), 'connect');
length[0] = SOCKADDR_SIZE;
const server = check(socket.accept4(listener, name, length, 0), 'accept4');
console.log('accepted a connection from', decodeSockaddr(name, length[0]));

check(socket.setsockopt(server, IPPROTO_TCP, socket.TCP_NODELAY, Int32Array.of(1)), 'setsockopt');
check(socket.send(server, Buffer.from('head and a body that nobody reads'), undefined, 0), 'send');
const head = Buffer.alloc(4);
check(socket.recv(client, head, undefined, 0), 'recv');
console.log(`received '${head}', threw ${socket.recvDiscard(client, 1000, 0)} bytes away without a copy`);

const info = new Uint8Array(socket.TCP_INFO_SIZE);
check(socket.getsockopt(server, IPPROTO_TCP, socket.TCP_INFO, info, Int32Array.of(info.length)), 'getsockopt');
const { sndMss, rtt, sndCwnd } = socket.decodeTcpInfo(info);
console.log(`tcp_info: segments of ${sndMss} bytes, round trip ${rtt} us, window of ${sndCwnd} segments`);

// the listener's descriptor travels: what arrives is another number for the same socket
const pair = new Int32Array(2);
check(socket.socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 'socketpair');
const [left = -1, right = -1] = pair;
check(socket.sendmsg(left, [Buffer.from('!')], null, cmsg.encodeRights([listener]), 0), 'sendmsg');
const control = new Uint8Array(cmsg.RIGHTS_SPACE);
const header = new Int32Array(3);
check(socket.recvmsg(right, [Buffer.alloc(1)], null, control, header, 0), 'recvmsg');
const arrived = cmsg.controlMessages(control, header[1]).flatMap(cmsg.decodeRights);
console.log(`sent descriptor ${listener}, got ${arrived.join(', ')}`);

// zero-copy is asked for twice: once for the socket, once for the send; and the kernel tells whether it was
const payload = Buffer.alloc(16_384);
check(socket.setsockopt(server, SOL_SOCKET, socket.SO_ZEROCOPY, Int32Array.of(1)), 'setsockopt');
check(socket.send(server, payload, undefined, socket.MSG_ZEROCOPY), 'send');
for (let left = payload.length; left > 0; ) left -= check(socket.recvDiscard(client, left, 0), 'recv');
const fds = new Int32Array(POLLFD_WORDS);
setPollFd(fds, 0, server, 0);
check(poll(fds, 1, 2000), 'poll');
if (pollRevents(fds, 0) & POLLERR) {
  check(socket.recvmsg(server, [], null, control, header, socket.MSG_ERRQUEUE), 'recvmsg');
  console.log('zero-copy send:', cmsg.controlMessages(control, header[1]).map(cmsg.decodeZeroCopy)[0]);
}

for (const fd of [listener, client, server, left, right, ...arrived]) close(fd);

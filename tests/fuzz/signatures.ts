/**
 * Every native function, with the name and the kind of each parameter. The names are those of the error messages, the
 * kinds those of `kinds.ts`. A test holds this table against the addon: a call that is missing here is not fuzzed.
 */
export const sysSignatures: Record<string, string> = {
  openat: 'dirfd:fd/dir path:path flags:int mode:uint',
  openat2: 'dirfd:fd/dir path:path flags:size mode:size resolve:size',
  close: 'fd:ownFd',
  read: 'fd:fd buf:memory count:count at:from',
  write: 'fd:fd buf:memory count:count at:from',
  pread: 'fd:fd buf:memory count:count offset:offset at:from',
  pwrite: 'fd:fd buf:memory count:count offset:offset at:from',
  readv: 'fd:fd iov:iov',
  writev: 'fd:fd iov:iov',
  preadv2: 'fd:fd iov:iov offset:offset flags:flags',
  pwritev2: 'fd:fd iov:iov offset:offset flags:flags',
  lseek: 'fd:fd offset:offset whence:flags',
  fstat: 'fd:fd statbuf:struct144',
  ftruncate: 'fd:fd length:offset',
  fallocate: 'fd:fd mode:flags offset:offset len:offset',
  fdatasync: 'fd:fd',
  fadvise: 'fd:fd offset:offset len:offset advice:flags',
  dup3: 'oldfd:fd newfd:dupTarget flags:flags',
  fcntl: 'fd:fd cmd:fcntl arg:nonblock',
  fionread: 'fd:fd',
  memfdCreate: 'name:path flags:uint',
  socket: 'domain:family type:socketType protocol:flags',
  socketpair: 'domain:family type:socketType protocol:flags sv:struct8',
  bind: 'sockfd:fd/udp addr:sockaddr',
  listen: 'sockfd:fd/listener backlog:int',
  accept4: 'sockfd:fd/listener addr:maybeBytes addrlen:maybeLength flags:socketType',
  connect: 'sockfd:fd/udp addr:sockaddr',
  shutdown: 'sockfd:fd how:flags',
  send: 'sockfd:fd/unixB buf:memory len:count flags:flags at:from',
  recv: 'sockfd:fd/unixA buf:memory len:count flags:flags at:from',
  recvDiscard: 'sockfd:fd/tcp len:size flags:flags',
  sendto: 'sockfd:fd/unixB buf:memory len:count flags:flags addr:maybeSockaddr',
  recvfrom: 'sockfd:fd/unixA buf:memory len:count flags:flags addr:maybeBytes addrlen:maybeLength',
  sendmsg: 'sockfd:fd/unixB iov:iov name:maybeSockaddr control:maybeBytes flags:flags',
  recvmsg: 'sockfd:fd/unixA iov:iov name:maybeBytes control:maybeBytes header:struct12 flags:flags',
  getsockopt: 'sockfd:fd/tcp level:level optname:option optval:bytes optlen:length',
  setsockopt: 'sockfd:fd/tcp level:level optname:option optval:bytes',
  getsockname: 'sockfd:fd addr:bytes addrlen:length',
  getpeername: 'sockfd:fd addr:bytes addrlen:length',
  select: 'nfds:nfds readfds:maybeBytes writefds:maybeBytes exceptfds:maybeBytes timeout:timeout',
  pselect6: 'nfds:nfds readfds:maybeBytes writefds:maybeBytes exceptfds:maybeBytes timeout:timeout sigmask:maybeU64',
  poll: 'fds:bytes nfds:items timeout:milliseconds',
  ppoll: 'fds:bytes nfds:items timeout:timeout sigmask:maybeU64',
  epollCreate: 'size:int',
  epollCreate1: 'flags:flags',
  epollCtl: 'epfd:fd/epoll op:epollOp fd:fd events:uint data:u64',
  epollCtl2: 'epfd:fd/epoll op:epollOp fd:fd events:uint low:uint high:uint',
  epollWait: 'epfd:fd/epoll events:bytes maxevents:items timeout:milliseconds',
  epollPwait2: 'epfd:fd/epoll events:bytes maxevents:items timeout:timeout sigmask:maybeU64',
  eventfd: 'initval:uint flags:nonblock',
  timerfdCreate: 'clockid:flags flags:nonblock',
  timerfdSettime: 'fd:fd/timerfd flags:flags new_value:struct32 old_value:maybeStruct32',
  timerfdGettime: 'fd:fd/timerfd curr_value:struct32',
  signalfd: 'fd:fdOrNone mask:u64 flags:nonblock',
  pipe2: 'pipefd:struct8 flags:nonblock',
  splice: 'fd_in:fd/file off_in:maybeOffset fd_out:fd/pipeWrite off_out:maybeOffset len:size flags:spliceFlags',
  spliceAt: 'fd_in:fd/file off_in:offset fd_out:fd/pipeWrite len:size flags:spliceFlags',
  tee: 'fd_in:fd/pipeRead fd_out:fd/otherPipe len:size flags:spliceFlags',
  vmsplice: 'fd:fd/pipeWrite iov:pages flags:spliceFlags',
  sendfile: 'out_fd:fd in_fd:fd/file offset:maybeOffset count:size',
  copyFileRange: 'fd_in:fd/file off_in:maybeOffset fd_out:fd/copy off_out:maybeOffset len:size flags:uint',
  mmap: 'length:mapLength prot:flags flags:mapFlags fd:fdOrNone offset:offset',
  munmap: 'addr:address length:count',
  msync: 'addr:address length:count flags:flags',
  madvise: 'addr:address length:count advice:flags',
  mincore: 'addr:address length:count vec:bytes',
  mlock: 'addr:address length:count',
  munlock: 'addr:address length:count',
  cachestat: 'fd:fd off:offset len:offset cstat:struct40 flags:uint',
  processVmReadv: 'addr:address length:count to:bytes at:from',
  processVmWritev: 'addr:address length:count from:bytes at:from',
  getrusage: 'who:flags usage:struct144',
  clockGettime: 'clockid:flags tp:struct16',
  schedSetaffinity: 'pid:pid mask:bytes',
  schedGetaffinity: 'pid:pid mask:bytes',
  prlimit: 'pid:pid resource:flags new_limit:limit old_limit:maybeStruct16',
  gettid: '',
  getppid: '',
  perfEventOpen: 'attr:perfAttr pid:pid cpu:flags group_fd:fdOrNone flags:size',
  perfIoctl: 'fd:fd/perf request:perfRequest arg:flags',
  unshare: 'flags:foreignNamespaces',
  setns: 'fd:fd nstype:flags',
  netlinkRoute: 'flags:nonblock',
  ethtoolValue: 'fd:fd/udp ifname:path command:ethtool value:uint',
  siocoutqnsd: 'fd:fd/tcp',
};

/** `out` is a device that takes everything: the loops wait for ever where nobody reads. */
export const pumpSignatures: Record<string, string> = {
  null: 'out:sink buf:memory chunk:count length:pumpLength',
  readWrite: 'out:sink in:fd/file offset:offset buf:memory chunk:count length:pumpLength',
  mmapWrite: 'out:sink in:fd/file offset:offset window:pumpLength chunk:pumpLength length:pumpLength',
  sendfile: 'out:sink in:fd/file offset:offset chunk:pumpLength length:pumpLength',
  splice:
    'out:sink in:fd/file offset:offset pipe_read:pipeRead pipe_write:pipeWrite chunk:pumpLength length:pumpLength',
  vmsplice:
    'out:sink in:fd/file offset:offset pipe_read:pipeRead pipe_write:pipeWrite buf:address chunk:count length:pumpLength',
  threadsStart: 'listener:fd/listener echo:flags most:size stack:pumpLength',
  threadsStats: 'id:flags stats:struct40',
  threadsStop: 'id:flags',
};

export const runtimeSignatures: Record<string, string> = {
  adopt: 'fd:fdOrGuarded',
  disown: 'fd:targetFd',
  owns: 'fd:fdOrGuarded',
  guards: 'fd:fdOrGuarded',
  mappings: '',
  account: 'bytes:offset',
  truncated: 'addr:address',
  unmap: 'addr:address',
  view: 'addr:address',
  bindEpollWait: 'epfd:epollFd maxevents:boundEvents',
  watchOpen: 'fd:fd callback:callback',
  watchStart: 'id:watchId value:flags',
  watchStop: 'id:watchId',
  watchRef: 'id:watchId value:flags',
  watchClose: 'id:watchId',
};

/** Of the test build's fault gate: not fuzzed, since its job is to make calls fail. */
export const gateCalls = ['gateArm', 'gateDisarm', 'gateSeen', 'gateFired', 'gateNoExternal'];

export interface Parameter {
  readonly name: string;
  readonly kind: string;
}

export function parameters(signature: string): Parameter[] {
  return signature
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const [name = '', kind = ''] = word.split(':');
      return { name, kind };
    });
}

/**
 * Loads the addon and declares its entire surface as types. Nobody else loads it.
 *
 * The signatures here are those of `native/`; what each call does is written where it is exported, in `src/sys`.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A number that belongs to one family of flags. Plain numbers fit everywhere, so that flags can be or-ed together, but
 * a constant of one family is refused where another's is meant.
 */
export type Flag<Family extends string> = number & { readonly _family?: Family };

/** A typed array, a Buffer or a DataView of fixed, unshared, attached memory. */
export type View = ArrayBufferView;
/** An address inside a mapping that `mmap` made in this thread. */
export type Address = number & { readonly _address?: true };
/** What the kernel may read from or write to. */
export type Memory = View | Address;
/** A byte count or position; beyond 2^53 - 1 as a bigint. */
export type Offset = number | bigint;
/** Milliseconds (fractions allowed) or nanoseconds as a bigint; `null` or -1 waits for ever. */
export type Timeout = number | bigint | null;
/** `>= 0`, or `-errno`. */
export type Result = number;

export interface NativeSys {
  // fd
  openat(dirfd: number, path: string, flags: Flag<'open'>, mode: number): Result;
  openat2(dirfd: number, path: string, flags: Flag<'open'>, mode: number, resolve: Flag<'resolve'>): Result;
  close(fd: number): Result;
  read(fd: number, buf: Memory, count?: number, at?: number): Result;
  write(fd: number, buf: Memory, count?: number, at?: number): Result;
  pread(fd: number, buf: Memory, count: number | undefined, offset: Offset, at?: number): Result;
  pwrite(fd: number, buf: Memory, count: number | undefined, offset: Offset, at?: number): Result;
  readv(fd: number, iov: readonly View[]): Result;
  writev(fd: number, iov: readonly View[]): Result;
  preadv2(fd: number, iov: readonly View[], offset: Offset, flags: Flag<'rwf'>): Result;
  pwritev2(fd: number, iov: readonly View[], offset: Offset, flags: Flag<'rwf'>): Result;
  lseek(fd: number, offset: Offset, whence: Flag<'seek'>): Result;
  fstat(fd: number, statbuf: View): Result;
  ftruncate(fd: number, length: Offset): Result;
  fallocate(fd: number, mode: Flag<'fallocate'>, offset: Offset, len: Offset): Result;
  fdatasync(fd: number): Result;
  fadvise(fd: number, offset: Offset, len: Offset, advice: Flag<'fadvise'>): Result;
  dup3(oldfd: number, newfd: number, flags: Flag<'open'>): Result;
  fcntl(fd: number, cmd: Flag<'fcntl'>, arg: number): Result;
  fionread(fd: number): Result;
  memfdCreate(name: string, flags: Flag<'memfd'>): Result;
  // socket
  socket(domain: Flag<'af'>, type: Flag<'sock'>, protocol: number): Result;
  socketpair(domain: Flag<'af'>, type: Flag<'sock'>, protocol: number, sv: Int32Array): Result;
  bind(sockfd: number, addr: View): Result;
  listen(sockfd: number, backlog: number): Result;
  accept4(sockfd: number, addr: View | null, addrlen: Int32Array | null, flags: Flag<'sock'>): Result;
  connect(sockfd: number, addr: View): Result;
  shutdown(sockfd: number, how: Flag<'shut'>): Result;
  send(sockfd: number, buf: Memory, len: number | undefined, flags: Flag<'msg'>, at?: number): Result;
  recv(sockfd: number, buf: Memory, len: number | undefined, flags: Flag<'msg'>, at?: number): Result;
  recvDiscard(sockfd: number, len: number, flags: Flag<'msg'>): Result;
  sendto(sockfd: number, buf: Memory, len: number | undefined, flags: Flag<'msg'>, addr: View | null): Result;
  recvfrom(
    sockfd: number,
    buf: Memory,
    len: number | undefined,
    flags: Flag<'msg'>,
    addr: View | null,
    addrlen: Int32Array | null,
  ): Result;
  sendmsg(sockfd: number, iov: readonly View[], name: View | null, control: View | null, flags: Flag<'msg'>): Result;
  recvmsg(
    sockfd: number,
    iov: readonly View[],
    name: View | null,
    control: View | null,
    header: Int32Array,
    flags: Flag<'msg'>,
  ): Result;
  getsockopt(sockfd: number, level: number, optname: number, optval: View, optlen: Int32Array): Result;
  setsockopt(sockfd: number, level: number, optname: number, optval: View): Result;
  getsockname(sockfd: number, addr: View, addrlen: Int32Array): Result;
  getpeername(sockfd: number, addr: View, addrlen: Int32Array): Result;
  // select
  select(nfds: number, readfds: View | null, writefds: View | null, exceptfds: View | null, timeout: Timeout): Result;
  pselect6(
    nfds: number,
    readfds: View | null,
    writefds: View | null,
    exceptfds: View | null,
    timeout: Timeout,
    sigmask: bigint | null,
  ): Result;
  // poll
  poll(fds: View, nfds: number, timeout: number): Result;
  ppoll(fds: View, nfds: number, timeout: Timeout, sigmask: bigint | null): Result;
  // epoll
  epollCreate(size: number): Result;
  epollCreate1(flags: Flag<'epollCreate'>): Result;
  epollCtl(epfd: number, op: Flag<'epollCtl'>, fd: number, events: Flag<'epoll'>, data: bigint): Result;
  epollCtl2(epfd: number, op: Flag<'epollCtl'>, fd: number, events: Flag<'epoll'>, low: number, high: number): Result;
  epollWait(epfd: number, events: View, maxevents: number, timeout: number): Result;
  epollPwait2(epfd: number, events: View, maxevents: number, timeout: Timeout, sigmask: bigint | null): Result;
  // event
  eventfd(initval: number, flags: Flag<'eventfd'>): Result;
  timerfdCreate(clockid: Flag<'clock'>, flags: Flag<'timerfd'>): Result;
  timerfdSettime(fd: number, flags: Flag<'timerfd'>, newValue: View, oldValue: View | null): Result;
  timerfdGettime(fd: number, currValue: View): Result;
  signalfd(fd: number, mask: bigint, flags: Flag<'signalfd'>): Result;
  // pipe
  pipe2(pipefd: Int32Array, flags: Flag<'open'>): Result;
  splice(
    fdIn: number,
    offIn: Offset | null,
    fdOut: number,
    offOut: Offset | null,
    len: number,
    flags: Flag<'splice'>,
  ): Result;
  spliceAt(fdIn: number, offIn: Offset, fdOut: number, len: Offset, flags: Flag<'splice'>): Result;
  tee(fdIn: number, fdOut: number, len: number, flags: Flag<'splice'>): Result;
  vmsplice(fd: number, iov: Float64Array, flags: Flag<'splice'>): Result;
  // sendfile
  sendfile(outFd: number, inFd: number, offset: Offset | null, count: number): Result;
  copyFileRange(
    fdIn: number,
    offIn: Offset | null,
    fdOut: number,
    offOut: Offset | null,
    len: number,
    flags: 0,
  ): Result;
  // mmap
  mmap(length: number, prot: Flag<'prot'>, flags: Flag<'map'>, fd: number, offset: Offset): Result;
  munmap(addr: Address, length?: number): Result;
  msync(addr: Address, length: number | undefined, flags: Flag<'msync'>): Result;
  madvise(addr: Address, length: number | undefined, advice: Flag<'madvise'>): Result;
  mincore(addr: Address, length: number | undefined, vec: Uint8Array): Result;
  mlock(addr: Address, length?: number): Result;
  munlock(addr: Address, length?: number): Result;
  cachestat(fd: number, off: Offset, len: Offset, cstat: View, flags: 0): Result;
  processVmReadv(addr: Address, length: number | undefined, to: View, at?: number): Result;
  processVmWritev(addr: Address, length: number | undefined, from: View, at?: number): Result;
  // process
  getrusage(who: Flag<'rusage'>, usage: View): Result;
  clockGettime(clockid: Flag<'clock'>, tp: View): Result;
  schedSetaffinity(pid: number, mask: View): Result;
  schedGetaffinity(pid: number, mask: View): Result;
  prlimit(pid: number, resource: Flag<'rlimit'>, newLimit: View | null, oldLimit: View | null): Result;
  gettid(): Result;
  getppid(): Result;
  // perf
  perfEventOpen(attr: View, pid: number, cpu: number, groupFd: number, flags: number): Result;
  perfIoctl(fd: number, request: Flag<'perfIoctl'>, arg: number): Result;
  // net
  unshare(flags: Flag<'clone'>): Result;
  setns(fd: number, nstype: Flag<'clone'>): Result;
  netlinkRoute(flags: Flag<'sock'>): Result;
  ethtoolValue(fd: number, ifname: string, command: Flag<'ethtool'>, value: number): Result;
  siocoutqnsd(fd: number): Result;
}

/** What the addon offers besides system calls. */
export interface NativeRuntime {
  /** Takes responsibility for a descriptor that was not made by these calls. Answers `fd`. */
  adopt(fd: number): Result;
  /** Gives it up again without closing it: 1 if it was ours. */
  disown(fd: number): Result;
  /** 1 if this thread may close `fd`. */
  owns(fd: number): Result;
  /** 1 if `fd` belongs to Node's event loop. */
  guards(fd: number): Result;
  /** How many mappings this thread has made and not given back. */
  mappings(): Result;
  /**
   * The memory itself of a mapping, its first `length` bytes, made writable; `null` where the runtime forbids foreign
   * memory; `-EACCES` for a mapping that is shared for reading only.
   */
  view(addr: Address, length?: number): ArrayBuffer | null | Result;
  /** Detaches the mapping's view and gives the memory back. */
  unmap(addr: Address): Result;
  /** 1 if an access through the view ran past the end of a file that had shrunk. */
  truncated(addr: Address): Result;
  /** Tells the garbage collector of private memory that it cannot see: so many bytes more, or fewer. Answers the sum. */
  account(bytes: number): Result;
  /** `[events, wait]`: an event buffer that lives outside V8's heap, and `epoll_wait` bound to it; or `null`, as `view`. */
  bindEpollWait(epfd: number, maxevents: number): [ArrayBuffer, (timeout: number) => Result] | null;
  /** Watches `fd` from Node's own loop (libuv's uv_poll). Answers an id. */
  watchOpen(fd: number, callback: (events: number) => void): Result;
  watchStart(id: number, events: number): Result;
  watchStop(id: number): Result;
  watchRef(id: number, on: 0 | 1): Result;
  watchClose(id: number): Result;
  // Only in the test build, where system calls can be made to fail by plan:
  gateArm?(nr: number, nth: number, every: number, error: number, shorten: number, delayUs: number): Result;
  gateDisarm?(): Result;
  gateSeen?(): Result;
  gateFired?(): Result;
  gateNoExternal?(on: 0 | 1): Result;
}

/** Whole-path loops in C++: the control that says what JavaScript costs. Each answers the bytes delivered. */
export interface NativePump {
  null(out: number, buf: Memory, chunk: number | undefined, length: number): Result;
  readWrite(out: number, inFd: number, offset: Offset, buf: Memory, chunk: number | undefined, length: number): Result;
  mmapWrite(out: number, inFd: number, offset: Offset, window: number, chunk: number, length: number): Result;
  sendfile(out: number, inFd: number, offset: Offset, chunk: number, length: number): Result;
  splice(
    out: number,
    inFd: number,
    offset: Offset,
    pipeRead: number,
    pipeWrite: number,
    chunk: number,
    length: number,
  ): Result;
  vmsplice(
    out: number,
    inFd: number,
    offset: Offset,
    pipeRead: number,
    pipeWrite: number,
    buf: Address,
    chunk: number | undefined,
    length: number,
  ): Result;
  /** A service with a thread for each connection. Answers its id; `-EINVAL` for what does not listen. */
  threadsStart(listener: number, echo: 0 | 1, most: number, stack: number): Result;
  /** Connections accepted, threads that serve one now, connections refused for want of a thread, reads, bytes. */
  threadsStats(id: number, stats: BigUint64Array): Result;
  /** Wakes and joins all its threads. `-ENOENT`: there is no such service. */
  threadsStop(id: number): Result;
}

/** `size` of a C structure, and the offset of each field. */
export type Layout = { readonly size: number } & Readonly<Record<string, number>>;

export interface Native {
  readonly sys: NativeSys;
  /** The hot calls, made `times` times by one call from JavaScript: `loop.read(times, fd, buf, ...)`. */
  readonly loop: Readonly<Record<string, (times: number, ...args: unknown[]) => Result>>;
  /** The same calls, as often, through libc's functions: what a C program pays for them. */
  readonly libc: Readonly<Record<string, (times: number, ...args: unknown[]) => Result>>;
  readonly pump: NativePump;
  readonly runtime: NativeRuntime;
  readonly constants: Readonly<Record<string, number>>;
  readonly layouts: Readonly<Record<string, Layout>>;
  /** The calls of each family, by its name. */
  readonly families: Readonly<Record<string, readonly string[]>>;
}

function load(): Native {
  if (process.platform !== 'linux') return elsewhere();
  const require = createRequire(import.meta.url);
  // the test builds (sanitizers, fault gate) are loaded in place of the release binary
  const override = process.env.IOLAB_ADDON;
  if (override) return require(override);
  return require('node-gyp-build')(dirname(dirname(fileURLToPath(import.meta.url))));
}

/** Importing works on every system, so that a program can ask before it calls; calling says what is the matter. */
function elsewhere(): Native {
  const refuse = (): never => {
    throw Object.assign(new Error(`iolab: these are Linux system calls; this is ${process.platform}`), {
      code: 'ENOSYS',
    });
  };
  const calls = new Proxy({}, { get: () => refuse });
  const zeros = new Proxy({}, { get: () => 0 });
  const layouts = new Proxy({}, { get: () => zeros });
  return {
    sys: calls,
    loop: calls,
    libc: calls,
    pump: calls,
    runtime: calls,
    constants: zeros,
    layouts,
    families: {},
  } as Native;
}

export const native: Native = load();

/** A constant of the C headers this binary was compiled against. A name that they lack is a mistake of ours. */
export function constant<Family extends string>(name: string): Flag<Family> {
  const value = native.constants[name];
  if (value === undefined) throw new Error(`iolab: the addon exports no constant ${name}`);
  return value as Flag<Family>;
}

export function layout(name: string): Layout {
  const value = native.layouts[name];
  if (value === undefined) throw new Error(`iolab: the addon exports no layout ${name}`);
  return value;
}

/** Offset of a field of a C structure. */
export function offsetOf(structure: Layout, field: string): number {
  const value = structure[field];
  if (value === undefined) throw new Error(`iolab: the structure has no field ${field}`);
  return value;
}

/**
 * Things you own: descriptors with one owner, files, pipes, mappings, sockets, epoll sets, counters and timers, and waiting
 * that never blocks Node's loop. Closed by close() or `using`; what is unexpected is a {@link SystemError}.
 *
 * @module
 */

export type { SocketAddress } from '../sys/sockaddr.ts';
export { Counter } from './counter.ts';
export { type Milliseconds, SLICE_MS } from './deadline.ts';
export { Endpoint } from './endpoint.ts';
export { Epoll, type EpollEvent, type EpollOptions } from './epoll.ts';
export * from './errors.ts';
export { EventFd, type EventFdOptions } from './eventfd.ts';
export * from './fd.ts';
export * from './file.ts';
export type { ExclusiveInterest, Interest, PlainInterest } from './interest.ts';
export { leaks } from './leaks.ts';
export { Listener, type TcpListenerOptions } from './listener.ts';
export * from './mapping.ts';
export type { WaitOptions } from './pending.ts';
export * from './pipe.ts';
export type { Message, ReceiveOptions } from './rights.ts';
export {
  type PollEntry,
  type PollResult,
  poll,
  type SelectOptions,
  type SelectSets,
  select,
} from './select.ts';
export { Socket, type TransferOptions } from './socket.ts';
export { type Duration, Timer } from './timer.ts';
export { ready } from './wait.ts';

/** What `iolab trace` and its receiver say to each other. */
import type { Nanoseconds } from '../protocol.ts';

/** One recv(2) as the receiver itself saw it. */
export interface OwnCall {
  readonly begin: Nanoseconds;
  readonly end: Nanoseconds;
  readonly result: number;
}

export interface ReceivedTrace {
  readonly calls: readonly OwnCall[];
  /** What rusage counted of its thread meanwhile. */
  readonly rusage: Readonly<Record<string, number>>;
}

export interface TraceReceiverCalls {
  /** Takes over the connected socket that it was started with. Answers its thread's number. */
  adopt(request: { fd: number }): number;
  /** Sends the event `ready`, then blocks until `size` bytes have come. */
  receive(request: { size: number }): ReceivedTrace;
}

/** What the bench and its sender and receiver processes say to each other over Node's IPC channel. */
import type { CountSample, Sink } from '../model/results.ts';
import type { ArmName } from './options.ts';

/** Where a receiver listens: a UNIX socket in the file system, or a TCP port of 127.0.0.1. */
export type Endpoint = { readonly path: string } | { readonly port: number };

/** CLOCK_MONOTONIC in nanoseconds as text: one clock for all processes, and JSON has no bigint. */
export type Nanoseconds = string;

export interface CpuTime {
  /** Seconds. */
  user: number;
  sys: number;
}

export interface Received {
  end: Nanoseconds;
  cpu: CpuTime;
  /** One a transfer; empty unless it was to hash. */
  sha256: string[];
}

export interface ReceiverCalls {
  listen(request: { sink: Sink; path: string; cpu?: number | undefined }): Endpoint;
  /** Waits for the sender that was told to connect. Answers the connection's number. */
  accept(request: Record<string, never>): number;
  /** Takes over a connected socket that it was started with. Answers the connection's number. */
  adopt(request: { fd: number; sink: Sink }): number;
  /** Sends the event `ready`, then blocks until `transfers` times `size` bytes have come. */
  receive(request: { connection: number; transfers: number; size: number; hash: boolean }): Received;
}

export interface OpenArm {
  arm: ArmName;
  file: string;
  size: number;
  chunk: number;
  endpoint: Endpoint;
  /** Where the main thread is to run; anywhere when left out. */
  cpu?: number | undefined;
}

export interface Sent {
  start: Nanoseconds;
  end: Nanoseconds;
  cpu: CpuTime;
}

export interface Counted {
  counts: CountSample;
  /** System calls by the path's own count; null where it keeps none. */
  ownCalls: number | null;
}

export interface SenderCalls {
  /** Answers when the process has started. */
  load(request: Record<string, never>): null;
  open(request: OpenArm): null;
  send(request: { transfers: number }): Sent;
  /** Opens the counting instruments; answers for each that does not work here, why. */
  beginCounting(request: Record<string, never>): Record<string, string>;
  count(request: Record<string, never>): Counted;
  /** Closes them again: none is there when time is measured. */
  endCounting(request: Record<string, never>): null;
}

export interface Request {
  id: number;
  call: string;
  argument: unknown;
}

export type Reply = { id: number; result: unknown } | { id: number; error: string } | { id: number; event: string };

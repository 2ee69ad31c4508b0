/** Connections of both kinds: each with a thread that blocks for it, or all watched by one epoll set. */
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Epoll } from '../../io/epoll.ts';
import { Listener } from '../../io/listener.ts';
import { Socket } from '../../io/socket.ts';
import { type BlockedCall, blockedCalls, READ } from '../../probe/blocked.ts';
import { ThreadService, type ThreadServiceOptions } from '../thread-service.ts';

/** The load of the claims about threads: connections with nothing to say, and some that do. */
export const IDLE = 64;
export const ACTIVE = 7;
export const ALL = IDLE + ACTIVE;
export const MESSAGE = Buffer.alloc(64, 'message ');

const PATIENCE_MS = 5000;

/** Waits until it is so; throws with `what` if that takes too long. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; !condition(); await sleep(1))
    if (performance.now() > deadline) throw new Error(`in ${PATIENCE_MS} ms it did not happen that ${what}`);
}

/** Node starts the threads of its pool at their first use: that must not happen while threads are counted. */
async function startPool(): Promise<void> {
  await Promise.all(Array.from({ length: 4 }, () => stat('/')));
}

/** What a thread of the service reads at a time, which tells its read(2) from everybody else's (native/pump/threads.cc). */
const AT_A_TIME = 16_384n;

/** `n` connections, each with a thread of its own that blocks in read(2). */
export class Threaded {
  readonly service: ThreadService;
  readonly peers: readonly Socket[];
  readonly #listener: Listener;

  private constructor(listener: Listener, service: ThreadService, peers: readonly Socket[]) {
    this.#listener = listener;
    this.service = service;
    this.peers = peers;
  }

  static async open(n: number, options: ThreadServiceOptions = {}): Promise<Threaded> {
    await startPool();
    const listener = Listener.tcp();
    const peers: Socket[] = [];
    let service: ThreadService | undefined;
    try {
      service = new ThreadService(listener, options);
      for (let i = 0; i < n; i++) peers.push(await Socket.connect(listener.address()));
      const threaded = new Threaded(listener, service, peers);
      const wanted = Math.min(n, options.most || n);
      await until(`${wanted} threads wait in read(2)`, () => threaded.waiting().length === wanted);
      return threaded;
    } catch (error) {
      for (const one of [service, ...peers, listener]) one?.close();
      throw error;
    }
  }

  /** Threads of the service that are blocked in read(2) now. */
  waiting(): BlockedCall[] {
    return blockedCalls().filter(({ number, args }) => number === READ && args[2] === AT_A_TIME);
  }

  /** Has each of these peers send one message, and waits until its thread has answered and is back in read(2). */
  async exchange(peers: readonly Socket[], message: Uint8Array): Promise<void> {
    const before = this.service.stats().reads;
    const all = this.waiting().length;
    for (const peer of peers) peer.send(message);
    await until('every message was read', () => this.service.stats().reads === before + peers.length);
    const answer = new Uint8Array(message.length);
    for (const peer of peers) {
      await peer.readable({ timeout: PATIENCE_MS });
      peer.recv(answer);
    }
    await until('every thread waits again', () => this.waiting().length === all);
  }

  close(): void {
    this.service.close();
    for (const peer of this.peers) peer.close();
    this.#listener.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** `n` connections, both ends ours: `peers` send, `served` are watched by one epoll set. */
export class Selected {
  readonly epoll: Epoll<Socket>;
  readonly peers: readonly Socket[];
  readonly served: readonly Socket[];

  private constructor(epoll: Epoll<Socket>, peers: readonly Socket[], served: readonly Socket[]) {
    this.epoll = epoll;
    this.peers = peers;
    this.served = served;
  }

  static async open(n: number): Promise<Selected> {
    await startPool();
    using listener = Listener.tcp();
    const epoll = Epoll.open<Socket>();
    const peers: Socket[] = [];
    const served: Socket[] = [];
    try {
      for (let i = 0; i < n; i++) {
        peers.push(await Socket.connect(listener.address()));
        const socket = await listener.acceptAsync({ timeout: PATIENCE_MS });
        if (socket === undefined) throw new Error(`no connection to accept in ${PATIENCE_MS} ms`);
        served.push(socket);
        epoll.add(socket, { in: true }, socket);
      }
      return new Selected(epoll, peers, served);
    } catch (error) {
      for (const one of [...peers, ...served, epoll]) one.close();
      throw error;
    }
  }

  /** One wait, and an answer to everybody that it names; answers how many those were. */
  turn(buffer: Uint8Array): number {
    const n = this.epoll.wait(0);
    for (let i = 0; i < n; i++) {
      const socket = this.epoll.data(i);
      const count = socket?.recv(buffer);
      if (count) socket?.send(buffer, { count });
    }
    return n;
  }

  close(): void {
    for (const one of [...this.peers, ...this.served, this.epoll]) one.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** What the kernel says of one thread. */
export interface ThreadUse {
  readonly cpuNs: number;
  /** utime and stime, in clock ticks. */
  readonly ticks: number;
  readonly voluntary: number;
  readonly involuntary: number;
  /** How often it was given a CPU; NaN where the kernel does not count it. */
  readonly slices: number;
}

export function threadUse(tid: number): ThreadUse {
  const file = (name: string) => readFileSync(`/proc/self/task/${tid}/${name}`, 'latin1');
  const status = file('status');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1]);
  const [cpuNs, , slices] = file('schedstat').split(' ').map(Number);
  // the name in parentheses may hold anything
  const rest = file('stat')
    .replace(/^.*\) /s, '')
    .split(' ');
  return {
    cpuNs: cpuNs ?? Number.NaN,
    ticks: Number(rest[11]) + Number(rest[12]),
    voluntary: field('voluntary_ctxt_switches'),
    involuntary: field('nonvoluntary_ctxt_switches'),
    slices: slices ?? Number.NaN,
  };
}

/** Of several threads together. */
export function use(tids: readonly number[]): ThreadUse {
  const all = tids.map(threadUse);
  const sum = (name: keyof ThreadUse) => all.reduce((total, one) => total + one[name], 0);
  return {
    cpuNs: sum('cpuNs'),
    ticks: sum('ticks'),
    voluntary: sum('voluntary'),
    involuntary: sum('involuntary'),
    slices: sum('slices'),
  };
}

/** A thread that is blocked in read(2) on a TCP connection, and what the kernel tells of it from outside. */
import { readFileSync, readlinkSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { check } from '../../io/errors.ts';
import { Listener } from '../../io/listener.ts';
import { Socket } from '../../io/socket.ts';
import { blockedCalls, READ } from '../../probe/blocked.ts';
import { clockGettime } from '../../sys/process.ts';
import { SO_RCVLOWAT, SOL_SOCKET, send, setsockopt } from '../../sys/socket.ts';
import { readTimespec, TIMESPEC_SIZE } from '../../sys/structs.ts';
import { ThreadService } from '../thread-service.ts';

const PATIENCE_MS = 5000;
/** Bits of a clock's number, in include/linux/posix-timers_types.h: of one thread, time it was on a CPU. */
const PER_THREAD = 4;
const SCHED = 2;

function isSocket(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
  } catch {
    return false;
  }
}

export class Sleeper {
  readonly #listener: Listener;
  readonly #service: ThreadService;
  readonly #client: Socket;
  #sent = 0;
  /** The thread's number, and that of the socket it reads from. */
  tid = -1;
  fd = -1;

  private constructor(listener: Listener, service: ThreadService, client: Socket) {
    this.#listener = listener;
    this.#service = service;
    this.#client = client;
  }

  /** Resolves when it is asleep. */
  static async start(): Promise<Sleeper> {
    const listener = Listener.tcp();
    let service: ThreadService | undefined;
    let client: Socket | undefined;
    try {
      service = new ThreadService(listener, { echo: false });
      const before = new Set(blockedCalls().map(({ tid }) => tid));
      client = await Socket.connect(listener.address());
      const sleeper = new Sleeper(listener, service, client);
      await sleeper.#asleep(() =>
        blockedCalls().some(({ tid, number, args }) => {
          const fd = Number(args[0]);
          if (number !== READ || before.has(tid) || !isSocket(fd)) return false;
          sleeper.tid = tid;
          sleeper.fd = fd;
          return true;
        }),
      );
      return sleeper;
    } catch (error) {
      client?.close();
      service?.close();
      listener.close();
      throw error;
    }
  }

  async #asleep(seen: () => boolean): Promise<void> {
    for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; await turn())
      if (seen()) return;
    throw new Error(`in ${PATIENCE_MS} ms no thread was seen blocked in read(2) on a socket`);
  }

  /** Resolves when it has read all that was sent, and is blocked again. */
  async asleep(): Promise<void> {
    await this.#asleep(() => this.#service.stats().bytes === this.#sent && this.isBlocked());
  }

  /** Off the CPU, in read(2) on its socket. */
  isBlocked(): boolean {
    return blockedCalls().some(
      ({ tid, number, args }) => tid === this.tid && number === READ && Number(args[0]) === this.fd,
    );
  }

  /** The raw call on the other end of its connection. */
  send(bytes: Uint8Array): void {
    this.#sent += check(send(this.#client.fd, bytes, bytes.length, 0), 'send');
  }

  /** From now on it is woken when so many bytes are in its queue, instead of at the first. */
  wakeAt(bytes: number): void {
    check(setsockopt(this.fd, SOL_SOCKET, SO_RCVLOWAT, Int32Array.of(bytes)), 'setsockopt');
  }

  get reads(): number {
    return this.#service.stats().reads;
  }

  /** How many it has read. */
  get bytes(): number {
    return this.#service.stats().bytes;
  }

  /** How often it gave up the CPU because it had to wait, as /proc counts. */
  voluntarySwitches(): number {
    const status = readFileSync(`/proc/self/task/${this.tid}/status`, 'latin1');
    return Number(/^voluntary_ctxt_switches:\s*(\d+)$/m.exec(status)?.[1]);
  }

  /** Nanoseconds that it was on a CPU so far: by its clock, and by /proc (NaN where the kernel keeps no such account). */
  cpuNs(): { clock: number; schedstat: number } {
    const now = new Uint8Array(TIMESPEC_SIZE);
    check(clockGettime((~this.tid << 3) | PER_THREAD | SCHED, now), 'clock_gettime');
    let schedstat = Number.NaN;
    try {
      schedstat = Number(readFileSync(`/proc/self/task/${this.tid}/schedstat`, 'latin1').split(' ')[0]);
    } catch {
      // CONFIG_SCHED_INFO is not everywhere
    }
    return { clock: Number(readTimespec(now)), schedstat };
  }

  close(): void {
    this.#client.close();
    this.#service.close();
    this.#listener.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

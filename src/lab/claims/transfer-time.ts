/** The time that a transfer takes, for claims about speed: minima, measured in turns, of which only ratios are used. */
import { check } from '../../io/errors.ts';
import { Mapping } from '../../io/mapping.ts';
import { Pipe } from '../../io/pipe.ts';
import { native } from '../../native.ts';
import { CLOCK_MONOTONIC, clockGettime } from '../../sys/process.ts';
import { recv, recvDiscard, send } from '../../sys/socket.ts';
import { readTimespec, TIMESPEC_SIZE } from '../../sys/structs.ts';
import { openRoute, type Route } from '../routes.ts';
import { scrambled, unnamedFile } from '../unnamed.ts';

const now = new Uint8Array(TIMESPEC_SIZE);

/**
 * Not the thread's CPU time: where a hypervisor takes the CPU away, the kernel takes that off a thread's time at the next
 * occasion, so that a short window can come out far too short, and the least of many always would (seen: 1 MiB copied
 * twice in 7 microseconds). To the time of the clock a disturbance only adds.
 */
export function clockNs(): number {
  check(clockGettime(CLOCK_MONOTONIC, now), 'clock_gettime');
  return Number(readTimespec(now));
}

/** `kept`: a mapping that is made once and written from again and again. */
export type Arm = 'read+write' | 'sendfile' | 'splice' | 'mmap+write' | 'kept mapping+write';

export interface Bout {
  readonly route: 'tcp' | 'unix';
  /** Bytes of a transfer, in one chunk. */
  readonly size: number;
  readonly arms: readonly Arm[];
  /** The receiver copies the bytes to its memory, and that counts as well. Else only the sender's calls count. */
  readonly whole: boolean;
}

/** A window is short enough to pass between two disturbances, and long enough for the clock's own price not to matter. */
const WINDOW_BYTES = 64 * 1024;
const MOST_IN_WINDOW = 64;
const ROUNDS = 40;

/**
 * Nanoseconds of one transfer, by arm: the least of many windows, in which the arms take turns. `again` is the first arm
 * once more: what two measurements of the same thing differ by.
 */
export function timeOfTransfers({ route: name, size, arms, whole }: Bout): Readonly<Record<Arm | 'again', number>> {
  const room = 4 * Math.max(size, WINDOW_BYTES);
  using route = openRoute(name, { sendBuffer: room, receiveBuffer: room });
  using file = unnamedFile('disk', scrambled(size));
  using buffer = Mapping.anonymous(size);
  using kept = Mapping.file(file, { populate: true });
  using pipe = Pipe.open({ capacity: Math.max(size, WINDOW_BYTES) });
  using sink = Mapping.anonymous(Math.max(size, WINDOW_BYTES));
  for (const mapping of [buffer, sink]) mapping.lock();
  // all arms alike: a loop in C++, and a socket that takes the whole transfer
  const out = route.sender.fd;
  const { pump } = native;
  const transfers: Record<Arm, () => number> = {
    'read+write': () => pump.readWrite(out, file.fd, 0, buffer.address, size, size),
    sendfile: () => pump.sendfile(out, file.fd, 0, size, size),
    splice: () => pump.splice(out, file.fd, 0, pipe.readEnd.fd, pipe.writeEnd.fd, size, size),
    'mmap+write': () => pump.mmapWrite(out, file.fd, 0, size, size, size),
    'kept mapping+write': () => send(out, kept.address, size, 0),
  };
  const runs = [...arms.map((arm) => [arm, transfers[arm]] as const), ['again', transfers[arms[0] as Arm]] as const];
  const best = Object.fromEntries(runs.map(([arm]) => [arm, Number.POSITIVE_INFINITY])) as Record<
    Arm | 'again',
    number
  >;
  const times = Math.max(1, Math.min(MOST_IN_WINDOW, Math.floor(WINDOW_BYTES / size)));
  for (let round = 0; round < ROUNDS; round++)
    for (const [arm, transfer] of runs) {
      const from = clockNs();
      let sent = 0;
      for (let i = 0; i < times; i++) sent += transfer();
      const between = clockNs();
      if (sent !== times * size) throw new Error(`${arm} over ${name} moved ${sent} of ${times * size} bytes`);
      drain(route, sent, sink.address, whole);
      best[arm] = Math.min(best[arm], ((whole ? clockNs() : between) - from) / times);
    }
  return best;
}

/** A UNIX socket cannot discard: there the receiver's copy is always made, and counted only if it is to be. */
function drain({ name, receiver }: Route, bytes: number, sink: number, whole: boolean): void {
  for (let got = 0; got < bytes; ) {
    const left = bytes - got;
    const discards = !whole && name !== 'unix';
    const n = discards ? recvDiscard(receiver.fd, left, 0) : recv(receiver.fd, sink, left, 0);
    got += check(n, 'recv', { fd: receiver.fd });
  }
}

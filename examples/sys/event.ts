/**
 * eventfd(2), timerfd_create(2), signalfd(2): a counter, a clock and signals as descriptors, so that one wait covers
 * all.
 *
 * Run: node --import ./tests/support/typescript.mjs examples/sys/event.ts   (from Node 24 on without --import)
 */
import { constants } from 'node:os';
import { check } from '../../src/io/errors.ts';
import * as event from '../../src/sys/event.ts';
import { close, read, write } from '../../src/sys/fd.ts';
import { POLLFD_WORDS, POLLIN, poll, pollRevents, setPollFd } from '../../src/sys/poll.ts';
import { CLOCK_MONOTONIC } from '../../src/sys/process.ts';

const word = new BigUint64Array(1);
function take(fd: number): bigint {
  check(read(fd, word), 'read');
  return word[0] ?? 0n;
}

const counter = check(event.eventfd(0, event.EFD_NONBLOCK), 'eventfd');
for (const n of [2n, 40n]) check(write(counter, BigUint64Array.of(n)), 'write');
console.log(
  `eventfd: wrote 2 and 40, one read takes ${take(counter)}; the next answers ${read(counter, word)} (-EAGAIN)`,
);

const semaphore = check(event.eventfd(2, event.EFD_NONBLOCK | event.EFD_SEMAPHORE), 'eventfd');
console.log(`semaphore of 2: ${take(semaphore)}, ${take(semaphore)}, then ${read(semaphore, word)}`);

const timer = check(event.timerfdCreate(CLOCK_MONOTONIC, 0), 'timerfd_create');
const every = event.encodeTimerSpec({ value: 1_000_000n, interval: 1_000_000n });
check(event.timerfdSettime(timer, 0, every, null), 'timerfd_settime');
let expired = 0n;
for (let reads = 1; expired < 5n; reads++) {
  expired += take(timer);
  console.log(`timerfd: read ${reads} waited, ${expired} expiries so far`);
}

// Node blocks no signals, so this descriptor stays silent: a signal goes to Node's handlers
const signals = check(event.signalfd(-1, event.signalMask(constants.signals.SIGUSR2), event.SFD_NONBLOCK), 'signalfd');

const fds = new Int32Array(3 * POLLFD_WORDS);
for (const [i, fd] of [counter, timer, signals].entries()) setPollFd(fds, i, fd, POLLIN);
check(poll(fds, 3, 100), 'poll');
console.log(
  `one wait over all three: counter ${pollRevents(fds, 0)}, timer ${pollRevents(fds, 1)}, signals ${pollRevents(fds, 2)}`,
);

for (const fd of [counter, semaphore, timer, signals]) close(fd);

/**
 * epoll(7): the kernel keeps the set, and answers only those that are ready. Level-triggered tells as long as it lasts,
 * edge-triggered once per change; the 64 bits of data come back with each event.
 *
 * Run: node --import ./tests/support/typescript.mjs examples/sys/epoll.ts   (from Node 24 on without --import)
 */
import { fileURLToPath } from 'node:url';
import { getSystemErrorName } from 'node:util';
import { check } from '../../src/io/errors.ts';
import * as epoll from '../../src/sys/epoll.ts';
import { eventfd } from '../../src/sys/event.ts';
import { AT_FDCWD, close, O_RDONLY, openat, write } from '../../src/sys/fd.ts';

const epfd = check(epoll.epollCreate1(0), 'epoll_create1');
const level = check(eventfd(0, 0), 'eventfd');
const edge = check(eventfd(0, 0), 'eventfd');
// data is for the caller: here it names the descriptor's mode
check(epoll.epollCtl(epfd, epoll.EPOLL_CTL_ADD, level, epoll.EPOLLIN, 1n), 'epoll_ctl');
check(epoll.epollCtl(epfd, epoll.EPOLL_CTL_ADD, edge, (epoll.EPOLLIN | epoll.EPOLLET) >>> 0, 2n), 'epoll_ctl');

// memory for eight events, used again by every call
const events = new Uint32Array(8 * epoll.EPOLL_EVENT_WORDS);

function wait(when: string): void {
  const n = check(epoll.epollWait(epfd, events, 8, 0), 'epoll_wait');
  const who = Array.from({ length: n }, (_, i) => events[i * epoll.EPOLL_EVENT_WORDS + epoll.EPOLL_DATA_WORD]);
  console.log(`${when}: ${n} event(s) ${who.map((data) => (data === 1 ? 'level' : 'edge')).join(', ')}`);
}

wait('nothing written');
for (const fd of [level, edge]) check(write(fd, BigUint64Array.of(1n)), 'write');
wait('one write to each');
wait('asked again, nothing read');
check(write(edge, BigUint64Array.of(1n)), 'write');
wait('one more write to the edge');

const file = check(openat(AT_FDCWD, fileURLToPath(import.meta.url), O_RDONLY, 0), 'openat');
const refused = epoll.epollCtl(epfd, epoll.EPOLL_CTL_ADD, file, epoll.EPOLLIN, 0n);
console.log(`watching a regular file: ${getSystemErrorName(refused)}, since it is always ready`);
for (const fd of [level, edge, file, epfd]) close(fd);

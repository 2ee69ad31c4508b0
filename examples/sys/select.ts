/**
 * select(2): bitmaps of descriptors, which the kernel overwrites with those that are ready. Shows that they have to be
 * filled anew for each call, and that a descriptor above 1023 is no matter to the kernel.
 *
 * Run: node --import ./tests/support/typescript.mjs examples/sys/select.ts   (from Node 24 on without --import)
 */
import { check } from '../../src/io/errors.ts';
import { eventfd } from '../../src/sys/event.ts';
import { close, F_DUPFD_CLOEXEC, fcntl, write } from '../../src/sys/fd.ts';
import { bitmap, bitmapBytes, FD_SETSIZE, isSet, select, setBit } from '../../src/sys/select.ts';

const quiet = check(eventfd(0, 0), 'eventfd');
const ready = check(eventfd(3, 0), 'eventfd');
// where the limit of open files is 1024, there is no such number: then the low one has to do
const high = fcntl(ready, F_DUPFD_CLOEXEC, 1500);
const fds = high < 0 ? [quiet, ready] : [quiet, ready, high];

const nfds = Math.max(...fds) + 1;
const readfds = bitmap(nfds);
for (const fd of fds) setBit(readfds, fd);
console.log(`asked about ${fds.join(', ')}: ${bitmapBytes(nfds)} bytes of bitmap (libc's has ${FD_SETSIZE / 8})`);

const count = check(select(nfds, readfds, null, null, 0), 'select');
console.log(`${count} readable: ${fds.filter((fd) => isSet(readfds, fd)).join(', ')}`);

// the set now holds the answer, not the question: `quiet` is no longer in it
check(write(quiet, BigUint64Array.of(1n)), 'write');
console.log(`${quiet} is readable now, but with the old set: ${select(nfds, readfds, null, null, 0)} of ${fds.length}`);
for (const fd of fds) setBit(readfds, fd);
console.log(`with the set filled again: ${select(nfds, readfds, null, null, 0)} of ${fds.length}`);

for (const fd of fds) close(fd);

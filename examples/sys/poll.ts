/**
 * poll(2): an array of records. The question (`events`) and the answer (`revents`) have fields of their own, so the
 * array is filled once; what nobody asked for (an end, an error, a closed descriptor) is told as well.
 *
 * Run: node --import ./tests/support/typescript.mjs examples/sys/poll.ts   (from Node 24 on without --import)
 */
import { check } from '../../src/io/errors.ts';
import { close, write } from '../../src/sys/fd.ts';
import { pipe2 } from '../../src/sys/pipe.ts';
import {
  POLLERR,
  POLLFD_WORDS,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  poll,
  pollRevents,
  setPollFd,
} from '../../src/sys/poll.ts';

const FLAGS = { POLLIN, POLLOUT, POLLERR, POLLHUP, POLLNVAL };

function names(mask: number): string {
  const set = Object.entries(FLAGS).filter(([, bit]) => mask & bit);
  return set.map(([name]) => name).join(' | ') || 'nothing';
}

const ends = new Int32Array(2);
check(pipe2(ends, 0), 'pipe2');
const [readEnd = -1, writeEnd = -1] = ends;

const fds = new Int32Array(2 * POLLFD_WORDS);
setPollFd(fds, 0, readEnd, POLLIN);
setPollFd(fds, 1, writeEnd, POLLOUT);

function show(when: string): void {
  const ready = check(poll(fds, 2, 0), 'poll');
  const [reader, writer] = [0, 1].map((i) => names(pollRevents(fds, i)));
  console.log(`${when}: ${ready} ready. read end: ${reader}; write end: ${writer}`);
}

show('empty pipe');
check(write(writeEnd, Buffer.from('hello')), 'write');
show('five bytes in it');
close(writeEnd);
setPollFd(fds, 1, -1, 0); // passed over from now on: its number may soon be another file's
show('writer closed, bytes still there');
close(readEnd);
show('both closed, the reader still asked about');

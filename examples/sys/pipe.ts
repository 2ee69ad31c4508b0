/**
 * splice(2), tee(2), vmsplice(2): pages move through pipes by reference. Shows file -> pipe -> pipe without a user
 * buffer, a copy for a second reader, and that a page in a pipe is still the page that it came from.
 *
 * Run: node --import ./tests/support/typescript.mjs examples/sys/pipe.ts   (from Node 24 on without --import)
 */
import { fileURLToPath } from 'node:url';
import { check } from '../../src/io/errors.ts';
import { AT_FDCWD, close, F_GETPIPE_SZ, fcntl, fionread, O_RDONLY, openat, read } from '../../src/sys/fd.ts';
import {
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  mmap,
  munmap,
  PROT_READ,
  PROT_WRITE,
  processVmWritev,
} from '../../src/sys/mmap.ts';
import { pipe2, SPLICE_F_NONBLOCK, splice, tee, vmsplice } from '../../src/sys/pipe.ts';

function pipe(): { read: number; write: number } {
  const ends = new Int32Array(2);
  check(pipe2(ends, 0), 'pipe2');
  return { read: ends[0] ?? -1, write: ends[1] ?? -1 };
}

const file = check(openat(AT_FDCWD, fileURLToPath(import.meta.url), O_RDONLY, 0), 'openat');
const [first, second] = [pipe(), pipe()];
console.log(`a pipe holds ${fcntl(first.read, F_GETPIPE_SZ, 0)} bytes`);

const moved = check(splice(file, 0, first.write, null, 65_536, 0), 'splice');
console.log(`splice: ${moved} bytes of this file are in the first pipe (${fionread(first.read)})`);
const doubled = check(tee(first.read, second.write, 65_536, 0), 'tee');
console.log(`tee: ${doubled} bytes in the second as well, ${fionread(first.read)} still in the first`);
const text = Buffer.alloc(moved);
check(read(second.read, text), 'read');
console.log(`read: '${text.toString('utf8', 0, 3)}...', ${fionread(second.read)} left in the second`);
console.log(
  `asked for more than there is: ${splice(second.read, null, first.write, null, 1, SPLICE_F_NONBLOCK)} (-EAGAIN)`,
);

const memory = check(mmap(4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 'mmap');
processVmWritev(memory, undefined, Buffer.from('before'));
check(vmsplice(second.write, Float64Array.of(memory, 6), 0), 'vmsplice');
processVmWritev(memory, undefined, Buffer.from('after!'));
check(read(second.read, text, 6), 'read');
console.log(`vmsplice: put 'before' in, changed the memory, and read '${text.toString('utf8', 0, 6)}'`);

munmap(memory);
for (const fd of [file, first.read, first.write, second.read, second.write]) close(fd);

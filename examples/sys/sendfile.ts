/**
 * sendfile(2): a file into a socket without a user buffer, by an offset of one's own or by the file's position. Shows
 * the short count at the end, the 0 that never ends, and where it refuses.
 *
 * Run: node --import ./tests/support/typescript.mjs examples/sys/sendfile.ts   (from Node 24 on without --import)
 */
import { fileURLToPath } from 'node:url';
import { getSystemErrorName } from 'node:util';
import { check } from '../../src/io/errors.ts';
import { AT_FDCWD, close, fstat, lseek, memfdCreate, O_RDONLY, openat, read, SEEK_CUR } from '../../src/sys/fd.ts';
import { copyFileRange, MAX_RW_COUNT, sendfile } from '../../src/sys/sendfile.ts';
import { AF_UNIX, SOCK_STREAM, socketpair } from '../../src/sys/socket.ts';
import { readStat, STAT_SIZE } from '../../src/sys/structs.ts';

const file = check(openat(AT_FDCWD, fileURLToPath(import.meta.url), O_RDONLY, 0), 'openat');
const stat = new Uint8Array(STAT_SIZE);
check(fstat(file, stat), 'fstat');
const { size } = readStat(stat);

const sv = new Int32Array(2);
check(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 'socketpair');
const [sender = -1, receiver = -1] = sv;

let offset = 0;
for (;;) {
  const n = check(sendfile(sender, file, offset, 1000), 'sendfile');
  console.log(`asked for 1000 at ${offset} of ${size}: ${n}`);
  if (n === 0) break; // the end: asking again answers 0 for ever
  offset += n;
}
console.log(`the file's own position is still ${lseek(file, 0, SEEK_CUR)}`);
check(sendfile(sender, file, null, 10), 'sendfile');
console.log(`without an offset it moved to ${lseek(file, 0, SEEK_CUR)}`);
console.log(`arrived: ${check(read(receiver, Buffer.alloc(65_536)), 'read')} bytes`);
console.log(`one call moves at most ${MAX_RW_COUNT} bytes, whatever is asked for`);

const refused = sendfile(sender, receiver, null, 1);
console.log(`from a socket: ${getSystemErrorName(refused)}; splice through a pipe does that`);

const copy = check(memfdCreate('copy', 0), 'memfd_create');
const copied = copyFileRange(file, 0, copy, 0, size, 0);
// between kinds of file systems EXDEV since Linux 5.19: sendfile goes everywhere
console.log(`copy_file_range to a file in memory: ${copied < 0 ? getSystemErrorName(copied) : copied}`);
console.log(`sendfile to it: ${check(sendfile(copy, file, 0, size), 'sendfile')}`);

for (const fd of [file, sender, receiver, copy]) close(fd);

/**
 * Sends a file over a socket by the path of your choice, without blocking Node's loop, and tells what it took. The
 * receiver is in the same process, and hashes every byte.
 *
 * Run: node --import ./tests/support/typescript.mjs examples/paths/send-file.ts [FILE] [PATH]
 *      (from Node 24 on without --import; PATH is null, read-write, mmap-write, sendfile, splice or vmsplice)
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { File, Listener, Socket } from '../../src/io/index.ts';
import { driveAsync, type PathName, paths } from '../../src/paths/index.ts';

const [name = fileURLToPath(import.meta.url), way = 'splice'] = process.argv.slice(2);
const path = paths[way as PathName];
if (path === undefined) throw new Error(`no path is named ${way}: choose one of ${Object.keys(paths).join(', ')}`);

async function receive(socket: Socket): Promise<string> {
  const hash = createHash('sha256');
  const piece = Buffer.alloc(65_536);
  for (;;) {
    const n = socket.recv(piece);
    if (n === undefined) await socket.readable();
    else if (n === 0) return hash.digest('hex');
    else hash.update(piece.subarray(0, n));
  }
}

using listener = Listener.tcp();
using sender = Socket.tcp();
if (!sender.connect(listener.address())) await sender.connected();
using receiver = await listener.acceptAsync();
if (receiver === undefined) throw new Error('nobody was accepted');
const received = receive(receiver);

using file = File.open(name);
using transfer = path.start({ fd: file.fd, offset: 0, length: file.size() }, sender.fd);
try {
  await driveAsync(transfer, sender);
} finally {
  // exact also when it failed: what the peer got or will get, and what is lost in a buffer or a pipe
  console.log(
    `${path.name}: ${transfer.delivered} bytes delivered, ${transfer.left} left, ${transfer.calls} system calls`,
  );
}
// promised bytes are all sent: only now may the stream end
sender.shutdown('write');

const sent = createHash('sha256').update(readFileSync(name)).digest('hex');
console.log(
  (await received) === sent ? 'every byte arrived' : 'other bytes arrived (which is right for the path null)',
);

/**
 * An echo server on an epoll set and its client, in one thread, without blocking Node's loop.
 *
 * Shows: Listener, Socket, Epoll with data, the async iterator, half-close.
 * Needs Linux 2.6.28.
 * Run: node --import ./tests/support/typescript.mjs examples/io/echo.ts
 */
import { Epoll, Listener, Socket } from '../../src/io/index.ts';

const listener = Listener.tcp();
const epoll = Epoll.open<Socket | Listener>();
epoll.add(listener, { in: true }, listener);

async function serve(): Promise<void> {
  const buffer = Buffer.alloc(65_536);
  for await (const { data } of epoll) {
    if (data instanceof Listener) {
      for (let socket = data.accept(); socket !== undefined; socket = data.accept())
        epoll.add(socket, { in: true }, socket);
      continue;
    }
    const n = data.recv(buffer);
    if (n === undefined) continue;
    // a send to a slow client may take less than all: examples/io/epoll.ts shows how to wait for room
    if (n > 0) data.send(buffer, { count: n });
    // closing takes it out of the set
    else data.close();
  }
}

const serving = serve();
const address = listener.address();
console.log('listening on', address);

const client = await Socket.connect(address, { timeout: 1000 });
client.send(Buffer.from('hello, '));
client.send(Buffer.from('epoll'));
client.shutdown('write');
let reply = '';
for (const buffer = Buffer.alloc(100); ; ) {
  const n = client.recv(buffer);
  if (n === undefined) await client.readable();
  else if (n === 0) break;
  else reply += buffer.toString('utf8', 0, n);
}
console.log('the server said:', reply);

client.close();
listener.close();
epoll.close();
await serving;

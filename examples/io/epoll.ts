/**
 * What level-triggered, edge-triggered and one-shot mean, seen; then a transfer that waits for room in the socket.
 *
 * Shows: Epoll.wait without blocking, masks by name, modify, Socket.writable.
 * Needs Linux 2.6.28.
 * Run: node --import ./tests/support/typescript.mjs examples/io/epoll.ts
 */
import { Epoll, Pipe, Socket } from '../../src/io/index.ts';

for (const mode of [{}, { et: true }, { oneshot: true }]) {
  const epoll = Epoll.open<string>();
  const pipe = Pipe.open();
  epoll.add(pipe.readEnd, { in: true, ...mode }, 'the pipe');
  const told: number[] = [];
  pipe.writeEnd.write(Buffer.from('one'));
  told.push(epoll.wait(0), epoll.wait(0));
  pipe.writeEnd.write(Buffer.from('two'));
  told.push(epoll.wait(0));
  epoll.modify(pipe.readEnd, { in: true, ...mode });
  told.push(epoll.wait(0));
  console.log(
    Object.keys(mode)[0] ?? 'level',
    'told after a write, again, after another write, after modify:',
    ...told,
  );
  epoll.close();
  pipe.close();
}

const [sender, receiver] = Socket.pair();
const bytes = Buffer.alloc(2_000_000, 'x');
let waits = 0;
let received = 0;

async function receive(): Promise<void> {
  for (const buffer = Buffer.alloc(65_536); ; ) {
    const n = receiver.recv(buffer);
    if (n === 0) return;
    if (n === undefined) await receiver.readable();
    else received += n;
  }
}

const receiving = receive();
for (let at = 0; at < bytes.length; ) {
  const n = sender.send(bytes, { at });
  if (n === undefined) {
    waits++;
    await sender.writable();
  } else {
    at += n;
  }
}
sender.close();
await receiving;
receiver.close();
console.log(`${received} bytes came across; the sender waited for room ${waits > 0 ? 'several times' : 'never'}`);

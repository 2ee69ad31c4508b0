import { readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { Listener, Socket } from '../../src/io/index.ts';
import { ThreadService } from '../../src/lab/thread-service.ts';
import { native } from '../../src/native.ts';
import { addonEnv, script } from '../support/compiled.ts';
import { eventually } from '../support/processes.ts';

const threads = () => readdirSync('/proc/self/task').length;
const { EINVAL, ENOENT, ENOTSOCK, EBADF } = constants.errno;

async function connected(listener: Listener, n: number): Promise<Socket[]> {
  return Promise.all(Array.from({ length: n }, () => Socket.connect(listener.address())));
}

async function echoed(socket: Socket, text: string): Promise<string> {
  socket.send(Buffer.from(text));
  const buffer = Buffer.alloc(64);
  await socket.readable({ timeout: 5000 });
  return buffer.toString('latin1', 0, socket.recv(buffer) ?? 0);
}

test('each of 23 connections has a thread of its own, and close() leaves none', async () => {
  const before = threads();
  const listener = Listener.tcp();
  const service = new ThreadService(listener);
  const sockets = await connected(listener, 23);
  try {
    expect(await eventually(() => service.stats().live === 23)).toBe(true);
    expect(threads() - before).toBe(23 + 1);
    expect(await Promise.all(sockets.map((socket, i) => echoed(socket, `message ${i}`)))).toEqual(
      sockets.map((_, i) => `message ${i}`),
    );
    expect(service.stats()).toMatchObject({ accepted: 23, refused: 0, reads: 23 });
    // a peer that goes takes its thread along, while the others stay
    sockets.pop()?.close();
    expect(await eventually(() => threads() - before === 22 + 1)).toBe(true);
    // the service counts it when it has joined the thread, a moment after the thread has left /proc
    expect(await eventually(() => service.stats().live === 22)).toBe(true);
    expect(service.stats().accepted).toBe(23);
  } finally {
    service.close();
    service.close();
    for (const socket of sockets) socket.close();
    listener.close();
  }
  expect(threads()).toBe(before);
});

test('with room for one, the second connection waits until the first has gone', async () => {
  const listener = Listener.tcp();
  const service = new ThreadService(listener, { most: 1 });
  const [first, second] = (await connected(listener, 2)) as [Socket, Socket];
  try {
    expect(await echoed(first, 'a')).toBe('a');
    second.send(Buffer.from('b'));
    expect(await second.readable({ timeout: 50 })).toBe(0);
    first.close();
    expect(await second.readable({ timeout: 5000 })).toBeGreaterThan(0);
    expect(service.stats()).toMatchObject({ accepted: 2, live: 1 });
  } finally {
    service.close();
    first.close();
    second.close();
    listener.close();
  }
});

test('threads that are blocked while they write end, too', async () => {
  const listener = Listener.tcp();
  const service = new ThreadService(listener);
  const [socket] = (await connected(listener, 1)) as [Socket];
  const block = Buffer.alloc(65_536);
  // nobody reads the echo: both directions fill up, and the thread waits in sendto(2)
  await eventually(() => {
    while (socket.send(block) !== undefined);
    return !service.stats().live || Number(service.stats().bytes) > 1 << 20;
  }, 500);
  service.close();
  socket.close();
  listener.close();
});

test('what cannot be is refused, and leaves nothing', () => {
  const { threadsStart, threadsStats, threadsStop } = native.pump;
  const listener = Listener.tcp();
  const socket = Socket.tcp();
  expect(threadsStart(socket.fd, 1, 0, 0)).toBe(-EINVAL);
  expect(threadsStart(listener.fd, 1, 0, 4096)).toBe(-EINVAL);
  expect(threadsStart(listener.fd, 1, 0, 2 ** 40)).toBe(-EINVAL);
  expect(threadsStart(-1, 1, 0, 0)).toBe(-EBADF);
  expect(threadsStats(1, new BigUint64Array(5))).toBe(-ENOENT);
  expect(threadsStop(1)).toBe(-ENOENT);
  expect(() => threadsStats(1, new BigUint64Array(4))).toThrow(RangeError);
  const file = native.sys.memfdCreate('no socket', 0);
  expect(threadsStart(file, 1, 0, 0)).toBe(-ENOTSOCK);
  native.sys.close(file);
  socket.close();
  listener.close();
});

test('a Worker that ends without stopping its service leaves no thread and no descriptor', async () => {
  const before = threads();
  const file = script(`
    import { native } from '$native';
    import { Listener, Socket } from '$io';
    import { parentPort } from 'node:worker_threads';
    const listener = Listener.tcp();
    native.pump.threadsStart(listener.fd, 1, 0, 0);
    const sockets = await Promise.all(Array.from({ length: 5 }, () => Socket.connect(listener.address())));
    parentPort.postMessage(sockets.length);
    setInterval(() => {}, 1000);
  `);
  for (let i = 0; i < 3; i++) {
    const worker = new Worker(file, { env: { ...process.env, ...addonEnv } });
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    await worker.terminate();
  }
  expect(await eventually(() => threads() <= before)).toBe(true);
});

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createServer, connect as netConnect } from 'node:net';
import { expect, test } from 'vitest';
import { EventFd, Pipe, ready, Socket } from '../../src/io/index.ts';
import { native } from '../../src/native.ts';
import { EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from '../../src/sys/epoll.ts';
import { addonEnv, script } from '../support/compiled.ts';

const { sys } = native;
const x = Buffer.from('x');

test('resolves with what is ready: at once, later, or 0 after the time-out', async () => {
  const pipe = Pipe.open();
  expect(await ready(pipe.writeEnd, EPOLLOUT)).toBe(EPOLLOUT);
  expect(await ready(pipe.readEnd, { in: true }, { timeout: 5 })).toBe(0);
  expect(await ready(pipe.readEnd, { in: true }, { timeout: 0 })).toBe(0);
  for (let i = 0; i < 100; i++) {
    const waiting = ready(pipe.readEnd, EPOLLIN);
    setImmediate(() => pipe.writeEnd.write(x));
    expect(await waiting).toBe(EPOLLIN);
    pipe.readEnd.read(Buffer.alloc(8));
  }
  pipe.writeEnd.close();
  expect(await ready(pipe.readEnd, EPOLLIN)).toBe(EPOLLHUP);
  pipe.close();
});

test('many wait for one descriptor, each for its own events', async () => {
  const [a, b] = Socket.pair();
  while (a.send(Buffer.alloc(65_536)) !== undefined);
  const readers = Array.from({ length: 10 }, () => ready(a, EPOLLIN));
  const writers = Array.from({ length: 10 }, () => ready(a, EPOLLOUT));
  const closers = Array.from({ length: 10 }, () => ready(a, EPOLLRDHUP));
  const late = ready(a, EPOLLOUT, { timeout: 5 });
  expect(await late).toBe(0);
  b.send(x);
  expect(new Set(await Promise.all(readers))).toEqual(new Set([EPOLLIN]));
  while (b.recv(Buffer.alloc(65_536)) !== undefined);
  expect(new Set(await Promise.all(writers))).toEqual(new Set([EPOLLOUT]));
  b.shutdown('write');
  expect(new Set(await Promise.all(closers))).toEqual(new Set([EPOLLRDHUP]));
  a.close();
  b.close();
});

test('many descriptors at a time', async () => {
  const counters = Array.from({ length: 300 }, () => EventFd.open());
  const waits = counters.map((counter) => ready(counter, EPOLLIN));
  for (const counter of counters) counter.add();
  expect(new Set(await Promise.all(waits))).toEqual(new Set([EPOLLIN]));
  for (const counter of counters) counter.close();
});

test('rejects with the reason of its signal, and leaves no listener on it', async () => {
  const pipe = Pipe.open();
  const reason = new Error('enough');
  await expect(ready(pipe.readEnd, EPOLLIN, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const controller = new AbortController();
  let listeners = 0;
  const { signal } = controller;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  pipe.writeEnd.write(x);
  expect(await ready(pipe.readEnd, EPOLLIN, { signal })).toBe(EPOLLIN);
  pipe.readEnd.read(Buffer.alloc(1));
  expect(listeners).toBe(0);
  const other = ready(pipe.readEnd, EPOLLIN);
  const waiting = ready(pipe.readEnd, EPOLLIN, { signal });
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(listeners).toBe(0);
  pipe.writeEnd.write(x);
  expect(await other).toBe(EPOLLIN);
  pipe.close();
});

test('ends when the descriptor is closed or released', async () => {
  const pipe = Pipe.open();
  const waits = [ready(pipe.readEnd, EPOLLIN), ready(pipe.readEnd, EPOLLIN)];
  pipe.readEnd.close();
  for (const wait of waits) await expect(wait).rejects.toMatchObject({ code: 'EBADF_CLOSED' });
  await expect(ready(pipe.readEnd, EPOLLIN)).rejects.toMatchObject({ code: 'EBADF_CLOSED' });
  pipe.close();
});

test('a bare number that was closed and opened anew is another descriptor', async () => {
  const first = EventFd.open();
  const raw = first.release();
  native.runtime.adopt(raw);
  const lost = ready(raw, EPOLLIN);
  sys.close(raw);
  const second = EventFd.open({ initial: 1 });
  expect(second.fd).toBe(raw);
  const found = ready(raw, EPOLLIN);
  await expect(lost).rejects.toMatchObject({ code: 'EBADF_CLOSED' });
  expect(await found).toBe(EPOLLIN);
  second.close();
});

test('a regular file is refused with the reason, and a mask that is none', async () => {
  const file = openSync(import.meta.filename, 'r');
  await expect(ready(file, EPOLLIN)).rejects.toMatchObject({ code: 'EPERM', hint: /always ready/ });
  closeSync(file);
  const pipe = Pipe.open();
  for (const mask of [EPOLLIN | EPOLLET, Number.NaN, -0, 1.5])
    await expect(ready(pipe.readEnd, mask)).rejects.toBeInstanceOf(RangeError);
  for (const timeout of [Number.NaN, -2, -0])
    await expect(ready(pipe.readEnd, EPOLLIN, { timeout })).rejects.toBeInstanceOf(RangeError);
  pipe.close();
});

test('a descriptor that Node itself watches can be waited for, and Node does not mind', async () => {
  const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const client = netConnect(port, '127.0.0.1');
  await new Promise((resolve) => client.once('connect', resolve));
  const { fd } = (client as unknown as { _handle: { fd: number } })._handle;
  expect(await ready(fd, EPOLLOUT)).toBe(EPOLLOUT);
  const reply = new Promise((resolve) => client.once('data', resolve));
  client.write('hello');
  expect(String(await reply)).toBe('hello');
  client.end();
  await new Promise((resolve) => server.close(resolve));
});

// epoll_wait answers EINTR when its process is stopped and goes on (signal(7)); a Worker gets no other signal for itself
test('waits keep their time in a storm of signals', { timeout: 60_000 }, async () => {
  const child = spawn(
    process.execPath,
    [
      script(`
        import { Worker, isMainThread, parentPort } from 'node:worker_threads';
        import { Epoll, EventFd, Pipe, poll, select, Timer } from '$io';
        if (isMainThread) {
          const worker = new Worker(new URL(import.meta.url));
          worker.on('message', (text) => process.stdout.write(text));
        } else {
          const epoll = Epoll.open(), pipe = Pipe.open(), counter = EventFd.open(), timer = Timer.open();
          parentPort.postMessage('begin ');
          const waits = [
            () => epoll.wait(200),
            () => poll([{ fd: pipe.readEnd, events: 1 }], { timeout: 200 }).length,
            () => select({ read: [pipe.readEnd] }, { timeout: 200 }).read.length,
            () => counter.takeSync(200) ?? 0,
            () => timer.takeSync(200) ?? 0,
          ];
          for (const wait of waits) {
            const start = performance.now();
            const result = wait();
            parentPort.postMessage(result + (performance.now() - start >= 199 ? ':whole ' : ':early '));
          }
          for (const each of [epoll, pipe, counter, timer]) each.close();
        }`),
    ],
    { env: { ...process.env, ...addonEnv, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  let signals = 0;
  child.stdout.once('data', () => {
    const storm = setInterval(() => {
      signals++;
      child.kill('SIGSTOP');
      child.kill('SIGCONT');
    }, 1);
    child.once('exit', () => clearInterval(storm));
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect([code, output]).toEqual([0, `begin ${'0:whole '.repeat(5)}`]);
  expect(signals).toBeGreaterThan(50);
});

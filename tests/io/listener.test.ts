import { spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { connect as netConnect } from 'node:net';
import { expect, test } from 'vitest';
import { Listener, Socket } from '../../src/io/index.ts';
import { addonEnv, script } from '../support/compiled.ts';
import { tempPath } from '../support/temp.ts';

test('accepts one connection after the other, and tells when there is none', async () => {
  const listener = Listener.tcp({ backlog: 8 });
  expect(listener.address()).toMatchObject({ family: 'inet', host: '127.0.0.1', port: expect.any(Number) });
  expect(listener.accept()).toBeUndefined();
  expect(await listener.acceptAsync({ timeout: 2 })).toBeUndefined();
  const clients = await Promise.all([1, 2, 3].map(() => Socket.connect(listener.address())));
  const accepted = [listener.accept(), listener.accept(), listener.accept()];
  expect(listener.accept()).toBeUndefined();
  const ports = (sockets: (Socket | undefined)[], of: 'localAddress' | 'remoteAddress') =>
    sockets
      .map((socket) => (socket as Socket)[of]())
      .map((address) => 'port' in address && address.port)
      .sort();
  expect(ports(accepted, 'remoteAddress')).toEqual(ports(clients, 'localAddress'));
  for (const socket of [...accepted, ...clients]) socket?.close();
  listener.close();
});

test('serves a client of node:net', async () => {
  const listener = Listener.tcp();
  const client = netConnect((listener.address() as { port: number }).port, '127.0.0.1').end('hello');
  const socket = (await listener.acceptAsync()) as Socket;
  await socket.readable();
  const into = Buffer.alloc(10);
  expect(String(into.subarray(0, socket.recv(into)))).toBe('hello');
  const closed = new Promise((resolve) => client.once('close', resolve));
  client.resume();
  socket.close();
  listener.close();
  await closed;
});

test('a name is taken once', () => {
  const listener = Listener.tcp();
  const { port } = listener.address() as { port: number };
  expect(() => Listener.tcp({ port })).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }));
  listener.close();
  const shared = [Listener.tcp({ port, reusePort: true }), Listener.tcp({ port, reusePort: true })];
  for (const each of shared) each.close();
  expect(() => Listener.tcp({ host: '192.0.2.1' })).toThrow(expect.objectContaining({ code: 'EADDRNOTAVAIL' }));
  expect(() => Listener.tcp({ port: 65_536 })).toThrow(RangeError);
});

test('a UNIX path is removed with its listener, and only if it is still its own', async () => {
  const path = tempPath();
  const listener = Listener.unix(path);
  expect(() => Listener.unix(path)).toThrow(expect.objectContaining({ code: 'EADDRINUSE', path }));
  const client = await Socket.connect({ family: 'unix', path });
  expect(client.remoteAddress()).toEqual({ family: 'unix', path });
  listener.accept()?.close();
  client.close();
  listener.close();
  expect(existsSync(path)).toBe(false);
  const again = Listener.unix(Buffer.from(path));
  rmSync(path);
  writeFileSync(path, 'somebody else’s by now');
  again.close();
  expect(existsSync(path)).toBe(true);
});

test('an abstract name is not in the file system', async () => {
  const name = `iolab-test-${process.pid}`;
  const listener = Listener.unix({ abstract: name });
  expect(listener.address()).toEqual({ family: 'unix', abstract: name });
  const client = await Socket.connect({ family: 'unix', abstract: name });
  const server = await listener.acceptAsync();
  server?.send(Buffer.from('x'));
  expect(client.recv(Buffer.alloc(2))).toBe(1);
  for (const each of [server, client, listener]) each?.close();
});

test('the async iterator ends with the listener', async () => {
  const listener = Listener.tcp();
  const clients = [Socket.connect(listener.address())];
  let served = 0;
  for await (const socket of listener) {
    socket.close();
    if (++served === 3) setImmediate(() => listener.close());
    else clients.push(Socket.connect(listener.address()));
  }
  expect(served).toBe(3);
  for (const client of clients) (await client).close();
  const other = Listener.tcp();
  const run = async () => {
    for await (const _ of other.connections({ signal: AbortSignal.timeout(3) })) expect.unreachable();
  };
  await expect(run()).rejects.toMatchObject({ name: 'TimeoutError' });
  other.close();
});

// hazard 6: with no descriptor left, the connection stays in the queue and the listener readable
test('without a descriptor left it does not spin, and goes on when there is one again', async () => {
  const file = script(`
    import { Listener, Socket, Fd, Pipe } from '$io';
    import { native } from '$native';
    import { openSync, closeSync } from 'node:fs';
    const listener = Listener.tcp({ backlog: 512 });
    let calls = 0;
    const accept = Listener.prototype.accept;
    Listener.prototype.accept = function () { calls++; return accept.call(this); };
    const warnings = [];
    process.on('warning', (warning) => warnings.push(warning.code));
    const clients = await Promise.all(Array.from({ length: 20 }, () => Socket.connect(listener.address())));
    const hoard = [];
    try { for (;;) hoard.push(openSync('/dev/null')); } catch (error) { if (error.code !== 'EMFILE') throw error; }
    // the wait needs a descriptor of its own
    closeSync(hoard.pop()); closeSync(hoard.pop());
    const served = [];
    const serving = (async () => { for await (const socket of listener) { served.push(socket); if (served.length === 20) break; } })();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const spent = calls, had = served.length;
    for (const fd of hoard) closeSync(fd);
    await serving;
    process.stdout.write(JSON.stringify({ spent, had, served: served.length, warnings }));
    for (const each of [...served, ...clients, listener]) each.close();
  `);
  const child = spawn('sh', ['-c', 'ulimit -n 128; exec "$0" "$1"', process.execPath, file], {
    env: { ...process.env, ...addonEnv, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code).toBe(0);
  const result = JSON.parse(output);
  expect(result.served).toBe(20);
  expect(result.had).toBeLessThan(20);
  // 50 calls a second; the first few served ones need a call each
  expect(result.spent).toBeLessThan(25 + result.had);
  expect(result.warnings).toContain('EMFILE');
});

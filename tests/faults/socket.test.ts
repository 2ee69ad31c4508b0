import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Fd, File, Listener, Socket, SystemError } from '../../src/io/index.ts';
import { native } from '../../src/native.ts';
import { errno } from '../support/errno.ts';
import { failEach, withFaults } from '../support/gate.ts';
import { nr } from '../support/numbers.ts';
import { pattern, tempPath } from '../support/temp.ts';

const open = () => readdirSync('/proc/self/fd').length;

/** Makes things that are closed for real at the end, also where the next call is the one that fails. */
function keeping(body: (keep: <T extends Fd>(thing: T) => T) => void): void {
  const kept: Fd[] = [];
  try {
    body((thing) => {
      kept.push(thing);
      return thing;
    });
  } finally {
    native.runtime.gateDisarm?.();
    for (const thing of kept.reverse()) thing.close();
  }
}

function tcp(keep: <T extends Fd>(thing: T) => T): void {
  const listener = keep(Listener.tcp({ reusePort: true }));
  const client = keep(Socket.tcp());
  client.noDelay();
  client.connect(listener.address());
  const server = listener.accept();
  if (server === undefined) return; // the failed call was the one that connects
  keep(server);
  client.sendBuffer = 50_000;
  client.send(Buffer.from('hello'));
  server.recv(Buffer.alloc(8));
  server.remoteAddress();
  client.tcpInfo();
  client.shutdown('write');
}

function unix(keep: <T extends Fd>(thing: T) => T): void {
  const path = tempPath();
  const listener = keep(Listener.unix(path));
  const client = keep(Socket.unix());
  client.connect({ family: 'unix', path });
  const server = listener.accept();
  if (server === undefined) return;
  keep(server);
  const file = keep(File.open(import.meta.filename));
  client.sendMessage([Buffer.from('x')], [file, file, file]);
  for (const fd of server.receiveMessage([Buffer.alloc(1)])?.fds ?? []) keep(fd);
}

describe.each([
  ['TCP', tcp, 16],
  ['UNIX', unix, 9],
])('a %s conversation, any call of which fails', (_name, converse, calls) => {
  test.each([
    ['ENOMEM', errno.ENOMEM],
    ['EMFILE', errno.EMFILE],
    ['EPERM', errno.EPERM],
    ['EAGAIN', errno.EAGAIN],
    ['EINTR', errno.EINTR],
    ['ECONNABORTED', errno.ECONNABORTED],
  ])('%s: nothing stays open, and the call is named', (code, error) => {
    const before = open();
    let seen: unknown;
    const named = new Set<string>();
    const reached = failEach(
      { error },
      () => {
        seen = undefined;
        try {
          keeping(converse);
        } catch (thrown) {
          seen = thrown;
        }
      },
      (k) => {
        expect(open(), `call ${k}`).toBe(before);
        if (seen === undefined) return;
        expect(seen).toBeInstanceOf(SystemError);
        expect(seen).toMatchObject({ code, errno: error });
        named.add((seen as SystemError).syscall);
      },
    );
    expect(reached).toBeGreaterThanOrEqual(calls - 8);
    if (code === 'ENOMEM') expect([...named]).toEqual(expect.arrayContaining(['socket', 'bind', 'listen', 'accept4']));
    if (code === 'ENOMEM') expect(reached).toBe(calls);
  });
});

test('a pair that cannot be made leaves nothing', () => {
  const before = open();
  for (const error of [errno.EMFILE, errno.ENFILE])
    withFaults({ nth: 1, error }, () => expect(() => Socket.pair()).toThrow());
  expect(open()).toBe(before);
});

test('an interrupted call is made again, and a short count is what it is: nothing is lost or sent twice', () => {
  const bytes = pattern(100_000);
  for (const plan of [
    { nr: nr.sendto, every: 2, error: errno.EINTR },
    { nr: nr.recvfrom, every: 3, error: errno.EINTR },
    { nr: nr.sendto, every: 2, shorten: 777 },
    { nr: nr.recvfrom, every: 1, shorten: 1000 },
    { nr: nr.sendto, every: 2, error: errno.EAGAIN },
  ]) {
    const [a, b] = Socket.pair();
    const got: Buffer[] = [];
    const into = Buffer.alloc(4096);
    const { fired } = withFaults(plan, () => {
      for (let at = 0, received = 0; received < bytes.length; ) {
        if (at < bytes.length) at += a.send(bytes, { at, count: Math.min(5000, bytes.length - at) }) ?? 0;
        const n = b.recv(into);
        if (n === undefined) continue;
        got.push(Buffer.from(into.subarray(0, n)));
        received += n;
      }
    });
    expect(fired).toBeGreaterThan(5);
    expect(Buffer.concat(got).equals(bytes)).toBe(true);
    a.close();
    b.close();
  }
});

test('a connection that gave up in the queue does not hide the next one', async () => {
  const listener = Listener.tcp();
  const client = await Socket.connect(listener.address());
  for (const error of [errno.ECONNABORTED, errno.EPROTO, errno.EINTR]) {
    let socket: Socket | undefined;
    const other = await Socket.connect(listener.address());
    withFaults({ nr: nr.accept4, nth: 1, error }, () => {
      socket = listener.accept();
    });
    expect(socket).toBeInstanceOf(Socket);
    socket?.close();
    other.close();
  }
  withFaults({ nr: nr.accept4, nth: 1, error: errno.EMFILE }, () => {
    expect(() => listener.accept()).toThrow(/EMFILE.*raise it \(ulimit -n\)/);
  });
  client.close();
  listener.close();
});

import { readFileSync } from 'node:fs';
import { createServer, type Socket as NetSocket, connect as netConnect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Epoll, Fd, File, Listener, type Message, Pipe, ready, Socket } from '../../src/io/index.ts';
import { native } from '../../src/native.ts';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLRDHUP } from '../../src/sys/epoll.ts';
import { encodeSockaddr } from '../../src/sys/sockaddr.ts';
import {
  IPPROTO_TCP,
  LINGER_ONOFF_WORD,
  LINGER_WORDS,
  MSG_MORE,
  SO_KEEPALIVE,
  SO_LINGER,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOL_SOCKET,
  TCP_CORK,
  TCP_MAXSEG,
  TCP_NODELAY,
} from '../../src/sys/socket.ts';
import { run } from '../support/child.ts';
import { pattern, tempFile, tempPath } from '../support/temp.ts';

const { sys } = native;

/** Two ends of one TCP connection on loopback. */
async function connection(): Promise<[client: Socket, server: Socket]> {
  const listener = Listener.tcp();
  const client = await Socket.connect(listener.address());
  const server = await listener.acceptAsync();
  listener.close();
  return [client, server as Socket];
}

/** Everything up to the end, or the code of the error that came instead of it. */
async function drain(socket: Socket): Promise<{ bytes: Buffer; end: string }> {
  const got: Buffer[] = [];
  const buffer = Buffer.alloc(10_000);
  for (;;) {
    try {
      const n = socket.recv(buffer);
      if (n === 0) return { bytes: Buffer.concat(got), end: 'EOF' };
      if (n === undefined) await socket.readable();
      else got.push(Buffer.from(buffer.subarray(0, n)));
    } catch (error) {
      return { bytes: Buffer.concat(got), end: (error as { code: string }).code };
    }
  }
}

async function sendAll(socket: Socket, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const n = socket.send(bytes, { at });
    if (n === undefined) await socket.writable();
    else at += n;
  }
}

/** What makes close() send a RST. */
function reset(socket: Socket): void {
  const linger = new Int32Array(LINGER_WORDS);
  linger[LINGER_ONOFF_WORD] = 1;
  sys.setsockopt(socket.fd, SOL_SOCKET, SO_LINGER, linger);
  socket.close();
}

describe('bytes', () => {
  test('go across exactly, in whatever pieces the kernel takes', async () => {
    const [a, b] = await connection();
    const bytes = pattern(3_000_001);
    const received = drain(b);
    await sendAll(a, bytes);
    a.shutdown('write');
    const { bytes: got, end } = await received;
    expect([got.equals(bytes), end]).toEqual([true, 'EOF']);
    a.close();
    b.close();
  });

  test('a part of a buffer', () => {
    const [a, b] = Socket.pair();
    expect(a.send(Buffer.from('0123456789'), { at: 2, count: 3 })).toBe(3);
    expect(a.send(Buffer.from('0123456789'), { at: 8 })).toBe(2);
    const into = Buffer.alloc(8, '.');
    expect(b.recv(into, { at: 1 })).toBe(5);
    expect(String(into)).toBe('.23489..');
    expect(() => a.send(Buffer.alloc(4), { at: 5 })).toThrow(RangeError);
    expect(() => b.recv(Buffer.alloc(4), { count: 5 })).toThrow(RangeError);
    a.close();
    b.close();
  });

  test('never waits, whatever the mode of the descriptor is', () => {
    const [a, b] = Socket.pair();
    a.nonblocking = false;
    expect(a.recv(Buffer.alloc(1))).toBeUndefined();
    while (a.send(Buffer.alloc(65_536)) !== undefined);
    expect(a.receiveMessage([Buffer.alloc(1)])).toBeUndefined();
    expect(a.sendMessage([Buffer.alloc(1)])).toBeUndefined();
    a.close();
    b.close();
  });

  test('are thrown away on TCP without being copied', async () => {
    const [a, b] = await connection();
    a.send(Buffer.alloc(1000));
    await b.readable();
    expect([b.discard(300), b.discard(10_000), b.discard(1)]).toEqual([300, 700, undefined]);
    a.close();
    await b.readable();
    expect(b.discard(1)).toBe(0);
    b.close();
  });
});

describe('the end of a connection', () => {
  test.each([1, 4096, 100_001])('%d bytes and FIN arrive as exactly that', async (size) => {
    const [a, b] = await connection();
    const bytes = pattern(size);
    await Promise.all([sendAll(a, bytes).then(() => a.close()), ready(b, EPOLLRDHUP)]);
    const { bytes: got, end } = await drain(b);
    expect([got.equals(bytes), end]).toEqual([true, 'EOF']);
    b.close();
  });

  test('a half-closed one still answers', async () => {
    const [a, b] = await connection();
    a.send(Buffer.from('question'));
    a.shutdown('write');
    expect(String((await drain(b)).bytes)).toBe('question');
    b.send(Buffer.from('answer'));
    b.close();
    expect(String((await drain(a)).bytes)).toBe('answer');
    a.close();
    const [c, d] = Socket.pair();
    expect(() => c.shutdown('sideways' as 'both')).toThrow(RangeError);
    c.close();
    d.close();
  });

  test('a reset is an error after what came before it, never an end', async () => {
    const [a, b] = await connection();
    b.send(Buffer.from('unread, so that even without linger it would be a reset'));
    a.send(Buffer.from('abc'));
    await b.readable();
    reset(a);
    expect((await ready(b, EPOLLRDHUP)) & (EPOLLERR | EPOLLHUP)).not.toBe(0);
    const { bytes, end } = await drain(b);
    expect(end).toBe('ECONNRESET');
    expect('abc'.startsWith(String(bytes))).toBe(true);
    expect(() => b.send(Buffer.from('x'))).toThrow(expect.objectContaining({ code: 'EPIPE', syscall: 'send' }));
    b.close();
  });

  test('a peer that is gone is EPIPE, and no signal', () => {
    const [a, b] = Socket.pair();
    b.close();
    expect(() => a.send(Buffer.from('x'))).toThrow(expect.objectContaining({ code: 'EPIPE' }));
    expect(() => a.sendMessage([Buffer.from('x')])).toThrow(expect.objectContaining({ code: 'EPIPE' }));
    a.close();
  });
});

// hazard 40: Node ignores SIGPIPE; a handler that was added and taken away again leaves the default action, as an
// embedder may have it
test('where SIGPIPE is not ignored, a peer that is gone is still EPIPE', () => {
  const { stdout } = run(`
    import { readFileSync } from 'node:fs';
    const handler = () => {};
    process.on('SIGPIPE', handler);
    process.off('SIGPIPE', handler);
    const masks = readFileSync('/proc/self/status', 'utf8').match(/Sig(?:Ign|Cgt):\\s+\\w+/g).map((line) => line.slice(-4, -3));
    const { Pipe, Socket } = await import('$io');
    const codes = [];
    const attempt = (body) => { try { body(); } catch (error) { codes.push(error.code); } };
    const [a, b] = Socket.pair();
    b.close();
    attempt(() => a.send(Buffer.from('x')));
    attempt(() => a.sendMessage([Buffer.from('x')]));
    attempt(() => a.write(Buffer.from('x')));
    const pipe = Pipe.open();
    pipe.readEnd.close();
    attempt(() => pipe.writeEnd.write(Buffer.from('x')));
    pipe.close();
    a.close();
    process.stdout.write(JSON.stringify({ default: masks.every((digit) => (Number.parseInt(digit, 16) & 1) === 0), codes }));
  `);
  expect(JSON.parse(stdout)).toEqual({ default: true, codes: ['EPIPE', 'EPIPE', 'EPIPE', 'EPIPE'] });
});

describe('connecting', () => {
  test('nobody listens', async () => {
    const listener = Listener.tcp();
    const address = listener.address();
    listener.close();
    await expect(Socket.connect(address)).rejects.toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' });
    await expect(Socket.connect({ family: 'unix', path: tempPath() })).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a full queue is EAGAIN for a UNIX socket, and waited for by Socket.connect', async () => {
    const path = tempPath();
    const listener = Listener.unix(path, { backlog: 0 });
    const first = await Socket.connect({ family: 'unix', path });
    const second = Socket.unix();
    expect(() => second.connect({ family: 'unix', path })).toThrow(
      expect.objectContaining({ code: 'EAGAIN', hint: expect.stringMatching(/backlog/) }),
    );
    await expect(Socket.connect({ family: 'unix', path }, { timeout: 20 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    });
    const third = Socket.connect({ family: 'unix', path });
    setTimeout(() => listener.accept()?.close(), 5);
    for (const socket of [first, second, await third]) socket.close();
    listener.close();
  });

  test('is given up with a signal, or after a time-out, and leaves nothing open', async () => {
    // a queue that is full: the handshake stays unanswered
    const listener = Listener.tcp({ backlog: 0 });
    const address = listener.address();
    const filling = [Socket.tcp(), Socket.tcp(), Socket.tcp()];
    for (const socket of filling) socket.connect(address);
    await expect(Socket.connect(address, { timeout: 20 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await expect(Socket.connect(address, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    await expect(Socket.connect(address, { signal: AbortSignal.abort('no') })).rejects.toBe('no');
    for (const socket of filling) socket.close();
    listener.close();
  });
});

describe('addresses and options', () => {
  test('both ends agree on where they are', async () => {
    const [a, b] = await connection();
    expect(a.localAddress()).toEqual(b.remoteAddress());
    expect(a.remoteAddress()).toEqual(b.localAddress());
    expect(a.localAddress()).toMatchObject({ family: 'inet', host: '127.0.0.1' });
    const alone = Socket.tcp();
    expect(() => alone.remoteAddress()).toThrow(/ENOTCONN/);
    alone.close();
    a.close();
    b.close();
  });

  test('IPv6', async (context) => {
    let listener: Listener;
    try {
      listener = Listener.tcp({ host: '::1' });
    } catch {
      return context.skip('no IPv6 loopback here');
    }
    const client = await Socket.connect(listener.address());
    expect(client.remoteAddress()).toMatchObject({ family: 'inet6', host: '::1' });
    client.close();
    listener.close();
  });

  test('are set and read back', async () => {
    const [a, b] = await connection();
    a.noDelay();
    a.cork();
    expect([a.getOption(IPPROTO_TCP, TCP_NODELAY), a.getOption(IPPROTO_TCP, TCP_CORK)]).toEqual([1, 1]);
    a.noDelay(false);
    a.cork(false);
    expect([a.getOption(IPPROTO_TCP, TCP_NODELAY), a.getOption(IPPROTO_TCP, TCP_CORK)]).toEqual([0, 0]);
    a.setOption(SOL_SOCKET, SO_KEEPALIVE, 1);
    expect(a.getOption(SOL_SOCKET, SO_KEEPALIVE)).toBe(1);
    a.sendBuffer = 50_000;
    a.receiveBuffer = 40_000;
    expect([a.sendBuffer, a.receiveBuffer]).toEqual([100_000, 80_000]);
    expect(a.getOption(IPPROTO_TCP, TCP_MAXSEG)).toBe(a.tcpInfo().sndMss);
    for (const value of [2 ** 31, 0.5, Number.NaN]) expect(() => (a.sendBuffer = value)).toThrow(RangeError);
    const [c, d] = Socket.pair();
    // Linux has one number for both names
    expect(() => c.tcpInfo()).toThrow(/ENOTSUP|EOPNOTSUPP/);
    for (const each of [a, b, c, d]) each.close();
  });

  test('MSG_MORE and the cork hold a segment back until it is full or told to go', async () => {
    const [a, b] = await connection();
    a.noDelay();
    a.send(Buffer.from('head '), { flags: MSG_MORE });
    expect(await b.readable({ timeout: 5 })).toBe(0);
    a.send(Buffer.from('body'));
    const into = Buffer.alloc(20);
    await b.readable();
    expect(String(into.subarray(0, b.recv(into)))).toBe('head body');
    a.cork();
    a.send(Buffer.from('held'));
    expect(await b.readable({ timeout: 5 })).toBe(0);
    a.cork(false);
    expect(await b.readable()).toBe(EPOLLIN);
    a.close();
    b.close();
  });
});

describe('descriptors in messages', () => {
  test('arrive as owned duplicates that survive the sender', () => {
    const [a, b] = Socket.pair();
    const file = File.open(tempFile(Buffer.from('content')));
    const pipe = Pipe.open();
    expect(a.sendMessage([Buffer.from('he'), Buffer.from('llo')], [file, pipe.writeEnd])).toBe(5);
    const sent = file.fd;
    file.close();
    const into = Buffer.alloc(8);
    const message = b.receiveMessage([into]);
    expect(message).toMatchObject({ bytes: 5, truncated: false, lost: false });
    expect(String(into.subarray(0, 5))).toBe('hello');
    const [first, second] = (message as Message).fds as [Fd, Fd];
    expect(first).toBeInstanceOf(Fd);
    expect(message?.fds.length).toBe(2);
    expect(sys.fcntl(first.fd, native.constants.F_GETFD as number, 0)).toBe(native.constants.FD_CLOEXEC);
    expect(first.read(into)).toBe(7);
    second.write(Buffer.from('x'));
    expect(pipe.residue()).toBe(1);
    expect(sent).toBeGreaterThan(2);
    for (const each of [first, second, pipe, a, b]) each.close();
  });

  test('as many as one message can carry, and not more', () => {
    const [a, b] = Socket.pair();
    const many = Array.from({ length: 253 }, () => a);
    expect(a.sendMessage([Buffer.from('x')], many)).toBe(1);
    const { fds = [] } = b.receiveMessage([Buffer.alloc(1)]) ?? {};
    expect(fds.length).toBe(253);
    for (const fd of fds) fd.close();
    expect(() => a.sendMessage([Buffer.from('x')], [...many, a])).toThrow(/1 to 253/);
    a.close();
    b.close();
  });

  test('a set forgets one that is closed while its duplicate is under way', async () => {
    const [a, b] = Socket.pair();
    const epoll = Epoll.open<string>();
    const pipe = Pipe.open();
    epoll.add(pipe.readEnd, { in: true }, 'sent away');
    a.sendMessage([Buffer.from('x')], [pipe.readEnd]);
    pipe.readEnd.close();
    pipe.writeEnd.write(Buffer.from('x'));
    expect([epoll.wait(0), epoll.stale]).toEqual([0, 0]);
    for (const fd of b.receiveMessage([Buffer.alloc(1)])?.fds ?? []) fd.close();
    for (const each of [epoll, pipe, a, b]) each.close();
  });

  test('datagrams keep their borders', () => {
    for (const type of [SOCK_DGRAM, SOCK_SEQPACKET]) {
      const [a, b] = Socket.pair(type);
      a.send(Buffer.from('first'));
      a.send(Buffer.from('second'));
      const into = Buffer.alloc(3);
      expect(b.receiveMessage([into])).toMatchObject({ bytes: 3, truncated: true });
      expect([b.recv(into), b.recv(into)]).toEqual([3, undefined]);
      a.close();
      b.close();
    }
  });
});

describe('a socket of node:net', () => {
  async function nodeConnection(): Promise<{ ours: Socket; theirs: NetSocket; close: () => Promise<unknown> }> {
    const listener = Listener.tcp();
    const address = listener.address() as { port: number };
    const theirs = netConnect(address.port, '127.0.0.1');
    const ours = (await listener.acceptAsync()) as Socket;
    await new Promise((resolve) => (theirs.connecting ? theirs.once('connect', resolve) : resolve(0)));
    listener.close();
    return { ours, theirs, close: () => new Promise((resolve) => theirs.once('close', resolve)) };
  }

  test('is taken: the connection lives on, Node lets go, and what it had read comes along', async () => {
    const { ours, theirs, close } = await nodeConnection();
    ours.send(Buffer.from('read by Node '));
    theirs.on('readable', () => {});
    while (theirs.readableLength === 0) await new Promise((resolve) => setImmediate(resolve));
    const closed = close();
    const { socket, head } = Socket.take(theirs);
    await closed;
    expect(theirs.destroyed).toBe(true);
    expect(String(head)).toBe('read by Node ');
    ours.send(Buffer.from('read by us'));
    const into = Buffer.alloc(20);
    expect(await socket.readable()).toBe(EPOLLIN);
    expect(String(into.subarray(0, socket.recv(into)))).toBe('read by us');
    socket.send(Buffer.from('back'));
    await ours.readable();
    expect(ours.recv(into)).toBe(4);
    socket.close();
    expect((await drain(ours)).end).toBe('EOF');
    ours.close();
  });

  test('from a server, at the moment of its connection', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const taken = new Promise<Socket>((resolve) =>
      server.once('connection', (socket) => resolve(Socket.take(socket).socket)),
    );
    const client = await Socket.connect({
      family: 'inet',
      host: '127.0.0.1',
      port: (server.address() as { port: number }).port,
    });
    const socket = await taken;
    const epoll = Epoll.open<Socket>();
    epoll.add(socket, { in: true }, socket);
    client.send(Buffer.from('x'));
    expect([await epoll.waitAsync(), epoll.data(0)]).toEqual([1, socket]);
    for (const each of [epoll, socket, client]) each.close();
    await new Promise((resolve) => server.close(resolve));
  });

  test('is refused while it would lose something', async () => {
    const { ours, theirs, close } = await nodeConnection();
    theirs.write(Buffer.alloc(20_000_000));
    expect(() => Socket.take(theirs)).toThrow(expect.objectContaining({ code: 'ERR_UNSENT' }));
    const closed = close();
    theirs.destroy();
    await closed;
    expect(() => Socket.take(theirs)).toThrow(/destroyed/);
    const connecting = netConnect(1, '127.0.0.1').on('error', () => {});
    expect(() => Socket.take(connecting)).toThrow(expect.objectContaining({ code: 'ERR_NO_DESCRIPTOR' }));
    await new Promise((resolve) => connecting.once('close', resolve));
    ours.close();
  });
});

test('no creator leaves a descriptor to a child', async () => {
  const [a, b] = await connection();
  const [c, d] = Socket.pair();
  for (const socket of [a, b, c, d]) {
    const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${socket.fd}`, 'utf8'))?.[1] ?? '';
    expect(Number.parseInt(flags, 8) & (native.constants.O_CLOEXEC as number)).not.toBe(0);
    socket.close();
  }
});

test('an address that is none', () => {
  const socket = Socket.tcp();
  expect(() => socket.connect({ family: 'inet', host: 'localhost', port: 1 })).toThrow(/dns.lookup/);
  expect(() => socket.connect({ family: 'inet', host: '127.0.0.1', port: 65_536 })).toThrow(RangeError);
  expect(() => Socket.open('ipx' as 'inet')).toThrow(/family must be inet, inet6 or unix/);
  expect(encodeSockaddr({ family: 'inet', host: '127.0.0.1', port: 1 }).length).toBeGreaterThan(0);
  socket.close();
});

/** Descriptors in the states that the raw calls have to cope with: high, closed, connected, interrupted. */
import { spawn } from 'node:child_process';
import { expect } from 'vitest';
import { close, F_DUPFD_CLOEXEC, F_GETFD, F_SETFL, FD_CLOEXEC, fcntl, O_NONBLOCK } from '../../src/sys/fd.ts';
import { prlimit, RLIMIT_NOFILE } from '../../src/sys/process.ts';
import { decodeSockaddr, encodeSockaddr, SOCKADDR_SIZE } from '../../src/sys/sockaddr.ts';
import * as socket from '../../src/sys/socket.ts';
import { encodeRlimit, RLIMIT_SIZE, readRlimit } from '../../src/sys/structs.ts';
import { keep, pipe } from './raw.ts';

/** Whether a descriptor will be closed in a child: every creator has to see to that. */
export const closesOnExec = (fd: number): boolean => fcntl(fd, F_GETFD, 0) === FD_CLOEXEC;

/** A duplicate of `fd` with a number of at least `atLeast`. */
export const dupAt = (fd: number, atLeast: number): number => keep(fcntl(fd, F_DUPFD_CLOEXEC, atLeast));

/** The number of a descriptor that was open a moment ago. High enough not to be taken again meanwhile. */
export function closedFd(): number {
  const fd = dupAt(pipe().read, 900);
  close(fd);
  return fd;
}

/** Runs `body` with room for `files` descriptors; `false` where this user may not have so many. */
export function withNofile(files: number, body: () => void): boolean {
  const old = new Uint8Array(RLIMIT_SIZE);
  expect(prlimit(0, RLIMIT_NOFILE, null, old)).toBe(0);
  const { hard } = readRlimit(old);
  const soft = BigInt(files);
  if (prlimit(0, RLIMIT_NOFILE, encodeRlimit({ soft, hard: hard > soft ? hard : soft }), null) < 0) return false;
  try {
    body();
  } finally {
    expect(prlimit(0, RLIMIT_NOFILE, old, null)).toBe(0);
  }
  return true;
}

/** Two connected TCP sockets on loopback, and the server's port. With SOCK_NONBLOCK neither blocks. */
export function tcpPair(flags: 0 | typeof socket.SOCK_NONBLOCK = 0): { server: number; client: number; port: number } {
  const { listener, address, port } = tcpListener();
  const client = keep(socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0));
  // the kernel finishes the handshake before anyone accepts, so this does not wait
  expect(socket.connect(client, address)).toBe(0);
  const server = keep(socket.accept4(listener, null, null, flags));
  if (flags !== 0) expect(fcntl(client, F_SETFL, O_NONBLOCK)).toBe(0);
  close(listener);
  return { server, client, port };
}

export function tcpListener(flags = 0): { listener: number; address: Uint8Array; port: number } {
  const listener = keep(socket.socket(socket.AF_INET, socket.SOCK_STREAM | flags, 0));
  expect(socket.bind(listener, encodeSockaddr({ family: 'inet', host: '127.0.0.1', port: 0 }))).toBe(0);
  expect(socket.listen(listener, 16)).toBe(0);
  const bytes = new Uint8Array(SOCKADDR_SIZE);
  const length = Int32Array.of(bytes.length);
  expect(socket.getsockname(listener, bytes, length)).toBe(0);
  const name = decodeSockaddr(bytes, length[0]);
  return { listener, address: bytes.slice(0, length[0]), port: 'port' in name ? name.port : -1 };
}

export function unixPair(type: number = socket.SOCK_STREAM): { a: number; b: number } {
  const sv = new Int32Array(2);
  expect(socket.socketpair(socket.AF_UNIX, type, 0, sv)).toBe(0);
  return { a: keep(sv[0] ?? -1), b: keep(sv[1] ?? -1) };
}

/**
 * Sends this process signals while `body` blocks in a call: a child does, since nobody else here runs meanwhile. It
 * goes on until `body` is back, so that none of them can come too early.
 */
export async function underSignals<T>(signal: 'SIGUSR2', body: () => T): Promise<T> {
  const handler = () => {};
  process.on(signal, handler);
  const child = spawn('sh', ['-c', `while kill -${signal.slice(3)} ${process.pid}; do sleep 0.02; done`], {
    stdio: 'ignore',
  });
  try {
    return body();
  } finally {
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await gone;
    // signals that have been sent already are handled in the next turns
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.off(signal, handler);
  }
}

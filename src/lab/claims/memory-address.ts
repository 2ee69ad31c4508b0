/**
 * Where memory is, by the kernel's own word: a thread of libuv's pool is left blocked in read(2) into it (or in write(2) out
 * of it), and /proc tells which address that call was given. Works for every Buffer, wherever it came from.
 */
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';
import { File } from '../../io/file.ts';
import { Pipe } from '../../io/pipe.ts';
import { type BlockedCall, blockedCalls, READ, WRITE } from '../../probe/blocked.ts';

const PATIENCE_MS = 5000;

/** Whoever waits in this call on this descriptor, as soon as somebody does. */
async function blockedOn(number: number, fd: number): Promise<BlockedCall> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; await sleep(1)) {
    const call = blockedCalls().find((one) => one.number === number && one.args[0] === BigInt(fd));
    if (call !== undefined) return call;
  }
  throw new Error(`in ${PATIENCE_MS} ms no thread was seen blocked on descriptor ${fd}: is libuv's pool busy?`);
}

/** What `look` sees while the kernel holds on to `buffer`, to read into it. */
export async function whileRead<T>(buffer: NodeJS.ArrayBufferView, look: (address: number) => T): Promise<T> {
  using pipe = Pipe.open({ nonblock: false });
  const { readEnd, writeEnd } = pipe;
  const done = new Promise<unknown>((resolve) => {
    fs.read(readEnd.fd, buffer, 0, buffer.byteLength, null, resolve);
  });
  try {
    return look(Number((await blockedOn(READ, readEnd.fd)).args[1]));
  } finally {
    // the end of the pipe is what ends the call, without a byte changed
    writeEnd.close();
    await done;
  }
}

/** What `look` sees while the kernel waits for room, to write what it was given for `data`. */
export async function whileWritten<T>(
  data: string | NodeJS.ArrayBufferView,
  look: (address: number, length: number) => T,
): Promise<T> {
  using pipe = Pipe.open({ nonblock: false });
  const { readEnd, writeEnd } = pipe;
  const filling = Buffer.alloc(pipe.capacity);
  fs.writeSync(writeEnd.fd, filling);
  const done = new Promise<unknown>((resolve) => {
    if (typeof data === 'string') fs.write(writeEnd.fd, data, resolve);
    else fs.write(writeEnd.fd, data, resolve);
  });
  try {
    const { args } = await blockedOn(WRITE, writeEnd.fd);
    return look(Number(args[1]), Number(args[2]));
  } finally {
    // makes room; what comes after that fits in
    fs.readSync(readEnd.fd, filling);
    await done;
  }
}

/** This process's own memory by its address, as /proc/self/mem has it. Reading only. */
export class OwnMemory {
  readonly #file = File.open('/proc/self/mem');

  /** Whether `bytes` are what stands at `address`. */
  holds(address: number, bytes: Uint8Array): boolean {
    const there = Buffer.alloc(bytes.byteLength);
    return this.#file.pread(there, address) === bytes.byteLength && there.equals(bytes);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

let gc: (() => void) | undefined;

/** Collects garbage now: marks, sweeps and compacts the whole heap. */
export function collect(): void {
  if (gc === undefined) {
    v8.setFlagsFromString('--expose-gc');
    gc = vm.runInNewContext('gc') as () => void;
    v8.setFlagsFromString('--no-expose-gc');
  }
  gc();
}

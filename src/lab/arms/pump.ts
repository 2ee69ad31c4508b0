/**
 * The same calls made by loops in C++: what driving them from JavaScript costs. Memory and pipe are made and given back
 * for each transfer, as the paths do it.
 */
import { SystemError } from '../../io/errors.ts';
import { File } from '../../io/file.ts';
import { Mapping } from '../../io/mapping.ts';
import { Pipe } from '../../io/pipe.ts';
import { native } from '../../native.ts';
import { MADV_POPULATE_WRITE, madvise } from '../../sys/mmap.ts';
import type { PUMPS } from '../options.ts';
import type { OpenArm } from '../protocol.ts';
import { connectBlocking } from '../wire.ts';
import type { Arm } from './arm.ts';

const { pump } = native;
const DEFAULT_CAPACITY = 65_536;
/** `mmap-write`'s own default. */
const WINDOW = 64 * 1024 * 1024;

export type PumpName = (typeof PUMPS)[number];
/** Sends `size` bytes, at most `chunk` a call; answers how many, or `-errno`. */
type Loop = (socket: number, file: number, chunk: number, size: number) => number;

function withMemory(length: number, loop: (memory: Mapping) => number): number {
  const memory = Mapping.anonymous(length);
  try {
    return loop(memory);
  } finally {
    memory.close();
  }
}

function withPipe(capacity: number, loop: (readEnd: number, writeEnd: number) => number): number {
  const pipe = Pipe.open();
  try {
    if (capacity > DEFAULT_CAPACITY) pipe.setCapacity(capacity);
    return loop(pipe.readEnd.fd, pipe.writeEnd.fd);
  } finally {
    pipe.close();
  }
}

const LOOPS: Readonly<Record<PumpName, Loop>> = {
  'pump-null': (socket, _file, chunk, size) =>
    withMemory(chunk, (memory) => {
      // each page its own, as the path does it; before Linux 5.14 the long way
      if (madvise(memory.address, undefined, MADV_POPULATE_WRITE) < 0) memory.write(0, new Uint8Array(memory.length));
      return pump.null(socket, memory.address, chunk, size);
    }),
  'pump-read-write': (socket, file, chunk, size) =>
    withMemory(chunk, ({ address }) => pump.readWrite(socket, file, 0, address, chunk, size)),
  'pump-mmap-write': (socket, file, chunk, size) => pump.mmapWrite(socket, file, 0, WINDOW, chunk, size),
  'pump-sendfile': (socket, file, chunk, size) => pump.sendfile(socket, file, 0, chunk, size),
  'pump-splice': (socket, file, chunk, size) =>
    withPipe(chunk, (readEnd, writeEnd) => pump.splice(socket, file, 0, readEnd, writeEnd, chunk, size)),
  'pump-vmsplice': (socket, file, chunk, size) =>
    withPipe(chunk, (readEnd, writeEnd) =>
      withMemory(chunk, ({ address }) => pump.vmsplice(socket, file, 0, readEnd, writeEnd, address, chunk, size)),
    ),
};

export async function openPump(name: PumpName, request: OpenArm): Promise<Arm> {
  const { size } = request;
  const loop = LOOPS[name];
  const file = File.open(request.file);
  const socket = await connectBlocking(request.endpoint);
  const chunk = Math.min(request.chunk, size);
  return {
    ownCalls: null,
    send() {
      const sent = loop(socket.fd, file.fd, chunk, size);
      if (sent < 0) throw new SystemError(-sent, name);
      if (sent !== size) throw new Error(`${name} sent ${sent} of ${size} bytes`);
    },
  };
}

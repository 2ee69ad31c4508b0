/** What a Node user would write without iolab, on Node's own sockets. */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { OpenArm } from '../protocol.ts';
import { nodeTarget } from '../wire.ts';
import type { Arm } from './arm.ts';

export type BaselineName = 'node-stream' | 'node-buffer';

/** A tail below the socket's highWaterMark is announced by no event, but writes are finished in order. */
function flushed(socket: Socket): Promise<void> {
  if (socket.writableLength === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    socket.write('', (error) => (error ? reject(error) : resolve()));
  });
}

/** `createReadStream(path).pipe(socket)`, on a connection that is kept. */
async function stream(socket: Socket, { file, chunk }: OpenArm): Promise<void> {
  await pipeline(createReadStream(file, { highWaterMark: chunk }), socket, { end: false });
  await flushed(socket);
}

/** `socket.write(await readFile(path))`. */
async function buffer(socket: Socket, { file }: OpenArm): Promise<void> {
  const content = await readFile(file);
  await new Promise<void>((resolve, reject) => {
    socket.write(content, (error) => (error ? reject(error) : resolve()));
  });
}

export async function openBaseline(name: BaselineName, request: OpenArm): Promise<Arm> {
  const socket = connect(nodeTarget(request.endpoint));
  await once(socket, 'connect');
  const send = name === 'node-stream' ? stream : buffer;
  return { ownCalls: null, send: () => send(socket, request) };
}

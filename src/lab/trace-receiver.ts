/** The receiving process of `iolab trace`: reads into memory as a program would, and keeps an account of its own. */
import { check } from '../io/errors.ts';
import { Socket } from '../io/socket.ts';
import { Counters, rusage } from '../probe/index.ts';
import { gettid } from '../sys/process.ts';
import { recv } from '../sys/socket.ts';
import { serve } from './serve.ts';
import type { OwnCall, ReceivedTrace, TraceReceiverCalls } from './trace/protocol.ts';

const buffer = new Uint8Array(256 * 1024);
const counters = Counters.open([rusage('thread')]);
let socket: Socket | undefined;

async function receive(
  { size }: Parameters<TraceReceiverCalls['receive']>[0],
  event: (name: string) => Promise<void>,
): Promise<ReceivedTrace> {
  const fd = socket?.fd ?? -1;
  const times: bigint[] = [];
  const results: number[] = [];
  await event('ready');
  counters.begin();
  for (let left = size; left > 0; ) {
    times.push(process.hrtime.bigint());
    const n = recv(fd, buffer, Math.min(left, buffer.length), 0);
    times.push(process.hrtime.bigint());
    results.push(n);
    if (n === 0) throw new Error(`the sender closed the connection with ${left} bytes still to come`);
    left -= check(n, 'recv', { fd });
  }
  counters.end();
  const calls = results.map(
    (result, i): OwnCall => ({ begin: String(times[2 * i]), end: String(times[2 * i + 1]), result }),
  );
  return { calls, rusage: counters.difference() };
}

serve({
  adopt({ fd }: Parameters<TraceReceiverCalls['adopt']>[0]): number {
    socket = Socket.adoptRawFd(fd, { unsafe: true });
    socket.nonblocking = false;
    return gettid();
  },
  receive,
});

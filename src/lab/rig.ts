/** Everything alive for one bench: the receivers, a sender for each arm, and how one transfer is ordered. */
import { join } from 'node:path';
import type { Sink } from '../model/results.ts';
import type { Child, Children } from './children.ts';
import type { Plan, PlannedArm } from './plan.ts';
import type { Endpoint, Received, ReceiverCalls, SenderCalls, Sent } from './protocol.ts';
import type { SourceFile } from './source-file.ts';

/** How many processes start at a time: more than CPUs would only make them wait for each other. */
const AT_ONCE = 4;

export class LiveArm {
  readonly plan: PlannedArm;
  readonly sender: Child<SenderCalls>;
  readonly file: SourceFile;
  readonly #receiver: Child<ReceiverCalls>;
  readonly #connection: number;

  constructor(
    plan: PlannedArm,
    sender: Child<SenderCalls>,
    file: SourceFile,
    receiver: Child<ReceiverCalls>,
    connection: number,
  ) {
    this.plan = plan;
    this.sender = sender;
    this.file = file;
    this.#receiver = receiver;
    this.#connection = connection;
  }

  get label(): string {
    const { path, size, sink } = this.plan;
    return `${path} (${size} bytes, ${sink})`;
  }

  /** Has the receiver take `transfers` files while `send` sends them; it is waiting in recv(2) when `send` begins. */
  async transfer<T>(transfers: number, hash: boolean, send: () => Promise<T>): Promise<[T, Received]> {
    let ready = () => {};
    const waiting = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const request = { connection: this.#connection, transfers, size: this.plan.size, hash };
    const received = this.#receiver.call('receive', request, () => ready());
    const sending = Promise.race([waiting, received]).then(send);
    // where one fails the other's answer may never come
    return Promise.all([sending, received]);
  }

  /** `transfers` files in one go. */
  send(transfers: number, hash = false): Promise<[Sent, Received]> {
    return this.transfer(transfers, hash, () => this.sender.call('send', { transfers }));
  }
}

interface LiveReceiver {
  readonly child: Child<ReceiverCalls>;
  readonly endpoint: Endpoint;
}

async function startReceiver(
  children: Children,
  sink: Sink,
  directory: string,
  cpu: number | undefined,
): Promise<LiveReceiver> {
  const child = children.start<ReceiverCalls>('receiver', `the ${sink} receiver`);
  return { child, endpoint: await child.call('listen', { sink, path: join(directory, `${sink}.sock`), cpu }) };
}

/** Starts every process of the plan. */
export async function startArms(
  plan: Plan,
  children: Children,
  directory: string,
  files: ReadonlyMap<number, SourceFile>,
): Promise<LiveArm[]> {
  const { chunk, pinning } = plan;
  const receivers = new Map<Sink, LiveReceiver>();
  for (const sink of plan.sinks) receivers.set(sink, await startReceiver(children, sink, directory, pinning?.receiver));

  const live: LiveArm[] = [];
  // who connects is who was told to: one accept at a time
  let accepting: Promise<unknown> = Promise.resolve();
  async function start(arm: PlannedArm, index: number): Promise<void> {
    const { child, endpoint } = receivers.get(arm.sink) as LiveReceiver;
    const file = files.get(arm.size) as SourceFile;
    const sender = children.start<SenderCalls>('sender', `the sender of ${arm.path}`);
    await sender.call('load', {});
    const connected = accepting.then(() =>
      Promise.all([
        child.call('accept', {}),
        sender.call('open', { arm: arm.path, file: file.path, size: arm.size, chunk, endpoint, cpu: pinning?.sender }),
      ]),
    );
    accepting = connected.catch(() => {});
    const [connection] = await connected;
    live[index] = new LiveArm(arm, sender, file, child, connection);
  }

  const queue = [...plan.arms.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await start(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return live;
}

/** The system calls that bench paths reports are those that strace counts. */
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Child } from '../../src/lab/children.ts';
import { ARM_NAMES, type ArmName, runPathsBench } from '../../src/lab/paths-bench.ts';
import type { ReceiverCalls, Reply, SenderCalls } from '../../src/lab/protocol.ts';
import type { Results } from '../../src/model/results.ts';
import { tempDir, tempFile, tempPath } from '../support/temp.ts';

const SIZE = 65_536;
const CHUNK = 16_384;
const FEW = 60;
const entry = fileURLToPath(new URL('../../dist/lab/sender.js', import.meta.url));

const trial = spawnSync('strace', ['-f', '-c', '-o', '/dev/null', 'true'], { encoding: 'utf8' });
const refusal = trial.error?.message ?? (trial.status === 0 ? undefined : trial.stderr.trim());

/** A sender that strace watches, spoken to as the bench speaks to its own. */
class TracedSender {
  readonly #strace: ChildProcess;

  constructor(report: string) {
    this.#strace = fork(entry, [], {
      execPath: 'strace',
      execArgv: ['-f', '-c', '-U', 'calls,name', '-o', report, process.execPath],
    });
  }

  async call<K extends keyof SenderCalls>(call: K, argument: Parameters<SenderCalls[K]>[0]): Promise<void> {
    this.#strace.send({ id: 0, call, argument });
    const [reply] = (await once(this.#strace, 'message')) as [Reply];
    if ('error' in reply) throw new Error(reply.error);
  }

  /** The sender ends with its channel, and strace after it. */
  async end(): Promise<void> {
    const exited = once(this.#strace, 'exit');
    this.#strace.disconnect();
    await exited;
  }
}

/** All system calls of a sender that sent so many files, from its first to its last, by their names. */
async function callsOf(arm: ArmName, file: string, transfers: number): Promise<Map<string, number>> {
  const report = tempPath();
  const receiver = new Child<ReceiverCalls>('receiver', 'receiver');
  const sender = new TracedSender(report);
  try {
    const endpoint = await receiver.call('listen', { sink: 'tcp', path: '' });
    await sender.call('load', {});
    const [connection] = await Promise.all([
      receiver.call('accept', {}),
      sender.call('open', { arm, file, size: SIZE, chunk: CHUNK, endpoint }),
    ]);
    const received = receiver.call('receive', { connection, transfers, size: SIZE, hash: false });
    await sender.call('send', { transfers });
    await received;
  } finally {
    await sender.end();
    await receiver.end();
  }
  const lines = readFileSync(report, 'utf8').matchAll(/^\s*(\d+)\s+(\w+)$/gm);
  return new Map([...lines].map(([, calls, name]) => [name as string, Number(calls)]));
}

/** What each further transfer adds, by name: what starting and ending costs is in both runs, and cancels. */
async function perTransfer(arm: ArmName): Promise<Map<string, number>> {
  const file = tempFile(SIZE);
  const few = await callsOf(arm, file, FEW);
  const many = await callsOf(arm, file, 3 * FEW);
  return new Map([...many].map(([name, calls]) => [name, (calls - (few.get(name) ?? 0)) / (2 * FEW)]));
}

let benched: Promise<Results> | undefined;
/** One run of the bench for all arms. */
function bench(): Promise<Results> {
  benched ??= runPathsBench({
    sizes: [SIZE],
    chunk: CHUNK,
    time: 0.5,
    rounds: 2,
    counted: 11,
    paths: ARM_NAMES,
    directory: tempDir(),
  });
  return benched;
}

const skipped = refusal === undefined ? '' : ` (skipped: strace cannot trace here: ${refusal})`;

test.skipIf(refusal)(`the bench itself${skipped}`, { timeout: 120_000 }, async () => {
  expect((await bench()).runs).toHaveLength(ARM_NAMES.length);
});

test.skipIf(refusal).each(ARM_NAMES)(`%s: as many as strace counts${skipped}`, { timeout: 120_000 }, async (arm) => {
  const { runs } = await bench();
  const reported = runs.find(({ path }) => path === arm)?.metrics.syscalls;
  if (reported === undefined || 'missing' in reported) {
    // nobody but the kernel counts the calls of Node and of the pumps
    expect(arm).toMatch(/^(node|pump)-/);
    expect(reported?.missing).toMatch(/perf-sys-enter: /);
    return;
  }
  const traced = await perTransfer(arm);
  if (arm.startsWith('node-')) {
    // how often Node's threads wake each other depends on who is faster, and strace slows all of them
    const { total = Number.NaN } = Object.fromEntries(traced);
    expect(total).toBeGreaterThan(reported.value * 0.5);
    expect(total).toBeLessThan(reported.value * 2);
    return;
  }
  // Threads of V8 wait for each other now and then, and starting takes a few calls more or less each time: what a transfer
  // makes itself comes to at least one each.
  const calls = [...traced].filter(([name, each]) => name !== 'futex' && name !== 'total' && each > 0.75);
  expect(calls.reduce((sum, [, each]) => sum + Math.round(each), 0)).toBe(reported.value);
});

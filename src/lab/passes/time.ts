/**
 * Third pass: time. All arms are alive, one is active; short slices in an order drawn anew for each round, because shared
 * machines drift and what is measured minutes apart cannot be compared. Arms that are compared with each other (a path,
 * its pump, its double) stay neighbours.
 */
import type { TimeSample } from '../../model/results.ts';
import { pumpOf } from '../options.ts';
import type { LiveArm } from '../rig.ts';
import { type Random, shuffled } from '../statistics.ts';

/** Long enough for the compiler of JavaScript to have done its work, and for a rate that can be relied on. */
const WARM_UP_SECONDS = 0.05;
/** So many are made even where a single transfer of each arm takes longer than the time that was given. */
const FEWEST_ROUNDS = 3;

export interface TimingOptions {
  seconds: number;
  rounds: number;
  random: Random;
  signal: AbortSignal | undefined;
  onSlice(arm: LiveArm, done: number, total: number, secondsLeft: number): void;
}

/** The samples of each arm, in the order of its rounds. */
export type Timings = ReadonlyMap<LiveArm, TimeSample[]>;

async function slice(arm: LiveArm, round: number, transfers: number): Promise<TimeSample> {
  const [sent, received] = await arm.send(transfers);
  // until the last byte is there: what the sender left in the socket's buffers is not delivered yet
  const end = BigInt(received.end) > BigInt(sent.end) ? BigInt(received.end) : BigInt(sent.end);
  return {
    round,
    transfers,
    bytes: transfers * arm.plan.size,
    seconds: Number(end - BigInt(sent.start)) / 1e9,
    senderUser: sent.cpu.user,
    senderSys: sent.cpu.sys,
    receiverUser: received.cpu.user,
    receiverSys: received.cpu.sys,
  };
}

/** Doubles the load until the rate shows; answers how many transfers fill a slice. */
async function transfersFor(arm: LiveArm, seconds: number): Promise<number> {
  for (let transfers = 1; ; ) {
    const sample = await slice(arm, 0, transfers);
    if (sample.seconds >= WARM_UP_SECONDS) return Math.max(1, Math.round((transfers * seconds) / sample.seconds));
    transfers *= Math.min(16, Math.max(2, Math.ceil(WARM_UP_SECONDS / sample.seconds)));
  }
}

/** Arms that are compared with each other. */
function neighbourhoods(arms: readonly LiveArm[]): LiveArm[][] {
  const groups = new Map<string, LiveArm[]>();
  for (const arm of arms) {
    const { path, size, sink } = arm.plan;
    const key = `${pumpOf(path) ?? path} ${size} ${sink}`;
    groups.set(key, [...(groups.get(key) ?? []), arm]);
  }
  return [...groups.values()];
}

export async function time(arms: readonly LiveArm[], options: TimingOptions): Promise<Timings> {
  const { seconds, rounds, random } = options;
  const deadline = performance.now() + seconds * 1000;
  const total = arms.length * (rounds + 1);
  const samples = new Map<LiveArm, TimeSample[]>(arms.map((arm) => [arm, []]));
  const transfers = new Map<LiveArm, number>();
  let done = 0;
  const tell = (arm: LiveArm) => {
    options.signal?.throwIfAborted();
    options.onSlice(arm, done++, total, Math.max(0, (deadline - performance.now()) / 1000));
  };

  const perSlice = seconds / (arms.length * rounds);
  for (const arm of shuffled(arms, random)) {
    tell(arm);
    transfers.set(arm, await transfersFor(arm, perSlice));
  }
  // the warm-up has taken its part of the time
  let scale = Math.max(0.1, (deadline - performance.now()) / 1000 / seconds);

  const groups = neighbourhoods(arms);
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    for (const group of shuffled(groups, random)) {
      for (const arm of shuffled(group, random)) {
        tell(arm);
        const load = Math.max(1, Math.round((transfers.get(arm) ?? 1) * scale));
        samples.get(arm)?.push(await slice(arm, round, load));
      }
    }
    const now = performance.now();
    if (now > deadline && round + 1 >= FEWEST_ROUNDS) break;
    // the machine may be slower or faster by now than it was in the warm-up
    const fair = Math.max(0, deadline - now) / (rounds - round - 1);
    scale *= Math.min(1.5, Math.max(0.25, fair / (now - began)));
  }
  return samples;
}

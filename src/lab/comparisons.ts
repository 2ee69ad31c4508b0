/** Ratios between arms: round by round, so that what the machine did in between cancels out. */
import { median } from 'simple-statistics';
import { type Estimate, type Evidence, lacking } from '../model/evidence.ts';
import type { Controls, TimeSample } from '../model/results.ts';
import { pumpOf } from './options.ts';
import type { Timings } from './passes/time.ts';
import type { LiveArm } from './rig.ts';
import { medianWithInterval, type Random } from './statistics.ts';

const rate = ({ bytes, seconds }: TimeSample) => bytes / seconds;

function ratios(over: readonly TimeSample[], under: readonly TimeSample[]): number[] {
  return over.flatMap((sample, i) => {
    const other = under[i];
    return other === undefined ? [] : [rate(sample) / rate(other)];
  });
}

function find(timings: Timings, like: LiveArm, path: string, control: boolean): TimeSample[] | undefined {
  for (const [{ plan }, samples] of timings)
    if (plan.path === path && plan.control === control && plan.size === like.plan.size && plan.sink === like.plan.sink)
      return samples;
  return undefined;
}

export function overPump(arm: LiveArm, timings: Timings, random: Random): Evidence {
  const { path } = arm.plan;
  if (path.startsWith('pump-')) return lacking('is a pump itself');
  const pump = pumpOf(path);
  if (pump === undefined) return lacking('no loop in C++ makes the calls that Node makes here');
  const samples = find(timings, arm, pump, false);
  if (samples === undefined) return lacking(`${pump} did not run`);
  const { value, ci } = medianWithInterval(ratios(timings.get(arm) ?? [], samples), random);
  return { value, unit: 'ratio', instrument: `CLOCK_MONOTONIC, against ${pump}`, ci };
}

/** The receiver's rate while it had a CPU, over the rate at which bytes came. */
function headroom(samples: readonly TimeSample[]): number {
  return median(samples.map((s) => s.seconds / Math.max(s.receiverUser + s.receiverSys, 1e-6)));
}

export function controls(timings: Timings, random: Random): Controls {
  const groups: Controls['groups'] = [];
  const pooled: number[] = [];
  let least: Controls['receiverHeadroom'] | undefined;
  for (const [arm, samples] of timings) {
    const { path, size, sink, control } = arm.plan;
    if (!control) {
      const value = headroom(samples);
      if (least === undefined || value < least.value) least = { value, path, sink, fileBytes: size };
      continue;
    }
    const twin = find(timings, arm, path, false) ?? [];
    const both = ratios(samples, twin);
    pooled.push(...both);
    groups.push({ sink, fileBytes: size, aa: medianWithInterval(both, random) });
  }
  if (least === undefined) throw new Error('no arm was timed');
  return { aa: medianWithInterval(pooled, random), receiverHeadroom: least, groups };
}

/** Sentences about what the controls say of the rest. */
export function doubts({ groups, receiverHeadroom }: Controls): string[] {
  const found: string[] = [];
  for (const { sink, fileBytes, aa } of groups)
    if (!holds(aa))
      found.push(
        `The same arm against itself (${sink}, ${fileBytes} bytes) came out as ${aa.value.toFixed(3)}, and its interval does not hold 1: the machine was not quiet. Run again with a longer --time.`,
      );
  if (receiverHeadroom.value < 1.1)
    found.push(
      `The receiver was busy ${(100 / receiverHeadroom.value).toFixed(0)} % of the time while ${receiverHeadroom.path} (${receiverHeadroom.fileBytes} bytes, ${receiverHeadroom.sink}) sent: throughput may be the receiver's, so compare CPU per GiB instead.`,
    );
  return found;
}

function holds({ ci: [low, high] }: Estimate): boolean {
  return low <= 1 && 1 <= high;
}

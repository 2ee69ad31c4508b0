/** Which path did best, said only where the figures can bear it. */
import { type Estimate, isMeasured, type Measured } from '../model/evidence.ts';
import type { Controls, MetricName, Run } from '../model/results.ts';
import { figure } from './text.ts';

/** Controls do less than a path has to: they take no part. */
export const isControl = (path: string) => path === 'null' || path.startsWith('pump-');

const QUESTIONS = [
  { metric: 'senderCpuPerGiB', best: 'Least sender CPU', least: true },
  { metric: 'throughput', best: 'Most MiB/s', least: false },
] as const satisfies readonly { metric: MetricName; best: string; least: boolean }[];

export function leaders(group: readonly Run[], controls: Controls): string[] {
  const { sink, fileBytes } = group[0] as Run;
  const noise = controls.groups.find((one) => one.sink === sink && one.fileBytes === fileBytes)?.aa ?? controls.aa;
  return QUESTIONS.flatMap(({ metric, best, least }) => {
    const ranked = group
      .flatMap(({ path, metrics }) => {
        const evidence = metrics[metric];
        return !isControl(path) && isMeasured(evidence) ? [{ path, evidence }] : [];
      })
      .sort((a, b) => (least ? 1 : -1) * (a.evidence.value - b.evidence.value));
    const [first, ...others] = ranked;
    if (first === undefined || others.length === 0) return [];
    const near = others.filter(({ evidence }) => !apart(first.evidence, evidence, noise)).map(({ path }) => path);
    if (near.length > 0) return [`${best}: no winner; ${[first.path, ...near].join(', ')} lie within the noise.`];
    const [second] = others as [(typeof others)[0]];
    return [
      `${best}: ${first.path}, ${figure(first.evidence.value / second.evidence.value)} times that of ${second.path}.`,
    ];
  });
}

/** Intervals that do not touch, and a difference that the same arm against itself does not reach. */
export function apart(a: Measured, b: Measured, noise: Estimate): boolean {
  const [aLow, aHigh] = a.ci ?? [a.value, a.value];
  const [bLow, bHigh] = b.ci ?? [b.value, b.value];
  const ratio = a.value / b.value;
  const [low, high] = [Math.min(noise.ci[0], 1 / noise.ci[1]), Math.max(noise.ci[1], 1 / noise.ci[0])];
  return (aHigh < bLow || bHigh < aLow) && (ratio < low || ratio > high);
}

/** `bench calls` as text. */
import { CALL_ARMS, type CallArm, type CallCost, type CallsResults } from '../model/calls.ts';
import { type Evidence, isMeasured } from '../model/evidence.ts';
import { type Column, figure, Reasons, spread, table, wrap } from './text.ts';

const HEADS: Readonly<Record<CallArm, string>> = {
  c: 'C++ loop',
  libc: 'libc loop',
  typescript: 'TypeScript',
  bound: 'bound',
  koffi: 'koffi',
};

export function renderCalls(results: CallsResults, width = 80): string {
  const reasons = new Reasons();
  const cell = (evidence: Evidence, show: (value: number, ci: readonly [number, number] | undefined) => string) =>
    isMeasured(evidence) ? show(evidence.value, evidence.ci) : reasons.mark(evidence.missing);

  const ns = table(
    [{ head: 'ns per call' }, ...CALL_ARMS.map((arm): Column => ({ head: HEADS[arm], align: 'right' }))],
    results.calls.map(({ call, ns }) => [
      call,
      ...CALL_ARMS.map((arm) => cell(ns[arm], (value, ci) => `${Math.round(value)}${spread(value, ci)}`)),
    ]),
  );
  const ratio = (evidence: Evidence) => cell(evidence, (value) => value.toFixed(2));
  const compared = table(
    [
      { head: '\nratio' },
      { head: 'TypeScript\n/ C++', align: 'right' },
      { head: 'TypeScript\n/ libc', align: 'right' },
      { head: 'bound\n/ C++', align: 'right' },
      { head: 'bound\n/ libc', align: 'right' },
      { head: 'koffi\n/ libc', align: 'right' },
      { head: 'bytes\na call', align: 'right' },
    ],
    results.calls.map(({ call, overC, overLibc, bytesPerCall }: CallCost) => [
      call,
      ratio(overC.typescript),
      ratio(overLibc.typescript),
      ratio(overC.bound),
      ratio(overLibc.bound),
      ratio(overLibc.koffi),
      cell(bytesPerCall, (value) => figure(value)),
    ]),
  );
  const legend = wrap(
    `Medians of ${results.rounds} rounds of ${results.batch} calls; ±: 95 % interval. Ratios are taken within a round.`,
    width,
  );
  const said = (title: string, lines: readonly string[]) => lines.map((line) => wrap(`${title}: ${line}`, width, '  '));
  const tail = [...reasons.render(width), ...said('Warning', results.warnings), ...said('Note', results.notes)];
  return `${[ns, compared, legend, tail.join('\n')].filter((block) => block !== '').join('\n\n')}\n`;
}

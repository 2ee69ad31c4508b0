import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CompareOptions, compareResults } from '../../src/lab/compare.ts';
import { timeMetrics } from '../../src/lab/metrics.ts';
import { ratioOfMedians, seeded } from '../../src/lab/statistics.ts';
import { type ComparedFigure, comparison } from '../../src/model/compare.ts';
import { lacking } from '../../src/model/evidence.ts';
import type { CountSample, Results, Run, TimeSample } from '../../src/model/results.ts';
import { resultsOf as completed, measured, run } from '../report/results.ts';

// the environment takes a while to find out
const BASE = completed([]);

function resultsOf(runs: Run[], noise: [number, number] = [0.98, 1.02]): Results {
  return { ...BASE, runs, controls: { ...BASE.controls, aa: { value: 1, ci: noise }, groups: [] } };
}

/** A slice of 100 ms in which `rate` MiB/s were sent, for a second of CPU time a GiB in the kernel and half of it outside. */
function slice(rate: number, round = 0, cost = 1): TimeSample {
  const bytes = Math.round(rate * 2 ** 20 * 0.1);
  const cpu = (cost * bytes) / 2 ** 30;
  return {
    ...{ round, transfers: 1, bytes, seconds: 0.1 },
    ...{ senderUser: cpu / 2, senderSys: cpu, receiverUser: cpu / 4, receiverSys: cpu / 4 },
  };
}

const RATES = [990, 1000, 1010, 995, 1005, 1002, 998];

function timedRun(path: string, slices: readonly TimeSample[], counts: readonly CountSample[] = []): Run {
  const bare = run(path, {});
  const metrics = { ...bare.metrics, ...timeMetrics(slices, seeded(1)) };
  return { ...bare, metrics, samples: { time: [...slices], count: [...counts] } };
}

const rated = (rates: readonly number[], path = 'sendfile') =>
  timedRun(
    path,
    rates.map((rate, round) => slice(rate, round)),
  );

function figures(a: Results, b: Results, options?: CompareOptions): Record<string, ComparedFigure> {
  const [arm] = compareResults(a, b, options).arms;
  return Object.fromEntries((arm?.figures ?? []).map((figure) => [figure.metric, figure]));
}

const rates = fc.array(fc.double({ min: 1, max: 1e5, noNaN: true }), { minLength: 2, maxLength: 12 });

describe('figures of time', () => {
  test('a result is the same as itself, whatever is in it', () => {
    fc.assert(
      fc.property(rates, fc.double({ min: 0.5, max: 1, noNaN: true }), (samples, noise) => {
        const result = resultsOf([rated(samples)], [noise, 1 / noise]);
        const verdicts = Object.values(figures(result, result)).map(({ verdict }) => verdict);
        expect(new Set(verdicts)).toEqual(new Set(['same', 'unknown']));
        expect(figures(result, result).throughput?.verdict).toBe('same');
      }),
      { numRuns: 20 },
    );
  });

  test('0.8 times the speed is worse, and the other way round better, unless the noise is as large', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 1e5, noNaN: true }),
        fc.double({ min: 0.05, max: 0.85 }),
        (scale, factor) => {
          const a = resultsOf([rated(RATES.map((rate) => rate * scale))]);
          const b = resultsOf([rated(RATES.map((rate) => rate * scale * factor))]);
          expect(figures(a, b).throughput?.verdict).toBe('worse');
          expect(figures(b, a).throughput?.verdict).toBe('better');
          const loud = (of: Results) => resultsOf(of.runs, [factor * 0.9, 1.02]);
          expect(figures(loud(a), b).throughput?.verdict).toBe('same');
          expect(figures(a, loud(b)).throughput?.verdict).toBe('same');
        },
      ),
      { numRuns: 20 },
    );
  });

  test('more CPU time is worse; the ratio is B over A, its interval holds it, and the noise is told', () => {
    const cost = (factor: number) =>
      timedRun(
        'splice',
        RATES.map((rate, round) => slice(rate, round, factor)),
      );
    const of = figures(resultsOf([cost(1)]), resultsOf([cost(1.25)], [0.9, 1.05]));
    for (const metric of ['senderCpuPerGiB', 'receiverCpuPerGiB', 'userCpuPerGiB', 'sysCpuPerGiB'])
      expect(of[metric]).toMatchObject({
        verdict: 'worse',
        change: { ratio: { value: expect.closeTo(1.25) }, noise: expect.closeTo(1 / 0.9) },
      });
    expect(of.throughput?.verdict).toBe('same');
  });

  test('where the controls moved as much, the machine did', () => {
    const slowed = (factor: number) => RATES.map((rate) => rate * factor);
    const beside = (control: string) => {
      const a = resultsOf([rated(RATES), rated(RATES, control)]);
      return figures(a, resultsOf([rated(slowed(0.7)), rated(slowed(0.68), control)])).throughput;
    };
    expect(beside('pump-splice')).toMatchObject({ verdict: 'same', change: { noise: expect.closeTo(1 / 0.68) } });
    expect(beside('null')?.verdict).toBe('same');
    // what is no control may well become slower together with it
    expect(beside('splice')?.verdict).toBe('worse');
  });

  test('the noise of the group counts where there is one', () => {
    const a = resultsOf([rated(RATES)], [0.5, 2]);
    const aa = { value: 1, ci: [0.99, 1.01] as [number, number] };
    a.controls.groups.push(
      { sink: 'unix', fileBytes: 65536, aa: { value: 1, ci: [0.2, 5] } },
      { sink: 'tcp', fileBytes: 65536, aa },
    );
    expect(figures(a, a).throughput?.change).toMatchObject({ noise: expect.closeTo(1 / 0.99) });
  });

  test('the same files give the same answer to the last bit, whatever else is in them', () => {
    const [a, b] = [resultsOf([rated(RATES)]), resultsOf([rated([...RATES].reverse().map((rate) => rate * 1.01))])];
    const first = compareResults(a, b);
    expect(compareResults(a, b)).toEqual(first);
    const more = (of: Results) => ({ ...of, runs: [rated(RATES, 'splice'), ...of.runs] });
    expect(compareResults(more(a), more(b)).arms[1]).toEqual(first.arms[0]);
    expect(comparison.parse(JSON.parse(JSON.stringify(first)))).toEqual(first);
  });

  test.each([
    ['no slices', [], RATES.map((rate) => slice(rate)), /A has 0 slices of it and B 7/],
    ['no time of a kind', RATES.map((rate) => slice(rate, 0, 0)), RATES.map((rate) => slice(rate)), /0 s of it/],
    [
      'slices that are short, and not in both',
      RATES.map((rate) => ({ ...slice(rate), seconds: 0.002 })),
      RATES.map((rate) => slice(rate)),
      /slices of A lasted 2\.0 ms, those of B 100 ms/,
    ],
  ])('%s: unknown, with the reason', (_, ofA, ofB, reason) => {
    const a = timedRun(
      'sendfile',
      RATES.map((rate) => slice(rate)),
    );
    const of = figures(
      resultsOf([{ ...a, samples: { time: ofA, count: [] } }]),
      resultsOf([{ ...a, samples: { time: ofB, count: [] } }]),
    );
    expect(of.senderCpuPerGiB).toMatchObject({
      verdict: 'unknown',
      change: { missing: expect.stringMatching(reason) },
    });
  });
});

describe('counts', () => {
  const CALLS = { unit: 'x', instrument: 'perf-sys-enter, own-count' };
  const counting = (samples: readonly number[], value = samples[samples.length >> 1] ?? 0, path = 'sendfile') => {
    const bare = run(path, { syscalls: { ...CALLS, value } });
    const count = samples.map((calls) => ({ 'perf-sys-enter.syscalls': calls }));
    return resultsOf([{ ...bare, samples: { time: [], count } }]);
  };

  test('are exact: one call more is worse, one less is better', () => {
    const [a, b] = [counting([17, 17, 17, 17, 17]), counting([18, 18, 18, 18, 18])];
    expect(figures(a, b).syscalls).toMatchObject({ verdict: 'worse', change: { difference: 1, range: [1, 1] } });
    expect(figures(b, a).syscalls).toMatchObject({ verdict: 'better', change: { difference: -1 } });
    expect(figures(a, a).syscalls).toMatchObject({ verdict: 'same', change: { difference: 0 } });
  });

  test('a stray transfer changes nothing, transfers that differ among themselves widen the range', () => {
    expect(figures(counting([17, 17, 17, 17, 30]), counting([18, 18, 18, 18, 18])).syscalls?.verdict).toBe('worse');
    expect(figures(counting([10, 12, 14, 16, 18], 14), counting([11, 13, 15, 17, 19], 15)).syscalls).toMatchObject({
      verdict: 'same',
      change: { difference: 1, range: [-3, 5] },
    });
  });

  test('copies have no samples, and none of them is an absence', () => {
    const copying = (value: number) => resultsOf([run('sendfile', { cpuCopies: measured(value) })]);
    expect(figures(copying(0), copying(1)).cpuCopies).toMatchObject({ verdict: 'worse', change: { difference: 1 } });
    expect(figures(copying(0), copying(0)).cpuCopies?.verdict).toBe('same');
  });

  test('missing on a side, another unit or another instrument: unknown, and which', () => {
    const a = counting([17]);
    const without = resultsOf([run('sendfile', {}, 'EACCES')]);
    const unknown = (missing: string) => ({ verdict: 'unknown', change: lacking(missing) });
    expect(figures(a, without).syscalls).toMatchObject(unknown('B: EACCES'));
    expect(figures(without, a).syscalls).toMatchObject(unknown('A: EACCES'));
    expect(figures(without, without).syscalls).toMatchObject(unknown('A and B: EACCES'));
    const calls = (over: object) => resultsOf([run('sendfile', { syscalls: { ...CALLS, value: 17, ...over } })]);
    expect(figures(a, calls({ unit: 'y' })).syscalls).toMatchObject(unknown('A is in x, B in y'));
    expect(figures(a, calls({ instrument: 'own-count' })).syscalls).toMatchObject(
      unknown('A was counted by perf-sys-enter, own-count, B by own-count'),
    );
  });

  test('those of Node itself are a matter of timing', () => {
    const [a, b] = [counting([33, 33], 33, 'node-buffer'), counting([37, 37], 37, 'node-buffer')];
    expect(figures(a, b).syscalls).toMatchObject({ verdict: 'unknown', change: { missing: /timing/ } });
  });
});

describe('what is compared', () => {
  test('runs of the same path, socket, size, chunk and cache; others are named', () => {
    const [one, other] = [rated(RATES), { ...rated(RATES), chunkBytes: 4096 }];
    const { arms, onlyInA, onlyInB, warnings } = compareResults(resultsOf([one]), resultsOf([other]));
    expect(arms).toEqual([]);
    expect([onlyInA, onlyInB].map(([arm]) => arm?.chunkBytes)).toEqual([65536, 4096]);
    expect(warnings.join()).toMatch(/1 of the runs of A are not in B.*1 of the runs of B are not in A/);
    expect(() => compareResults(resultsOf([one, one]), resultsOf([one]))).toThrow(
      /^A has two runs that differ in none/,
    );
  });

  test('results of different environments only where that is wanted', () => {
    const a = resultsOf([rated(RATES)]);
    const { environment } = a;
    const b: Results = {
      ...a,
      pinning: null,
      environment: {
        ...environment,
        kernel: '4.4.0',
        mitigations: { ...environment.mitigations, spectre_v9: 'Vulnerable' },
      },
    };
    let said = '';
    try {
      compareResults(a, b);
    } catch (error) {
      said = `${(error as Error).name}: ${(error as Error).message}`;
    }
    expect(said).toContain(`kernel: A has ${environment.kernel}, B has 4.4.0`);
    expect(said).toContain('mitigations.spectre_v9: A has nothing, B has Vulnerable');
    expect(said).toContain('pinning: A has sender on CPU 0, receiver on CPU 1, B has none');
    expect(said).toMatch(/^RangeError: .*--different-environments/s);
    const { differences, warnings } = compareResults(a, b, { differentEnvironments: true });
    expect(differences.map(({ field }) => field)).toEqual(['kernel', 'pinning', 'mitigations.spectre_v9']);
    expect(warnings.join()).toMatch(/environments differ/);
  });

  test('another version of iolab, user, steal or instrument is no other environment', () => {
    const a = resultsOf([rated(RATES)]);
    const user = { uid: 65534, capabilities: '0' };
    const steal = { before: 0, after: 9, ticks: 10 };
    const b = { ...a, environment: { ...a.environment, iolab: '9.9.9', git: 'f00', user, steal, instruments: [] } };
    expect(compareResults(a, b).differences).toEqual([]);
  });

  test('few slices and much noise are said', () => {
    const few = resultsOf([rated(RATES.slice(0, 5))], [0.8, 1.1]);
    const { warnings } = compareResults(few, few);
    expect(warnings.join('\n')).toMatch(/only 5 slices.*\n.*by up to 25 %/s);
    expect(warnings.join()).toMatch(/neither null nor a loop/);
    const enough = resultsOf([rated(RATES.slice(0, 6)), rated(RATES, 'null')]);
    expect(compareResults(enough, enough).warnings).toEqual([]);
  });
});

test('the 95 % interval of a ratio holds the truth about 95 times in 100', () => {
  const random = seeded(5);
  const drawn = () => Array.from({ length: 15 }, () => 1 + random());
  let held = 0;
  for (let i = 0; i < 200; i++) {
    const { ci } = ratioOfMedians(
      drawn().map((x) => 2 * x),
      drawn(),
      random,
    );
    if (ci[0] <= 2 && 2 <= ci[1]) held++;
  }
  expect(held).toBeGreaterThan(180);
});

/** Real results, made by the bench: see also tests/lab/compare.test.ts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { comparison } from '../../src/model/compare.ts';
import { type Results, results } from '../../src/model/results.ts';
import { tempPath } from '../support/temp.ts';
import { iolab, widest } from './iolab.ts';

let file: string;

beforeAll(async () => {
  file = tempPath();
  const small = ['--sizes', '64KiB', '--paths', 'read-write,sendfile', '--no-pumps', '--time', '1s', '--rounds', '6'];
  expect(await iolab(['bench', 'paths', ...small, '--json', file])).toMatchObject({ code: 0 });
}, 60_000);

/** A copy of the result with something changed in it. */
function changed(change: (stored: Results) => void): string {
  const copy = results.parse(JSON.parse(readFileSync(file, 'utf8')));
  change(copy);
  const path = tempPath();
  writeFileSync(path, JSON.stringify(copy));
  return path;
}

/** As if nothing had disturbed it: what else runs on the machine of these tests is not what they are about. */
const quiet = (stored: Results) => {
  const aa = { value: 1, ci: [1, 1] as [number, number] };
  stored.controls = { ...stored.controls, aa, groups: [] };
  for (const { samples } of stored.runs)
    for (const sample of samples.time) Object.assign(sample, { ...samples.time[0], round: sample.round });
};

describe('iolab compare', () => {
  test('a result with itself: nothing is worse or better, and it ends with 0', async () => {
    const { code, stdout, stderr } = await iolab(['compare', file, file]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^0 worse, 0 better, \d+ same, \d+ unknown, in 2 runs\.$/m);
    expect(widest(stdout)).toBeLessThanOrEqual(80);
  });

  test('a slower one ends with 1, a faster one with 0; --json keeps words off stdout', async () => {
    const a = changed(quiet);
    const b = changed((stored) => {
      quiet(stored);
      for (const { samples } of stored.runs) for (const sample of samples.time) sample.seconds /= 0.8;
    });
    const { code, stdout, stderr } = await iolab(['compare', a, b, '--json']);
    expect(stderr).toMatch(/iolab: 2 figures are worse in B than in A\n$/);
    expect(code).toBe(1);
    const { arms } = comparison.parse(JSON.parse(stdout));
    for (const { figures } of arms)
      expect(figures[0]).toMatchObject({
        metric: 'throughput',
        verdict: 'worse',
        change: { ratio: { value: expect.closeTo(0.8) } },
      });
    const stored = tempPath();
    const back = await iolab(['compare', b, a, '--json', stored]);
    expect([back.code, back.stderr]).toEqual([0, '']);
    expect((await iolab(['report', stored])).stdout).toBe(back.stdout);
  });

  test('other environments end with 2 and what differs, unless that is wanted', async () => {
    const other = changed((stored) => {
      stored.environment.kernel = '4.4.0';
    });
    const { code, stdout, stderr } = await iolab(['compare', file, other]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/kernel: A has .*, B has 4\.4\.0\n.*--different-environments/);
    const told = await iolab(['compare', file, other, '--different-environments']);
    expect(told.code).toBe(0);
    expect(told.stdout).toMatch(/^Differs: kernel: A has/m);
  });

  test('nothing in common ends with 3', async () => {
    const other = changed((stored) => {
      for (const run of stored.runs) run.chunkBytes = 4096;
    });
    const { code, stderr } = await iolab(['compare', file, other]);
    expect([code, stderr]).toEqual([3, 'iolab: nothing to compare: no run of A has its like in B\n']);
  });

  test.each([
    ['no JSON', 'text', /argument B: .*JSON/],
    [
      'another kind of result',
      '{"schema":"iolab/calls@1"}',
      /argument B: .*"schema" is "iolab\/calls@1"; wanted is "iolab\/results@1"/,
    ],
    ['a version that is not known', '{"schema":"iolab/results@99"}', /"schema" is "iolab\/results@99"/],
    ['fields that are not there', '{"schema":"iolab/results@1","seconds":"7"}', /schema at \w+: /],
  ])('%s ends with 2', async (_, text, message) => {
    const wrong = tempPath();
    writeFileSync(wrong, text);
    const { code, stdout, stderr } = await iolab(['compare', file, wrong]);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, '']);
  });

  test('a file that is not there, or none, ends with 2', async () => {
    expect(await iolab(['compare', '/nonexistent.json', file])).toMatchObject({ code: 2 });
    expect(await iolab(['compare', file])).toMatchObject({ code: 2 });
    expect(widest((await iolab(['compare', '--help'])).stdout)).toBeLessThanOrEqual(80);
  });
});

describe('iolab report --format', () => {
  test('csv: a line for each run and metric; md: a table; --out writes a file', async () => {
    const { code, stdout } = await iolab(['report', file, '--format', 'csv']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^path,sink,fileBytes,chunkBytes,cache,metric,value,unit,instrument,ci_lo,ci_hi,missing\r\n/,
    );
    expect(stdout.match(/^read-write,tcp,65536,65536,warm,throughput,\d/gm)).toHaveLength(1);
    const out = tempPath();
    expect(await iolab(['report', file, '--format', 'md', '--out', out])).toMatchObject({ code: 0, stdout: '' });
    expect(readFileSync(out, 'utf8')).toMatch(/^\| sendfile \| /m);
  });

  test('a format that is none, or not of this file, ends with 2', async () => {
    expect((await iolab(['report', file, '--format', 'pdf'])).stderr).toMatch(/--format.*pdf.*text, csv, md/);
    const doctor = tempPath();
    expect((await iolab(['doctor', '--json', doctor])).code).toBe(0);
    const { code, stderr } = await iolab(['report', doctor, '--format', 'csv']);
    expect(stderr).toMatch(/"schema" is "iolab\/doctor@\d+"; wanted is "iolab\/results@1"/);
    expect(code).toBe(2);
  });
});

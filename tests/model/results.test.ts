import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { evidence, isMeasured, lacking } from '../../src/model/evidence.ts';
import { metrics, resultsJsonSchema } from '../../src/model/results.ts';
import { verifyJsonSchema } from '../../src/model/verify.ts';

describe('evidence', () => {
  test('is a value with its instrument, or a reason', () => {
    expect(evidence.safeParse({ value: 0, unit: 'calls', instrument: 'perf' }).success).toBe(true);
    expect(evidence.safeParse({ value: 1, unit: 's', instrument: 'rusage', ci: [0.9, 1.1] }).success).toBe(true);
    expect(evidence.safeParse(lacking('no tracefs')).success).toBe(true);
    expect(isMeasured(lacking('no tracefs'))).toBe(false);
  });

  test.each([
    ['nothing', {}],
    ['a bare number', 7],
    ['a value of no instrument', { value: 7, unit: 'calls' }],
    ['an empty reason', { missing: '' }],
    ['NaN', { value: Number.NaN, unit: 'calls', instrument: 'perf' }],
    ['a value and a reason', { value: 7, unit: 'calls', instrument: 'perf', missing: 'no' }],
  ])('is not %s', (_what, value) => {
    expect(evidence.safeParse(value).success).toBe(false);
  });
});

test('a run lacks no metric, not even one that could not be measured', () => {
  const all = Object.fromEntries(Object.keys(metrics.shape).map((name) => [name, lacking('not tried')]));
  expect(metrics.safeParse(all).success).toBe(true);
  const { syscalls: _, ...rest } = all;
  expect(metrics.safeParse(rest).success).toBe(false);
});

test.each([
  ['results', resultsJsonSchema],
  ['verify', verifyJsonSchema],
])(
  'docs/%s.schema.json is what the schema says: write it anew with `node scripts/results-schema.mjs`',
  (name, schema) => {
    const published = readFileSync(new URL(`../../docs/${name}.schema.json`, import.meta.url), 'utf8');
    expect(JSON.parse(published)).toEqual(JSON.parse(JSON.stringify(schema())));
  },
);

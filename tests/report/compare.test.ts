import { describe, expect, test } from 'vitest';
import { COMPARE_SCHEMA, type ComparedArm, type ComparedFigure, comparison } from '../../src/model/compare.ts';
import { lacking } from '../../src/model/evidence.ts';
import { renderComparison, renderStored } from '../../src/report/index.ts';
import { measured } from './results.ts';

const MIB = 2 ** 20;

function ratio(metric: ComparedFigure['metric'], value: number, verdict: ComparedFigure['verdict']): ComparedFigure {
  const change = { ratio: { value, ci: [value * 0.97, value * 1.03] as [number, number] }, noise: 1.02 };
  return { metric, a: measured(1000 * MIB), b: measured(1000 * MIB * value), change, verdict };
}

function counted(a: number, b: number, verdict: ComparedFigure['verdict']): ComparedFigure {
  const change = { difference: b - a, range: [b - a, b - a] as [number, number] };
  return { metric: 'syscalls', a: measured(a), b: measured(b), change, verdict };
}

function arm(path: string, figures: ComparedFigure[], fileBytes = 65536): ComparedArm {
  return { path, sink: 'tcp', fileBytes, chunkBytes: 65536, cache: 'warm', slices: [7, 7], figures };
}

function compared(arms: ComparedArm[], over: object = {}) {
  const source = {
    startedAt: new Date(0).toISOString(),
    iolab: '0.1.0',
    git: `${'c0ffee00'.repeat(5)}-dirty`,
    seed: 23,
  };
  return comparison.parse({
    ...{ schema: COMPARE_SCHEMA, a: source, b: source, differences: [], arms, onlyInA: [], onlyInB: [], warnings: [] },
    ...over,
  });
}

const LONG = arm('pump-read-write', [
  ratio('throughput', 0.123, 'worse'),
  ratio('senderCpuPerGiB', 12345, 'worse'),
  counted(123456, 2, 'better'),
  { ...counted(0, 0, 'unknown'), metric: 'modeSwitches', change: lacking('EACCES') },
]);

describe('two results as text', () => {
  test('what is worse comes first, then what is better, with both figures', () => {
    const text = renderComparison(
      compared([
        arm('splice', [counted(18, 17, 'better')]),
        arm('sendfile', [ratio('throughput', 0.8, 'worse')]),
        arm('read-write', [ratio('throughput', 1.01, 'same'), counted(17, 17, 'same')], MIB),
      ]),
    );
    expect(text).toContain('1 worse, 1 better, 2 same, 0 unknown, in 3 runs.');
    const [worse, better, table] = ['Worse: sendfile, 64 KiB, tcp: ', 'Better: splice', '64 KiB over'].map((line) =>
      text.indexOf(line),
    ) as [number, number, number];
    expect(worse).toBeGreaterThan(0);
    expect(better).toBeGreaterThan(worse);
    expect(table).toBeGreaterThan(better);
    expect(text.replace(/\s+/g, ' ')).toContain(
      'throughput 1000, then 800 MiB/s: 0.800 times (0.776 to 0.824; noise 1.02)',
    );
    expect(text).toContain('system calls 18, then 17 x');
    expect(text).toMatch(/^sendfile +0\.800 worse$/m);
    expect(text).toMatch(/^read-write +1\.01 +0$/m);
    expect(text).toContain('1 MiB over TCP loopback, 64 KiB a call, warm page cache');
    expect(text).toContain('iolab 0.1.0 (c0ffee00c0ff-dirty)');
  });

  test('fits 80 columns, also where figures are long, and tells a reason once', () => {
    const text = renderComparison(
      compared([LONG, { ...LONG, path: 'mmap-write' }], {
        differences: [{ field: 'mitigations.spec_store_bypass', a: 'Vulnerable '.repeat(9), b: 'x' }],
        onlyInA: [arm('null', []), arm('vmsplice', []), arm('splice', []), arm('sendfile', [])].map(
          ({ slices: _, figures: __, ...rest }) => rest,
        ),
        warnings: ['something is doubtful. '.repeat(9)],
      }),
    );
    expect(Math.max(...text.split('\n').map((line) => [...line].length))).toBeLessThanOrEqual(80);
    expect(text.match(/EACCES/g)).toHaveLength(1);
    expect(text).toContain('Only in A: null, 64 KiB, tcp; vmsplice, 64 KiB, tcp');
    expect(text).toContain('Differs: mitigations.spec_store_bypass: A has Vulnerable');
  });

  test('a stored comparison is shown as it was', () => {
    const stored = compared([LONG]);
    expect(renderStored(JSON.parse(JSON.stringify(stored)))).toBe(renderComparison(stored));
  });
});

import { describe, expect, test } from 'vitest';
import { runDoctor } from '../../src/lab/doctor.ts';
import { renderDoctor, renderResults, renderStored } from '../../src/report/index.ts';
import { measured, resultsOf, run } from './results.ts';

const MIB = 2 ** 20;
const cpu = (value: number, half: number) => ({ senderCpuPerGiB: measured(value, [value - half, value + half]) });

function widest(text: string): number {
  return Math.max(...text.split('\n').map((line) => [...line].length));
}

describe('bench paths', () => {
  test('shows a figure with its interval, and what is missing with its reason, once', () => {
    const text = renderResults(
      resultsOf([
        run('sendfile', {
          throughput: measured(100 * MIB, [90 * MIB, 105 * MIB]),
          syscalls: measured(17, undefined, 'perf-x'),
        }),
        run('splice', {
          throughput: measured(50 * MIB, [49 * MIB, 51 * MIB]),
          minorFaults: measured(3),
          majorFaults: measured(4),
        }),
      ]),
    );
    expect(text).toMatch(/^sendfile +100±10% +-\[1\] +17 +-\[1\] +-\[1\] +-\[1\] +-\[1\]$/m);
    expect(text).toMatch(/^splice +50\.0±2% .* 7 +-\[1\]$/m);
    expect(text.match(/not counted here/g)).toHaveLength(1);
    expect(text).toContain('perf-x (system calls)');
    expect(text).toContain('Warning: it was warm');
  });

  test('zero is a figure, not an absence', () => {
    const text = renderResults(
      resultsOf([run('sendfile', { voluntarySwitches: measured(0), involuntarySwitches: measured(0) })]),
    );
    expect(text).toMatch(/^sendfile .* 0\/0 /m);
  });

  test('copies: the sender’s, and those until the receiver holds the byte', () => {
    const text = renderResults(resultsOf([run('sendfile', { cpuCopies: measured(0), cpuCopiesTotal: measured(1) })]));
    expect(text).toMatch(/^sendfile .* 0\/1$/m);
  });

  test('names the best path where intervals and noise allow it', () => {
    const apart = [run('sendfile', cpu(1, 0.1)), run('read-write', cpu(2, 0.1)), run('null', cpu(0.1, 0.01))];
    expect(renderResults(resultsOf(apart))).toContain('Least sender CPU: sendfile, 0.500 times that of read-write.');
  });

  test.each([
    ['intervals touch', cpu(1, 0.6), [0.98, 1.02]],
    ['the same arm differs from itself as much', cpu(1, 0.1), [0.4, 1.1]],
  ] as const)('and no winner where %s', (_, first, noise) => {
    const text = renderResults(resultsOf([run('sendfile', first), run('splice', cpu(2, 0.6))], [...noise]));
    expect(text).toContain('Least sender CPU: no winner; sendfile, splice lie within the noise.');
  });

  test('fits 80 columns also where figures are long: intervals go first', () => {
    const long = (value: number) => measured(value, [value / 2, value * 2]);
    const wide = run('pump-read-write', {
      throughput: long(12345 * MIB),
      senderCpuPerGiB: long(0.123),
      syscalls: measured(123456),
      modeSwitches: measured(1234567),
      voluntarySwitches: measured(12345),
      involuntarySwitches: measured(12345),
      minorFaults: measured(123456),
      majorFaults: measured(0),
    });
    const text = renderResults(resultsOf([wide]));
    expect(widest(text)).toBeLessThanOrEqual(80);
    expect(text).toMatch(/pump-read-write +12345/);
  });

  test('groups by socket and size', () => {
    const unix = { ...run('sendfile', {}), sink: 'unix' as const, fileBytes: MIB };
    const text = renderResults(resultsOf([run('sendfile', {}), unix]));
    expect(text).toContain('64 KiB over TCP loopback, 64 KiB a call, warm page cache');
    expect(text).toContain('1 MiB over a UNIX socket');
  });
});

test('doctor tells every no with its cause and what to do', () => {
  const report = runDoctor();
  report.checks.push({
    group: 'calls',
    what: 'a call that nobody has',
    capability: { works: false, cause: 'ENOSYS: function not implemented' },
    seen: '',
    remedy: 'wait for a kernel that has it',
  });
  const text = renderDoctor(report);
  expect(text).toMatch(/^a call that nobody has +no +see below$/m);
  expect(text).toContain(
    'no a call that nobody has\n  because ENOSYS: function not implemented\n  what to do: wait for',
  );
  expect(widest(text)).toBeLessThanOrEqual(80);
});

test('renderStored says where a file departs from its schema', () => {
  const stored = JSON.parse(JSON.stringify(resultsOf([run('sendfile', {})])));
  expect(renderStored(stored)).toBe(renderResults(stored));
  stored.runs[0].sink = 'udp';
  expect(() => renderStored(stored)).toThrow(/at runs\.0\.sink/);
  expect(() => renderStored(null)).toThrow(/its schema is undefined/);
});

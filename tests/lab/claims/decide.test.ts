import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agree, type Case, type Control, type Expectation, type Verdict } from '../../../src/lab/claims/claim.ts';
import { decideCase, decideClaim, judgeCase, type Outcome, showExpectation } from '../../../src/lab/claims/decide.ts';
import { type Evidence, lacking } from '../../../src/model/evidence.ts';

const seen = (value: number, instrument = 'aliasing + watchpoint'): Evidence => ({ value, unit: 'copies', instrument });
const tried = (measured: Case['measured'], controls: readonly Control[] = []): Case => ({
  condition: '',
  measured,
  controls,
  evidence: [],
});
const good: Control = { what: 'a window of 23 calls', expected: 23, measured: seen(23) };
const bad: Control = { what: 'a window of 23 calls', expected: 23, measured: seen(22, 'perf') };

describe('a case', () => {
  test('holds if every figure is as expected', () => {
    expect(
      decideCase({ cpuCopies: 2, calls: { max: 3 } }, tried({ cpuCopies: seen(2), calls: seen(3) }, [good])),
    ).toEqual({
      verdict: 'holds',
      because:
        'expected cpuCopies 2, measured 2 by aliasing + watchpoint; expected calls at most 3, measured 3 by aliasing + watchpoint',
      wanting: [],
    });
  });

  test('fails by the figures that are not, and says those', () => {
    expect(decideCase({ cpuCopies: 0, calls: 1 }, tried({ cpuCopies: seen(1), calls: seen(1) }))).toEqual({
      verdict: 'fails',
      because: 'expected cpuCopies 0, measured 1 by aliasing + watchpoint',
      wanting: [],
    });
  });

  test('is unknown if a figure is missing, with the cause', () => {
    expect(decideCase({ cpuCopies: 0, calls: 1 }, tried({ cpuCopies: lacking('EPERM'), calls: seen(1) }))).toEqual({
      verdict: 'unknown',
      because: 'expected cpuCopies 0, not measured: EPERM',
      wanting: ['EPERM'],
    });
    expect(decideCase({ cpuCopies: 0 }, tried({}))).toMatchObject({
      verdict: 'unknown',
      because: expect.stringContaining('no figure for it'),
    });
  });

  test('fails if one figure refutes it, whatever is missing beside it', () => {
    expect(decideCase({ a: 0, b: 1 }, tried({ a: lacking('EPERM'), b: seen(2) })).verdict).toBe('fails');
  });

  test.each([
    ['came out wrong', bad, 'control "a window of 23 calls" expected 23, measured 22 by perf', []],
    [
      'could not be run',
      { ...bad, measured: lacking('no tracefs') },
      'control "a window of 23 calls" expected 23, not measured: no tracefs',
      ['no tracefs'],
    ],
  ])('is unknown if a control %s, even where a figure refutes it', (_what, control, because, wanting) => {
    expect(decideCase({ a: 0 }, tried({ a: seen(1) }, [good, control]))).toEqual({
      verdict: 'unknown',
      because,
      wanting,
    });
  });

  test('instruments that disagree, lost records and figures that are none are no want of an instrument', () => {
    const clash = agree('copies', [
      { instrument: 'aliasing', value: 0 },
      { instrument: 'watchpoint', value: 1 },
    ]);
    for (const evidence of [clash, lacking('3 records were lost'), seen(Number.NaN)])
      expect(decideCase({ a: 0, b: 0 }, tried({ a: evidence, b: lacking('EPERM') }))).toMatchObject({
        verdict: 'unknown',
        wanting: [],
      });
  });

  test('a figure that is none is stored as missing', () => {
    const { stored } = judgeCase({ a: 0, b: 1 }, tried({ a: seen(Number.NaN), c: seen(5) }));
    expect(stored.verdict).toBe('unknown');
    expect(stored.measured).toEqual({
      a: lacking('the experiment gave NaN by aliasing + watchpoint'),
      b: lacking('the experiment gave no figure for it'),
      c: seen(5),
    });
  });

  test('of a claim that expects nothing is unknown', () => {
    expect(decideCase({}, tried({ a: seen(1) })).verdict).toBe('unknown');
  });
});

describe('properties of a case', () => {
  const expectation: fc.Arbitrary<Expectation> = fc.oneof(
    fc.nat(9),
    fc.record({ min: fc.nat(9), max: fc.nat(9) }, { requiredKeys: [] }),
  );
  const evidence = fc.oneof(
    fc.nat(9).map((n) => seen(n)),
    fc.constant(lacking('EPERM')),
  );
  const figures = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.tuple(expectation, evidence), { minKeys: 1 });
  const split = (all: Record<string, [Expectation, Evidence]>) => ({
    expected: Object.fromEntries(Object.entries(all).map(([name, [wanted]]) => [name, wanted])),
    measured: Object.fromEntries(Object.entries(all).map(([name, [, found]]) => [name, found])),
  });
  const inside = ([wanted, found]: [Expectation, Evidence]) => {
    if ('missing' in found) return undefined;
    if (typeof wanted === 'number') return found.value === wanted;
    return (
      found.value >= (wanted.min ?? Number.NEGATIVE_INFINITY) && found.value <= (wanted.max ?? Number.POSITIVE_INFINITY)
    );
  };

  test('the worst figure decides: outside, missing, inside', () => {
    fc.assert(
      fc.property(figures, (all) => {
        const { expected, measured } = split(all);
        const each = Object.values(all).map(inside);
        const worst = each.includes(false) ? 'fails' : each.includes(undefined) ? 'unknown' : 'holds';
        expect(decideCase(expected, tried(measured)).verdict).toBe(worst);
      }),
    );
  });

  test('behind a wrong control nothing is decided', () => {
    fc.assert(
      fc.property(figures, (all) => {
        const { expected, measured } = split(all);
        expect(decideCase(expected, tried(measured, [bad])).verdict).toBe('unknown');
      }),
    );
  });

  test('figures that nothing was expected of decide nothing', () => {
    fc.assert(
      fc.property(figures, fc.nat(), (all, other) => {
        const { expected, measured } = split(all);
        const more = decideCase(expected, tried({ ...measured, other: seen(other) }));
        expect(more).toEqual(decideCase(expected, tried(measured)));
      }),
    );
  });
});

describe('a claim', () => {
  const outcome = (verdict: Verdict, condition: string = verdict): Outcome => ({
    condition,
    verdict,
    because: `because of ${verdict}`,
    wanting: verdict === 'unknown' ? ['EPERM'] : [],
  });
  const over = (...verdicts: Verdict[]) => decideClaim(verdicts.map((verdict) => outcome(verdict)));

  test.each<[Verdict[], Verdict]>([
    [[], 'unknown'],
    [['holds'], 'holds'],
    [['holds', 'holds'], 'holds'],
    [['fails', 'fails'], 'fails'],
    [['holds', 'fails'], 'depends'],
    [['unknown', 'unknown'], 'unknown'],
    [['holds', 'unknown'], 'unknown'],
    [['fails', 'unknown'], 'fails'],
    [['holds', 'fails', 'unknown'], 'unknown'],
  ])('over %j is %s', (verdicts, verdict) => expect(over(...verdicts).verdict).toBe(verdict));

  test('says which condition decided it, and what is missing', () => {
    expect(over('holds', 'unknown')).toEqual({
      verdict: 'unknown',
      because: 'unknown: because of unknown',
      wanting: ['EPERM'],
    });
    expect(over('holds', 'fails').because).toBe('holds: because of holds; fails: because of fails');
    expect(decideClaim([outcome('fails', '')]).because).toBe('because of fails');
  });

  test('the order of its cases does not matter', () => {
    const verdicts = fc.array(fc.constantFrom<Verdict>('holds', 'fails', 'unknown'), { maxLength: 6 });
    fc.assert(
      fc.property(verdicts, (some) => {
        expect(over(...some).verdict).toBe(over(...some.toReversed()).verdict);
        // one case alone never depends on anything
        if (new Set(some).size < 2) expect(over(...some).verdict).not.toBe('depends');
      }),
    );
  });
});

test.each<[Expectation, string]>([
  [2, '2'],
  [{ min: 2 }, 'at least 2'],
  [{ max: 5 }, 'at most 5'],
  [{ min: 2, max: 5 }, '2 to 5'],
  [{}, 'any number'],
])('%j reads as %s', (expectation, text) => expect(showExpectation(expectation)).toBe(text));

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { figure, Reasons, size, spread, table, wrap } from '../../src/report/text.ts';

describe('wrap', () => {
  test('loses no word and is never wider than told', () => {
    const text = fc.array(fc.stringMatching(/^[a-z/]{1,50}$/), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(text, fc.integer({ min: 10, max: 100 }), fc.integer({ min: 0, max: 6 }), (words, width, indent) => {
        const wrapped = wrap(words.join(' '), width, ' '.repeat(indent));
        for (const line of wrapped.split('\n')) expect(line.length).toBeLessThanOrEqual(width);
        expect(wrapped.replaceAll(/\s/g, '')).toBe(words.join(''));
      }),
    );
  });

  test('indents what follows the first line', () => {
    expect(wrap('one two three', 9, '    ', '  ')).toBe('  one two\n    three');
  });

  test('of nothing is nothing', () => {
    expect(wrap('', 10)).toBe('');
  });
});

test('a table has a rule under its heads, and cuts what is wider than its column', () => {
  const text = table(
    [
      { head: 'a', width: 4 },
      { head: 'two\nlines', align: 'right' },
    ],
    [['abcdefghij', '7']],
  );
  expect(text.split('\n')).toEqual(['a       two', '      lines', '-----------', 'abcd      7', 'efgh', 'ij']);
});

test('reasons are told once each and numbered', () => {
  const reasons = new Reasons();
  expect(['x', 'y', 'x'].map((reason) => reasons.mark(reason))).toEqual(['-[1]', '-[2]', '-[1]']);
  expect(reasons.render(80)).toEqual(['-[1] x', '-[2] y']);
});

test.each([
  [0, '0 B'],
  [1000, '1000 B'],
  [65536, '64 KiB'],
  [2 ** 30, '1 GiB'],
  [2 ** 50, '1024 TiB'],
])('size(%d) is %s', (bytes, text) => expect(size(bytes)).toBe(text));

test.each([
  [0, '0'],
  [0.12345, '0.123'],
  [1.2345, '1.23'],
  [123.4, '123'],
  [12345, '12345'],
  [0.000012, '0.000012'],
])('figure(%d) is %s', (value, text) => expect(figure(value)).toBe(text));

test('spread is the wider half of the interval', () => {
  expect(spread(100, [90, 105])).toBe('±10%');
  expect(spread(100, [99.9, 100.2])).toBe('±0.2%');
  expect(spread(100, undefined)).toBe('');
});

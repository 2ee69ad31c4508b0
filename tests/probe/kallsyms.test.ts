import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { addressOf, functionAt, kallsyms } from '../../src/probe/kallsyms.ts';
import { because, causeOf } from './cause.ts';

const cause = causeOf(kallsyms);

describe.skipIf(cause)(`names of kernel functions ${because(cause)}`, () => {
  test('an address within a function has its name, at its start and later', () => {
    const at = addressOf('_copy_to_iter') as bigint;
    expect(at >> 63n).toBe(1n);
    expect(functionAt(at)).toBe('_copy_to_iter');
    expect(functionAt(at + 16n)).toBe('_copy_to_iter');
    expect(functionAt(at - 1n)).not.toBe('_copy_to_iter');
  });

  test('as the file itself has it', () => {
    const [, address] = /^([0-9a-f]+) [tT] _copy_from_iter$/m.exec(readFileSync('/proc/kallsyms', 'utf8')) ?? [];
    expect(addressOf('_copy_from_iter')).toBe(BigInt(`0x${address}`));
  });

  test('what is no function of the kernel keeps its digits', () => {
    expect(functionAt(0x7fff_1234n)).toBe('0x7fff1234');
    expect(addressOf('no_such_function_anywhere')).toBeUndefined();
  });
});

test.skipIf(cause === undefined)(
  'without privilege there are no names, and the cause is told (skipped: they are here)',
  () => {
    expect(cause).toMatch(/CAP_SYSLOG|names no function/);
    expect(addressOf('_copy_to_iter')).toBeUndefined();
    expect(functionAt(0xffff_ffff_8100_0000n)).toBe('0xffffffff81000000');
  },
);

/** Sizes as people write them, on the command line and in files of claims. */
const UNITS: Readonly<Record<string, number>> = { '': 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

export const SIZE_HELP = 'Write a whole number of bytes, or one with KiB, MiB or GiB, such as 64KiB.';

/** `4096`, `64KiB`, `1MiB`: bytes. No `KB`, which is 1000 to some and 1024 to others, and no fractions: undefined. */
export function parseSize(text: string): number | undefined {
  const [, digits, unit] = text.match(/^(\d+)([A-Za-z]*)$/) ?? [];
  const factor = UNITS[unit ?? '?'];
  const bytes = Number(digits) * (factor ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

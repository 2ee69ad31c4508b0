/** What people type, strictly: a value that could mean two things is refused with the ways to write it. */
import { statSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { parseSize, SIZE_HELP } from '../model/size.ts';

/** As {@link parseSize} reads it. */
export function size(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined) throw new InvalidArgumentError(SIZE_HELP);
  return bytes;
}

/** {@link size} of at least one byte. */
export function chunk(text: string): number {
  const bytes = size(text);
  if (bytes === 0) throw new InvalidArgumentError('At least 1 byte has to be asked for, such as 64KiB.');
  return bytes;
}

/** `40s`, `2m`, `40`: seconds. */
export function seconds(text: string): number {
  const [, digits, unit] = text.match(/^(\d+(?:\.\d+)?)(s|m|)$/) ?? [];
  const value = Number(digits) * (unit === 'm' ? 60 : 1);
  if (!(value > 0)) throw new InvalidArgumentError('Write seconds or minutes above 0, such as 40s or 2m.');
  return value;
}

/** A whole number within bounds. */
export function whole(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw new InvalidArgumentError(`Write a whole number of ${low} to ${high}.`);
  };
}

/** `a,b,c`, each by `parse`; none twice. */
export function list<T>(parse: (text: string) => T): (text: string) => T[] {
  return (text) => {
    const items = text.split(',').map((item) => parse(item.trim()));
    if (new Set(items).size !== items.length) throw new InvalidArgumentError('One of them stands there twice.');
    return items;
  };
}

/** One of the names. */
export function oneOf<T extends string>(names: readonly T[]): (text: string) => T {
  return (text) => {
    const found = names.find((name) => name === text);
    if (found === undefined)
      throw new InvalidArgumentError(
        `${text === '' ? 'A name is missing' : `There is no ${text}`}; there are ${names.join(', ')}.`,
      );
    return found;
  };
}

/** A directory that is there. */
export function directory(text: string): string {
  if (statSync(text, { throwIfNoEntry: false })?.isDirectory()) return text;
  throw new InvalidArgumentError('It is no directory: make it first, or name another one.');
}

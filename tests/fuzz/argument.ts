/** How a generated argument is described, and what is wrong everywhere. */
import fc from 'fast-check';
import { native } from '../../src/native.ts';
import type { World } from './world.ts';

export const c = (name: string): number => native.constants[name] ?? 0;

/** The error that getters throw: the only foreign error that a call may let through. */
export const thrown = new Error('thrown by a getter');

export class Argument {
  readonly text: string;
  /** The call must be refused because of it. */
  readonly bad: boolean;
  readonly make: (world: World) => unknown;
  constructor(text: string, bad: boolean, make: (world: World) => unknown) {
    this.text = text;
    this.bad = bad;
    this.make = make;
  }
  toString(): string {
    return this.text;
  }
  [fc.toStringMethod](): string {
    return this.text;
  }
}

export const show = (v: unknown): string => {
  if (typeof v === 'bigint') return `${v}n`;
  if (typeof v === 'string') return JSON.stringify(v.length > 40 ? `${v.slice(0, 40)}...` : v);
  return Object.is(v, -0) ? '-0' : String(v);
};
export const good = (...values: unknown[]) =>
  fc.constantFrom(...values.map((v) => new Argument(show(v), false, () => v)));
export const bad = (...values: unknown[]) =>
  fc.constantFrom(...values.map((v) => new Argument(show(v), true, () => v)));
export const made = (text: string, isBad: boolean, make: (w: World) => unknown) => new Argument(text, isBad, make);

/** Objects that run code of ours when they are looked at: a decoder must refuse them without looking. */
export function trap(world: World, what: string): never {
  world.touched = what;
  throw thrown;
}
export const hostile = fc.constantFrom(
  made('{ valueOf() { throw } }', true, (w) => ({
    valueOf: () => trap(w, 'valueOf'),
    toString: () => trap(w, 'toString'),
  })),
  made('{ [Symbol.toPrimitive]() { throw } }', true, (w) => ({ [Symbol.toPrimitive]: () => trap(w, 'toPrimitive') })),
  made('{ get length() { throw } }', true, (w) => ({
    get length() {
      return trap(w, 'length');
    },
    get byteLength() {
      return trap(w, 'byteLength');
    },
  })),
  made('a Proxy of a Uint8Array', true, (w) => new Proxy(new Uint8Array(64), { get: () => trap(w, 'get') })),
  made('a Proxy of an array', true, (w) => new Proxy([], { get: () => trap(w, 'get'), has: () => trap(w, 'has') })),
);
export const neither = fc.oneof(
  bad('', '12', 'a string', true, false),
  fc.constantFrom(
    made('a symbol', true, () => Symbol('fuzz')),
    made('an object', true, () => ({})),
    made('an object without prototype', true, () => Object.create(null)),
    made('a function', true, () => () => 0),
    made('a date', true, () => new Date(0)),
  ),
  hostile,
);
export const nothing = (isBad: boolean) =>
  fc.constantFrom(
    made('undefined', isBad, () => undefined),
    made('null', isBad, () => null),
  );
export const noInteger = bad(
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0,
  0.5,
  -1.5,
  1e308,
  5e-324,
  2 ** 53,
);
export const anArray = fc.constantFrom(made('[1]', true, () => [1]));

export const sometimes = (usual: fc.Arbitrary<Argument>, odd: fc.Arbitrary<Argument>) =>
  fc.oneof({ weight: 11, arbitrary: usual }, { weight: 1, arbitrary: odd });
export const notNumber = (alsoNothing = true) => fc.oneof(neither, anArray, ...(alsoNothing ? [nothing(true)] : []));

export const int = (valid: fc.Arbitrary<Argument>) =>
  sometimes(valid, fc.oneof(noInteger, notNumber(), bad(2 ** 31, -(2 ** 31) - 1, 2 ** 32, 1n, 0n, -1n, 2n ** 64n)));
export const uint = (valid: fc.Arbitrary<Argument>) =>
  sometimes(valid, fc.oneof(noInteger, notNumber(), bad(-1, 2 ** 32, 1n, -(2 ** 31))));

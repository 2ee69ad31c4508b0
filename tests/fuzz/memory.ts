/** Memory of every sort that a call may be handed: fit, unfit, and none at all. */
import fc from 'fast-check';
import { type Argument, bad, good, made, neither, nothing, notNumber, sometimes, thrown } from './argument.ts';
import { World } from './world.ts';

export type Make = (buffer: ArrayBuffer, at: number, length: number) => ArrayBufferView;
export const Float16 = (globalThis as unknown as { Float16Array?: typeof Float64Array }).Float16Array;
export class Subclass extends Uint8Array {
  override get byteLength(): number {
    return 2 ** 40;
  }
  override get byteOffset(): number {
    return -4096;
  }
}
export const views: [string, Make][] = [
  ['Uint8Array', (b, at, n) => new Uint8Array(b, at, n)],
  ['Buffer', (b, at, n) => Buffer.from(b, at, n)],
  ['DataView', (b, at, n) => new DataView(b, at, n)],
  ['Int32Array', (b, at, n) => new Int32Array(b, at, n >> 2)],
  ['Float64Array', (b, at, n) => new Float64Array(b, at, n >> 3)],
  ['BigUint64Array', (b, at, n) => new BigUint64Array(b, at, n >> 3)],
  ['a subclass that lies', (b, at, n) => new Subclass(b, at, n)],
  [
    'a Uint8Array whose length is shadowed',
    (b, at, n) =>
      Object.defineProperties(new Uint8Array(b, at, n), {
        length: { value: 2 ** 40 },
        byteLength: { value: 2 ** 40 },
        buffer: { value: new ArrayBuffer(1 << 20) },
      }),
  ],
];
if (Float16) views.push(['Float16Array', (b, at, n) => new Float16(b, at, n >> 1)]);

export const LENGTHS = [0, 1, 3, 4, 7, 8, 12, 16, 32, 40, 64, 128, 144, 200, 256, 4096];

export type Resizable = new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
export const ResizableBuffer = ArrayBuffer as unknown as Resizable;
export const GrowableShared = SharedArrayBuffer as unknown as new (
  n: number,
  o: { maxByteLength: number },
) => SharedArrayBuffer;
export interface WasmMemory {
  Memory: new (size: { initial: number }) => { buffer: ArrayBuffer };
}
export const { Memory } = (globalThis as unknown as { WebAssembly: WasmMemory }).WebAssembly;
let wasm: ArrayBuffer | undefined;

export const fine = fc
  .tuple(fc.constantFrom(...views), fc.constantFrom(...LENGTHS), fc.constantFrom(0, 0xa5, 0xff))
  .map(([[name, view], length, fill]) =>
    made(`${name} of ${length} bytes of ${fill}`, false, (w) => {
      const buffer = new ArrayBuffer(World.room(length));
      return view(buffer, w.surround(buffer, length, fill), length);
    }),
  );
export const whole = fc.constantFrom(
  made('an ArrayBuffer', false, () => new ArrayBuffer(64)),
  made('the memory of WebAssembly', false, () => (wasm ??= new Memory({ initial: 1 }).buffer)),
);
export const detached = (view: Make, length: number) =>
  made('a detached view', true, () => {
    const buffer = new ArrayBuffer(length + 64);
    const out = view(buffer, 64, length);
    structuredClone(buffer, { transfer: [buffer] });
    return out;
  });
export const unfit = fc
  .tuple(fc.constantFrom(...views.filter(([n]) => n !== 'Buffer')), fc.constantFrom(...LENGTHS), fc.nat(5))
  .map(([[name, view], length, how]) => {
    switch (how) {
      case 0:
        return detached(view, length);
      case 1:
        return made(`${name} of resizable memory`, true, () =>
          view(new ResizableBuffer(length + 64, { maxByteLength: 8192 }), 64, length),
        );
      case 2:
        return made(
          'a length-tracking view',
          true,
          () => new Uint8Array(new ResizableBuffer(length, { maxByteLength: 1 << 20 })),
        );
      case 3:
        return made(`${name} of shared memory`, true, () =>
          view(new SharedArrayBuffer(length + 64) as unknown as ArrayBuffer, 64, length),
        );
      case 4:
        return made(
          'a view of growable shared memory',
          true,
          () => new Uint8Array(new GrowableShared(length, { maxByteLength: 8192 })),
        );
      default:
        return made('resizable memory that says it is not', true, () =>
          Object.defineProperty(new ResizableBuffer(length, { maxByteLength: 8192 }), 'resizable', { value: false }),
        );
    }
  });
export const noMemory = (alsoNothing: boolean) =>
  fc.oneof(
    { weight: 3, arbitrary: unfit },
    { weight: 2, arbitrary: notNumber(alsoNothing) },
    { weight: 1, arbitrary: bad(1n, Number.NaN) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        made('a SharedArrayBuffer', true, () => new SharedArrayBuffer(64)),
        made('an object with the prototype of Uint8Array', true, () => Object.create(Uint8Array.prototype)),
      ),
    },
  );
export const bytes = sometimes(
  fc.oneof({ weight: 9, arbitrary: fine }, { weight: 1, arbitrary: whole }),
  fc.oneof(noMemory(true), bad(0, 4096, -1)),
);
export const maybe = (of: fc.Arbitrary<Argument>) =>
  fc.oneof({ weight: 3, arbitrary: of }, { weight: 1, arbitrary: nothing(false) });
export const maybeBytes = maybe(sometimes(fine, fc.oneof(noMemory(false), bad(0, 4096))));
export const addresses = fc.oneof(
  fc.constantFrom(0, 4096, 8192, 16_383).map((n) => made(`mapping + ${n}`, false, (w) => w.address + n)),
  good(0, 1, 4096, 2 ** 31, 2 ** 47, 2 ** 53 - 1),
  fc.constantFrom(made('the end of the mapping', false, (w) => w.address + 16_384)),
);
export const struct = (size: number) => {
  const exact = fc.constantFrom(0, 0xa5).map((fill) =>
    made(`a Float64Array of ${Math.ceil(size / 8) * 8} bytes of ${fill}`, false, (w) => {
      const n = Math.ceil(size / 8) * 8;
      const buffer = new ArrayBuffer(World.room(n));
      return new Float64Array(buffer, w.surround(buffer, n, fill), n / 8);
    }),
  );
  const short = fc.constantFrom(...LENGTHS.filter((n) => n < size)).map((n) =>
    made(`${n} bytes where ${size} are needed`, true, (w) => {
      const buffer = new ArrayBuffer(World.room(n));
      return new Uint8Array(buffer, w.surround(buffer, n, 0), n);
    }),
  );
  const crooked = fc.constant(
    made('memory at an odd address', true, (w) => {
      const buffer = new ArrayBuffer(World.room(size + 9));
      return new Uint8Array(buffer, w.surround(buffer, size + 9, 0) + 1, size + 8);
    }),
  );
  return sometimes(
    fc.oneof({ weight: 4, arbitrary: exact }, { weight: 1, arbitrary: short }, { weight: 1, arbitrary: crooked }),
    noMemory(true),
  );
};
export const lengths = good(0, 1, 4, 16, 64, 128, 4096, -1, 2 ** 31 - 1, -(2 ** 31)).map((n) =>
  made(`Int32Array.of(${n})`, false, (w) => {
    const buffer = new ArrayBuffer(World.room(4));
    const view = new Int32Array(buffer, w.surround(buffer, 4, 0), 1);
    view[0] = Number(n.make(w));
    return view;
  }),
);
export const length = sometimes(lengths, noMemory(true));
export const maybeLength = maybe(sometimes(lengths, noMemory(false)));
export const iov = sometimes(
  fc.oneof(
    fc
      .array(fine, { maxLength: 4 })
      .map((list) => made(`[${list.join(', ')}]`, false, (w) => list.map((a) => a.make(w)))),
    fc.tuple(fine, unfit).map(([a, b]) => made(`[${a}, ${b}]`, true, (w) => [a.make(w), b.make(w)])),
    fc.constantFrom(
      made('1,024 buffers', false, () => Array(1024).fill(new Uint8Array(1))),
      made('1,025 buffers', true, () => Array(1025).fill(new Uint8Array(1))),
      made('an array with a hole', true, () => new Array(2).fill(new Uint8Array(1), 0, 1)),
      made('an array whose getter throws', true, () =>
        Object.defineProperty([new Uint8Array(4)], 1, {
          get: () => {
            throw thrown;
          },
        }),
      ),
      made('an array whose getter transfers the buffer before it', true, () => {
        const first = new Uint8Array(4096);
        return Object.defineProperty([first], 1, {
          get: () => {
            structuredClone(first.buffer, { transfer: [first.buffer] });
            return new Uint8Array(4);
          },
        });
      }),
    ),
  ),
  fc.oneof(neither, nothing(true), unfit, bad(1)),
);
export const pages = sometimes(
  fc
    .array(fc.tuple(addresses, fc.constantFrom(0, 1, 4096, 16_384, 16_385, -1, 0.5, Number.NaN, 2 ** 53)), {
      maxLength: 3,
    })
    .map((pairs) =>
      made(`pairs ${pairs.map(([a, n]) => `(${a}, ${n})`).join(' ')}`, false, (w) =>
        Float64Array.from(pairs.flatMap(([a, n]) => [Number(a.make(w)), n])),
      ),
    ),
  fc.oneof(noMemory(true), bad(1)),
);

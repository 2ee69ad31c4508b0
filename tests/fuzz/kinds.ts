/**
 * What may stand for a parameter of each kind: good values, values at the edges, and everything that is none. An
 * argument is generated as a description, and becomes a value when the call is made, because descriptors and memory
 * exist only then (and because fast-check can then print and shrink it).
 */
import fc from 'fast-check';
import { native } from '../../src/native.ts';
import { HIGH_FD, loopback, World } from './world.ts';

const c = (name: string): number => native.constants[name] ?? 0;

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

const show = (v: unknown): string => {
  if (typeof v === 'bigint') return `${v}n`;
  if (typeof v === 'string') return JSON.stringify(v.length > 40 ? `${v.slice(0, 40)}...` : v);
  return Object.is(v, -0) ? '-0' : String(v);
};
const good = (...values: unknown[]) => fc.constantFrom(...values.map((v) => new Argument(show(v), false, () => v)));
const bad = (...values: unknown[]) => fc.constantFrom(...values.map((v) => new Argument(show(v), true, () => v)));
const made = (text: string, isBad: boolean, make: (w: World) => unknown) => new Argument(text, isBad, make);

/** Objects that run code of ours when they are looked at: a decoder must refuse them without looking. */
function trap(world: World, what: string): never {
  world.touched = what;
  throw thrown;
}
const hostile = fc.constantFrom(
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
const neither = fc.oneof(
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
const nothing = (isBad: boolean) =>
  fc.constantFrom(
    made('undefined', isBad, () => undefined),
    made('null', isBad, () => null),
  );
const noInteger = bad(
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
const anArray = fc.constantFrom(made('[1]', true, () => [1]));

const sometimes = (usual: fc.Arbitrary<Argument>, odd: fc.Arbitrary<Argument>) =>
  fc.oneof({ weight: 11, arbitrary: usual }, { weight: 1, arbitrary: odd });
const notNumber = (alsoNothing = true) => fc.oneof(neither, anArray, ...(alsoNothing ? [nothing(true)] : []));

const int = (valid: fc.Arbitrary<Argument>) =>
  sometimes(valid, fc.oneof(noInteger, notNumber(), bad(2 ** 31, -(2 ** 31) - 1, 2 ** 32, 1n, 0n, -1n, 2n ** 64n)));
const uint = (valid: fc.Arbitrary<Argument>) =>
  sometimes(valid, fc.oneof(noInteger, notNumber(), bad(-1, 2 ** 32, 1n, -(2 ** 31))));

// --- numbers --------------------------------------------------------------------------------------------------------
const small = good(0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 64);
const flags = fc.oneof(
  { weight: 4, arbitrary: good(0) },
  { weight: 2, arbitrary: small },
  { weight: 1, arbitrary: fc.nat(30).map((n) => made(`1 << ${n}`, false, () => 2 ** n)) },
  { weight: 1, arbitrary: fc.integer().map((n) => made(String(n), false, () => n)) },
  { weight: 1, arbitrary: good(-1, 2 ** 31 - 1, -(2 ** 31)) },
);
const offsets = fc.oneof(
  good(
    0,
    1,
    4095,
    4096,
    65_535,
    65_536,
    2 ** 31,
    2 ** 32,
    2 ** 53 - 1,
    -1,
    -(2 ** 53) + 1,
    0n,
    4096n,
    -1n,
    2n ** 63n - 1n,
  ),
  fc.integer({ min: 0, max: 70_000 }).map((n) => made(String(n), false, () => n)),
);
const noOffset = (alsoNothing: boolean) =>
  fc.oneof(noInteger, notNumber(alsoNothing), bad(2n ** 63n, -(2n ** 63n) - 1n, 2n ** 64n));
const sizes = fc.oneof(
  good(0, 1, 4096, 65_536, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 0n, 4096n, 2n ** 63n - 1n),
  fc.integer({ min: 0, max: 70_000 }).map((n) => made(String(n), false, () => n)),
);
const noSize = fc.oneof(noInteger, notNumber(), bad(-1, -4096, -1n, 2n ** 63n, 2n ** 64n));
const u64 = good(0n, 1n, 2n ** 9n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n);
const noU64 = (alsoNothing: boolean) =>
  fc.oneof(notNumber(alsoNothing), bad(0, 1, -1, Number.NaN, -1n, 2n ** 64n, 2n ** 128n));

// --- descriptors ----------------------------------------------------------------------------------------------------
const NAMES =
  'file dir null memfd pipeRead pipeWrite unixA unixB listener tcp udp epoll eventfd timerfd otherPipe perf copy'.split(
    ' ',
  );
const named = (...names: string[]) =>
  fc.constantFrom(...names.map((n) => made(`fd(${n})`, false, (w) => w.fds.get(n) ?? -1)));
// -100 is AT_FDCWD. Small numbers are left out: whatever they stand for is not the fuzz's to touch.
const strange = good(-1, -2, -100, -(2 ** 31), 800, 2 ** 20, 2 ** 31 - 1);
const guarded = fc.nat(30).map((i) => made('fd of the event loop', true, (w) => w.guarded[i % w.guarded.length]));
const fd = int(
  fc.oneof(
    { weight: 18, arbitrary: named(...NAMES) },
    { weight: 2, arbitrary: strange },
    { weight: 1, arbitrary: guarded },
  ),
);
const foreign = fc.constant(made('fd of node:fs', true, (w) => w.foreign));

// --- memory ---------------------------------------------------------------------------------------------------------
type Make = (buffer: ArrayBuffer, at: number, length: number) => ArrayBufferView;
const Float16 = (globalThis as unknown as { Float16Array?: typeof Float64Array }).Float16Array;
class Subclass extends Uint8Array {
  override get byteLength(): number {
    return 2 ** 40;
  }
  override get byteOffset(): number {
    return -4096;
  }
}
const views: [string, Make][] = [
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

const LENGTHS = [0, 1, 3, 4, 7, 8, 12, 16, 32, 40, 64, 128, 144, 200, 256, 4096];

type Resizable = new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
const ResizableBuffer = ArrayBuffer as unknown as Resizable;
const GrowableShared = SharedArrayBuffer as unknown as new (
  n: number,
  o: { maxByteLength: number },
) => SharedArrayBuffer;
interface WasmMemory {
  Memory: new (size: { initial: number }) => { buffer: ArrayBuffer };
}
const { Memory } = (globalThis as unknown as { WebAssembly: WasmMemory }).WebAssembly;
let wasm: ArrayBuffer | undefined;

const fine = fc
  .tuple(fc.constantFrom(...views), fc.constantFrom(...LENGTHS), fc.constantFrom(0, 0xa5, 0xff))
  .map(([[name, view], length, fill]) =>
    made(`${name} of ${length} bytes of ${fill}`, false, (w) => {
      const buffer = new ArrayBuffer(World.room(length));
      return view(buffer, w.surround(buffer, length, fill), length);
    }),
  );
const whole = fc.constantFrom(
  made('an ArrayBuffer', false, () => new ArrayBuffer(64)),
  made('the memory of WebAssembly', false, () => (wasm ??= new Memory({ initial: 1 }).buffer)),
);
const detached = (view: Make, length: number) =>
  made('a detached view', true, () => {
    const buffer = new ArrayBuffer(length + 64);
    const out = view(buffer, 64, length);
    structuredClone(buffer, { transfer: [buffer] });
    return out;
  });
const unfit = fc
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
const noMemory = (alsoNothing: boolean) =>
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
const bytes = sometimes(
  fc.oneof({ weight: 9, arbitrary: fine }, { weight: 1, arbitrary: whole }),
  fc.oneof(noMemory(true), bad(0, 4096, -1)),
);
const maybe = (of: fc.Arbitrary<Argument>) =>
  fc.oneof({ weight: 3, arbitrary: of }, { weight: 1, arbitrary: nothing(false) });
const maybeBytes = maybe(sometimes(fine, fc.oneof(noMemory(false), bad(0, 4096))));
const addresses = fc.oneof(
  fc.constantFrom(0, 4096, 8192, 16_383).map((n) => made(`mapping + ${n}`, false, (w) => w.address + n)),
  good(0, 1, 4096, 2 ** 31, 2 ** 47, 2 ** 53 - 1),
  fc.constantFrom(made('the end of the mapping', false, (w) => w.address + 16_384)),
);
const struct = (size: number) => {
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
const lengths = good(0, 1, 4, 16, 64, 128, 4096, -1, 2 ** 31 - 1, -(2 ** 31)).map((n) =>
  made(`Int32Array.of(${n})`, false, (w) => {
    const buffer = new ArrayBuffer(World.room(4));
    const view = new Int32Array(buffer, w.surround(buffer, 4, 0), 1);
    view[0] = Number(n.make(w));
    return view;
  }),
);
const length = sometimes(lengths, noMemory(true));
const maybeLength = maybe(sometimes(lengths, noMemory(false)));
const iov = sometimes(
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
const pages = sometimes(
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

// --- addresses of sockets: nothing that leads off this machine ---------------------------------------------------------
const unix = (name: string) => Uint8Array.from([c('AF_UNIX'), 0, ...Buffer.from(name)]);
const sockaddr = sometimes(
  fc.oneof(
    fc.constantFrom(
      made('127.0.0.1:0', false, loopback),
      made('an abstract UNIX name', false, () => unix('\0iolab-fuzz')),
      made('a UNIX path', false, () => unix('made-socket\0')),
      made('AF_UNSPEC', false, () => new Uint8Array(16)),
      made('AF_INET, cut short', false, () => loopback().subarray(0, 5)),
      made('AF_INET6, cut short', false, () => Uint8Array.from([c('AF_INET6'), 0, 0])),
    ),
    fc.constantFrom(
      made('one byte', true, () => new Uint8Array(1)),
      made('a family that is none', true, () => new Uint8Array(16).fill(0xa5)),
      made('129 bytes', true, () => new Uint8Array(129)),
    ),
  ),
  noMemory(true),
);

const length0 = (n: number) => made(String(n), false, () => n);
const kinds: Record<string, fc.Arbitrary<Argument>> = {
  fd,
  ownFd: int(fc.oneof(named(...NAMES), bad(-1, 800, 2 ** 31 - 1), foreign)),
  targetFd: int(fc.oneof(named(...NAMES), good(HIGH_FD, HIGH_FD + 1, -1, 2 ** 31 - 1))),
  dupTarget: int(fc.oneof(named(...NAMES), good(HIGH_FD, HIGH_FD + 1, -1, 2 ** 31 - 1), foreign, guarded)),
  fdOrGuarded: int(fc.oneof(named(...NAMES), strange)),
  epollFd: int(fc.oneof(named('epoll'), named(...NAMES), bad(-1, 800))),
  // -1 where the call takes none, or makes a new one
  fdOrNone: fc.oneof(good(-1), fd),
  epollOp: int(fc.oneof(good(1, 2, 3), flags)),
  perfRequest: uint(
    fc.oneof(good(c('PERF_EVENT_IOC_ENABLE'), c('PERF_EVENT_IOC_DISABLE'), c('PERF_EVENT_IOC_RESET')), small),
  ),
  pipeRead: int(named('pipeRead')),
  pipeWrite: int(named('pipeWrite')),
  sink: int(fc.oneof(named('null'), strange, guarded)),
  int: int(flags),
  flags: int(flags),
  uint: uint(fc.oneof(small, fc.nat().map(length0), good(2 ** 32 - 1))),
  pid: int(fc.oneof(good(0, process.pid, -1, 2 ** 31 - 1, 2 ** 30))),
  size: sometimes(sizes, noSize),
  pumpLength: sometimes(good(0, 1, 100, 4096, 65_536, 2 ** 20, 4096n), noSize),
  mapLength: sometimes(good(0, 1, 4096, 4097, 16_384, 2 ** 31, 2 ** 40, 2 ** 47, 2 ** 53 - 1, 2n ** 63n - 1n), noSize),
  offset: sometimes(offsets, noOffset(true)),
  maybeOffset: sometimes(maybe(offsets), noOffset(false)),
  u64: sometimes(u64, noU64(true)),
  maybeU64: sometimes(maybe(u64), noU64(false)),
  count: sometimes(
    maybe(good(0, 1, 4, 64, 4096)),
    fc.oneof(noInteger, notNumber(false), bad(-1, 65_537, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 1n)),
  ),
  from: sometimes(
    maybe(good(0, 1, 4, 64)),
    fc.oneof(noInteger, notNumber(false), bad(-1, 65_537, 2 ** 32, 2 ** 53 - 1, 1n)),
  ),
  items: int(good(0, 1, 2, 5, 21, -1, 4096, 2 ** 31 - 1, -(2 ** 31))),
  nfds: int(good(0, 1, 63, 64, 65, 512, 1024, 1025, -1, 2 ** 31 - 1)),
  milliseconds: int(good(0, 1)),
  timeout: sometimes(
    good(0, 0.5, 1e-9, 1, 0n, 1n, 100_000n),
    fc.oneof(neither, anArray, bad(Number.NaN, -2, -0.5, Number.POSITIVE_INFINITY, 1e300, -1n, 2n ** 63n)),
  ),
  path: sometimes(
    good('file', 'missing', 'dir', 'dir/../file', '.', '/dev/null', '/proc/self/status', 'made', ''),
    fc.oneof(bad('a\0b', 'x'.repeat(4096), 'é'.repeat(4000), 1, 1n, Number.NaN), anArray, nothing(true), hostile),
  ),
  memory: sometimes(
    fc.oneof({ weight: 4, arbitrary: fine }, { weight: 1, arbitrary: whole }, { weight: 1, arbitrary: addresses }),
    fc.oneof(noMemory(true), bad(-1, 0.5, -0, 2 ** 53)),
  ),
  address: sometimes(
    addresses,
    fc.oneof(
      noMemory(true),
      bad(-1, 0.5, -0, 2 ** 53),
      fine.map((a) => made(a.text, true, a.make)),
    ),
  ),
  bytes,
  maybeBytes,
  length,
  maybeLength,
  iov,
  pages,
  sockaddr,
  maybeSockaddr: fc.oneof(
    { weight: 3, arbitrary: sockaddr.filter((a) => !/undefined|null/.test(a.text)) },
    { weight: 1, arbitrary: nothing(false) },
  ),
  // a limit of nothing would leave the fuzz itself without descriptors: only what no kernel grants
  limit: fc.oneof(
    nothing(false),
    fc.constant(
      made('a limit beyond what there can be', false, () => new Float64Array(new Uint8Array(16).fill(0xa5).buffer)),
    ),
    noMemory(false),
  ),
  maybeStruct16: maybe(struct(16).filter((a) => !/^(undefined|null)$/.test(a.text))),
  maybeStruct32: maybe(struct(32).filter((a) => !/^(undefined|null)$/.test(a.text))),
  perfAttr: fc.oneof(
    fc.constant(
      made('a software counter', false, () => {
        const attr = new Uint32Array(28);
        attr.set([c('PERF_TYPE_SOFTWARE'), 112, c('PERF_COUNT_SW_PAGE_FAULTS')]);
        return attr;
      }),
    ),
    bytes,
  ),
  family: int(fc.oneof(good(1, 2, 10), flags)),
  socketType: int(
    fc
      .oneof(good(1, 2, 5), flags)
      .map((a) => made(`${a} | SOCK_NONBLOCK`, a.bad, (w) => Number(a.make(w)) | c('SOCK_NONBLOCK'))),
  ),
  level: int(fc.oneof(good(0, 1, 6, 17, 41, 58, -1), flags)),
  option: int(fc.nat(80).map(length0)),
  fcntl: int(fc.oneof(good(0, 1, 2, 3, 4, 1030, 1031, 1032, 1033, 1034), flags)),
  // all that creators make is non-blocking, since a later call may meet it under the number of something closed
  nonblock: int(flags.map((a) => made(`${a} | O_NONBLOCK`, false, (w) => Number(a.make(w)) | c('O_NONBLOCK')))),
  spliceFlags: uint(good(2, 3, 6, 7, 2 ** 31 + 2)),
  // never filled in beforehand and never locked: a large one would take the machine's memory
  mapFlags: int(
    fc.oneof(
      good(1, 2, 0x21, 0x22),
      flags.map((a) => made(`${a} & ~(POPULATE | LOCKED)`, false, (w) => Number(a.make(w)) & ~0xa000)),
    ),
  ),
  boundEvents: int(fc.oneof(good(1, 2, 1024), bad(0, -1, 2 ** 20 + 1, 2 ** 31 - 1))),
  callback: sometimes(
    fc.constant(made('a function', false, () => () => {})),
    fc.oneof(nothing(true), anArray, hostile, bad(0, '', 1n)),
  ),
  watchId: int(
    fc.oneof(
      fc.nat(3).map((i) => made(`watch ${i}`, false, (w) => w.watch(i))),
      good(0, 1, -1, 2 ** 31 - 1),
    ),
  ),
  times: int(fc.oneof(good(1, 2, 3), bad(0, -1, 1_000_000_001))),
};

/** `fd/epoll` is a descriptor that is often the epoll object, so that more than the checks is reached. */
export function kind(name: string): fc.Arbitrary<Argument> {
  const size = /^struct(\d+)$/.exec(name)?.[1];
  const [base = '', often] = name.split('/');
  const found = size === undefined ? kinds[base] : struct(Number(size));
  if (!found) throw new Error(`no generator for arguments of the kind ${name}`);
  return often === undefined
    ? found
    : fc.oneof({ weight: 3, arbitrary: named(often) }, { weight: 2, arbitrary: found });
}

/** Whether the parameter may be left out. */
export const optional = (name: string): boolean => /^(count|from|timeout|limit|maybe.*)$/.test(name);
/** Whether leaving it out waits for ever. */
export const mustStay = (name: string): boolean => name === 'timeout';

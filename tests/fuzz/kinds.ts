/**
 * What may stand for a parameter of each kind: good values, values at the edges, and everything that is none. An
 * argument is generated as a description, and becomes a value when the call is made, because descriptors and memory
 * exist only then (and because fast-check can then print and shrink it).
 */
import fc from 'fast-check';
import {
  type Argument,
  anArray,
  bad,
  c,
  good,
  hostile,
  int,
  made,
  neither,
  noInteger,
  nothing,
  notNumber,
  sometimes,
  uint,
} from './argument.ts';
import {
  addresses,
  bytes,
  fine,
  iov,
  length,
  maybe,
  maybeBytes,
  maybeLength,
  noMemory,
  pages,
  struct,
  whole,
} from './memory.ts';
import { HIGH_FD, loopback } from './world.ts';

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
  // a fresh network has no loopback, which the other calls need: never exactly CLONE_NEWNET
  foreignNamespaces: int(flags.map((a) => made(`${a} | CLONE_NEWUTS`, false, (w) => Number(a.make(w)) | 0x0400_0000))),
  // the names that `path` has are no devices: whatever is set here is set nowhere
  ethtool: uint(fc.oneof(good(c('ETHTOOL_GSG'), c('ETHTOOL_SSG'), c('ETHTOOL_GTSO'), c('ETHTOOL_SGRO')), small)),
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

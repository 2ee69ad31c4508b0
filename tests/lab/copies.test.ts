import { afterEach, describe, expect, test, vi } from 'vitest';
import { Mapping } from '../../src/io/mapping.ts';
import { CopyTrials, type Via, type Way, whyNot } from '../../src/lab/claims/measured-copies.ts';
import { measureCopies, PAYLOAD } from '../../src/lab/copies.ts';
import { openRoute } from '../../src/lab/routes.ts';
import { scrambled, unnamedFile } from '../../src/lab/unnamed.ts';
import { type Path, type PathName, paths } from '../../src/paths/index.ts';
import { type Place, pageWatchpoints, userWatchpoints, Watchpoints } from '../../src/probe/watchpoint.ts';
import { poll } from '../../src/sys/poll.ts';

/** 100 to be sure; a few are enough to see that it works. */
const RUNS = Number(process.env.IOLAB_RUNS ?? 5);
const watchpoints = userWatchpoints().works ? pageWatchpoints() : userWatchpoints();
const both = watchpoints.works ? 'aliasing + watchpoint' : 'aliasing (one instrument)';
const veth = whyNot('veth');
const refused = watchpoints.works ? '' : ` (skipped: ${watchpoints.cause})`;
const unless = veth === undefined ? '' : ` (skipped: ${veth})`;

const COPIES: Readonly<Record<Exclude<PathName, 'null'>, number>> = {
  'read-write': 2,
  'mmap-write': 1,
  sendfile: 0,
  splice: 0,
  vmsplice: 1,
};
const names = Object.keys(COPIES) as (keyof typeof COPIES)[];

const PATIENCE = 20;

/** Tests of other files use debug registers as well, and there are four: whoever finds them taken comes again. */
function measured(way: Way) {
  for (let i = 1; ; i++) {
    using trials = new CopyTrials(new AbortController().signal);
    const found = trials.copies(way);
    const taken = found.evidence.some(({ saw }) => saw.startsWith('nothing: ENOSPC'));
    if (!taken || i === PATIENCE) return found;
  }
}

function found(via: Via, storage: 'disk' | 'tmpfs' = 'disk') {
  return names.map((path) => {
    const { cpuCopies, cpuCopiesTotal } = measured({ path, via, storage });
    return { path, cpuCopies, cpuCopiesTotal };
  });
}

function wanted(copies: (path: keyof typeof COPIES) => number) {
  const figure = (value: number) => ({ value, unit: 'copies per byte', instrument: both });
  return names.map((path) => ({
    path,
    cpuCopies: figure(copies(path)),
    cpuCopiesTotal: figure(copies(path) + 1),
  }));
}

describe(`by ${both}, ${RUNS} times in a row`, { timeout: 5000 * RUNS + 30_000 }, () => {
  test.each(['tcp', 'unix'] as const)('each path copies as often as it is said to: %s', (via) => {
    for (let run = 0; run < RUNS; run++) expect(found(via), `run ${run}`).toEqual(wanted((path) => COPIES[path]));
  });

  test.skipIf(veth !== undefined)(`the same over a veth pair with scatter-gather${unless}`, () => {
    for (let run = 0; run < RUNS; run++)
      expect(found('veth, scatter-gather on'), `run ${run}`).toEqual(wanted((path) => COPIES[path]));
  });

  test.skipIf(veth !== undefined)(`without scatter-gather whatever was by reference is copied${unless}`, () => {
    const device = { sendfile: 1, splice: 1, vmsplice: 1, 'read-write': 0, 'mmap-write': 0 };
    for (let run = 0; run < RUNS; run++)
      expect(found('veth, scatter-gather off'), `run ${run}`).toEqual(wanted((path) => COPIES[path] + device[path]));
  });

  test('from tmpfs the same', () => {
    expect(found('unix', 'tmpfs')).toEqual(wanted((path) => COPIES[path]));
  });
});

function takeAll(places: readonly Place[]): Watchpoints {
  for (let i = 1; ; i++)
    try {
      return new Watchpoints(places);
    } catch (error) {
      if (i === 1000) throw error;
      poll(new Uint8Array(0), 0, 5);
    }
}

describe('an instrument that is broken', () => {
  test.skipIf(!watchpoints.works)(
    `taken debug registers are a missing figure, and leave nothing in the sockets${refused}`,
    () => {
      using pair = openRoute('unix');
      using file = unnamedFile('disk', scrambled(PAYLOAD));
      using memory = Mapping.anonymous(4);
      memory.lock();
      const places = [0, 1, 2, 3].map((i) => ({ label: 'taken', address: memory.address + i, access: 'w' as const }));
      const taken = takeAll(places);
      try {
        for (const path of ['read-write', 'sendfile'] as const) {
          const { cpuCopies, evidence } = measureCopies({ path, pair, file });
          expect(cpuCopies).toMatchObject({ value: COPIES[path], instrument: 'aliasing (one instrument)' });
          expect(evidence[1]).toMatchObject({
            instrument: 'watchpoint',
            saw: expect.stringMatching(/^nothing: ENOSPC: /),
          });
        }
      } finally {
        taken.close();
      }
      expect(measureCopies({ path: 'sendfile', pair, file }).cpuCopies).toMatchObject({ value: 0 });
    },
  );

  test.skipIf(watchpoints.works)(
    'without watchpoints the cause is named, and aliasing stands alone (skipped where they work)',
    () => {
      using pair = openRoute('unix');
      using file = unnamedFile('tmpfs', scrambled(PAYLOAD));
      const { cpuCopies, evidence } = measureCopies({ path: 'sendfile', pair, file });
      expect(cpuCopies).toMatchObject({ value: 0, instrument: 'aliasing (one instrument)' });
      expect(evidence[1]?.saw).toMatch(/^nothing: ./);
    },
  );
});

describe('a path that copies where it says that it does not', () => {
  afterEach(() => void vi.restoreAllMocks());

  /** No mock: the real calls read(2) and write(2) under another name, whose memory nobody is told of. */
  const cheat: Path = {
    name: 'splice',
    start: (...given) => {
      const transfer = paths['read-write'].start(...given);
      return Object.defineProperty(Object.create(transfer, forwarded(transfer)), 'buffers', { value: [] });
    },
  };
  const forwarded = (transfer: object): PropertyDescriptorMap => {
    const on = (name: string) => Reflect.get(transfer, name) as unknown;
    const call = (name: string) => ({ value: () => (on(name) as () => unknown).call(transfer) });
    return {
      step: call('step'),
      close: call('close'),
      [Symbol.dispose]: call('close'),
      ...Object.fromEntries(['taken', 'delivered', 'left', 'calls', 'error'].map((n) => [n, { get: () => on(n) }])),
    };
  };

  test('is found out by whatever instruments there are', () => {
    const honest = measured({ path: 'splice', via: 'unix' }).cpuCopies;
    vi.spyOn(paths as Record<PathName, Path>, 'splice', 'get').mockReturnValue(cheat);
    const { cpuCopies, evidence } = measured({ path: 'splice', via: 'unix' });
    expect(honest).toMatchObject({ value: 0, instrument: both });
    expect(cpuCopies).toMatchObject({ value: 1, instrument: both });
    expect(evidence[0]?.saw).toMatch(/^file > socket copied \(4 of 4\)/);
    if (watchpoints.works) expect(evidence[1]?.saw).toMatch(/^the file's page: _copy_to_iter/);
  });
});

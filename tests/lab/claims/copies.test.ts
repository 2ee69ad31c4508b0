import { describe, expect, test } from 'vitest';
import { copiesClaims } from '../../../src/lab/claims/copies.ts';
import { whyNot } from '../../../src/lab/claims/measured-copies.ts';
import { syscalls } from '../../../src/probe/index.ts';
import { pageWatchpoints } from '../../../src/probe/watchpoint.ts';
import { judged } from './judged.ts';

const judge = (id: string) => judged(copiesClaims, id);
const watchpoints = pageWatchpoints();
const veth = whyNot('veth');
const unless = veth === undefined ? '' : ` (skipped: ${veth})`;
const counted = syscalls.capability();
const uncounted = counted.works ? '' : ` (skipped: ${counted.cause})`;
const both = watchpoints.works ? 'aliasing + watchpoint' : 'aliasing (one instrument)';

/** Each claim and its verdict here, where everything is at hand. */
test.skipIf(veth !== undefined)(`every verdict is the one on record${unless}`, { timeout: 60_000 }, async () => {
  for (const { id, recorded } of copiesClaims) expect([id, (await judge(id)).verdict]).toEqual([id, recorded]);
});

test.skipIf(veth === undefined)(
  'what cannot be tried is unknown, with its cause (skipped: all routes can be had)',
  async () => {
    for (const id of [
      'sendfile-with-scatter-gather',
      'sendfile-without-scatter-gather',
      'splice-needs-no-scatter-gather',
    ]) {
      const { verdict, because } = await judge(id);
      expect(verdict).toBe('unknown');
      expect(because).toContain(veth);
    }
    for (const id of [
      'traditional-two-cpu-copies',
      'mmap-saves-one-copy',
      'sendfile-descriptors-only',
      'vmsplice-one-copy',
    ])
      expect([id, (await judge(id)).verdict]).toEqual([id, 'holds']);
  },
);

test('every claim is said in two languages, and has an id of its own', () => {
  for (const { statement } of copiesClaims) expect(statement.zh).toMatch(/\p{Script=Han}/u);
  expect(new Set(copiesClaims.map(({ id }) => id)).size).toBe(copiesClaims.length);
});

test('a judge that is told to stop stops, and closes what it had', async () => {
  const stop = AbortSignal.abort(new Error('enough'));
  const claim = copiesClaims.find(({ id }) => id === 'receiver-always-copies');
  await expect((async () => claim?.judge(stop))()).rejects.toThrow('enough');
});

describe('scatter-gather', () => {
  test.skipIf(veth !== undefined)(`the verdict flips with it${unless}`, async () => {
    const { verdict, because } = await judge('sendfile-no-cpu-copy');
    expect(verdict).toBe('depends');
    expect(because).toMatch(/scatter-gather on: expected cpuCopies 0, measured 0 by/);
    expect(because).toMatch(/scatter-gather off: expected cpuCopies 0, measured 1 by/);
    expect(await judge('splice-needs-no-scatter-gather')).toMatchObject({
      verdict: 'fails',
      figures: { cpuCopies: 1 },
    });
  });
});

describe('mmap', () => {
  test.skipIf(!counted.works)(
    `munmap counts as well, and the faults inside write are no mode switches${uncounted}`,
    async () => {
      const { verdict, figures, because } = await judge('mmap-four-switches');
      expect(verdict).toBe('depends');
      expect(figures).toMatchObject({ modeSwitches: 4, contextSwitches: 0, syscalls: 2, userFaults: 0 });
      expect(figures.faults).toBeGreaterThanOrEqual(1);
      expect(because).toMatch(/with the munmap that gives it back: expected modeSwitches 4, measured 6/);
    },
  );

  test('a fault brings in the pages around', async () => {
    const { verdict, figures } = await judge('mmap-fault-per-page');
    expect(verdict).toBe('fails');
    expect(figures.faultsPer64KiB).toBeLessThan(2);
    expect(figures.faultsPer64KiB).toBeGreaterThan(0);
  });

  test('what is mapped is in the page cache, and nowhere else', async () => {
    expect(await judge('mmap-skips-kernel-buffer')).toMatchObject({
      verdict: 'fails',
      figures: { pagesInKernelBuffer: 8, mappingShowsLaterChanges: 1 },
    });
  });
});

describe('splice', () => {
  test('a file system without splice_read and O_DIRECT change the verdict', async () => {
    const any = await judge('splice-any-file');
    expect(any.verdict).toBe('depends');
    expect(any.because).toMatch(/\/proc\/self\/status: expected errno 0, measured 22/);
    const own = await judge('splice-own-pages');
    expect(own.verdict).toBe('depends');
    expect(own.because).toMatch(/O_DIRECT: expected ownPagesShare 1, measured 0/);
  });

  test.skipIf(!counted.works)(`two calls a chunk${uncounted}`, async () => {
    expect(await judge('splice-two-calls')).toMatchObject({
      verdict: 'holds',
      figures: { syscalls: 2, modeSwitches: 4 },
    });
    expect(await judge('sendfile-one-call')).toMatchObject({
      verdict: 'holds',
      figures: { syscalls: 1, modeSwitches: 2 },
    });
  });
});

describe('read and write', () => {
  test('four copies: from a cold file the disk supplies each byte once, from a warm one none', async () => {
    const { verdict, figures, because } = await judge('traditional-four-copies');
    expect(verdict).toBe('depends');
    expect(figures).toMatchObject({ cpuCopies: 2, cpuCopiesTotal: 3, diskTransfers: 1 });
    expect(figures.cardTransfers).toMatch(/^no card lies on this route/);
    expect(because).toMatch(
      /warm page cache, over TCP loopback: expected diskTransfers 1, measured 0 by proc-thread-io/,
    );
  });

  test('two copies by the CPU, and a third by the receiver', async () => {
    const { verdict, figures, measured } = await judge('traditional-two-cpu-copies');
    expect(verdict).toBe('holds');
    expect(figures).toEqual({ cpuCopies: 2, cpuCopiesTotal: 3, receiverCopies: 1 });
    expect(measured.cpuCopies).toMatchObject({ instrument: both });
    expect(await judge('traditional-receiver-copies-too')).toMatchObject({ verdict: 'holds' });
  });

  test.skipIf(!counted.works)(`four mode switches and no context switch${uncounted}`, async () => {
    expect(await judge('traditional-four-switches')).toMatchObject({
      verdict: 'holds',
      figures: { modeSwitches: 4, contextSwitches: 0, syscalls: 2, userFaults: 0 },
    });
    expect(await judge('traditional-four-context-switches')).toMatchObject({ verdict: 'fails' });
  });

  test('no context switch, whoever counts', async () => {
    const { verdict, figures } = await judge('traditional-four-context-switches');
    expect(verdict).toBe('fails');
    expect(figures.contextSwitches).toBe(0);
  });

  test.skipIf(counted.works)(
    'what a program says of its own calls is no measurement (skipped: the kernel counts)',
    async () => {
      for (const id of ['traditional-four-switches', 'sendfile-one-call', 'splice-two-calls']) {
        const claim = copiesClaims.find((one) => one.id === id);
        const [tried] = (await claim?.judge(new AbortController().signal)) ?? [];
        expect([id, tried?.measured.modeSwitches]).toEqual([
          id,
          { missing: expect.stringMatching(/^needs the system calls: perf-sys-enter: ./) },
        ]);
      }
    },
  );
});

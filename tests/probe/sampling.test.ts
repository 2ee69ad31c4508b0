import { describe, expect, test } from 'vitest';
import { File } from '../../src/io/file.ts';
import {
  copyingShare,
  foldedStacks,
  isCopyFunction,
  Sampler,
  sampling,
  share,
  shareOf,
} from '../../src/probe/sampling.ts';
import { memfdCreate, pread } from '../../src/sys/fd.ts';
import { because, causeOf } from './cause.ts';

describe('a share', () => {
  test.each([
    // Wilson 1927, and worked tables of it: no lower end below 0, no upper end above 1
    [0, 10, 0, 0.2775],
    [10, 10, 0.7225, 1],
    [5, 10, 0.2366, 0.7634],
    [23, 100, 0.1584, 0.3215],
    [1, 1, 0.2065, 1],
  ])('%i of %i lies between %f and %f', (hits, samples, low, high) => {
    const { value, ci } = shareOf(hits, samples);
    expect(value).toBe(hits / samples);
    expect(ci[0]).toBeCloseTo(low, 3);
    expect(ci[1]).toBeCloseTo(high, 3);
  });

  test('of nothing is none', () => {
    expect(() => shareOf(0, 0)).toThrow('0 of 0 samples are no share');
    expect(() => shareOf(2, 1)).toThrow(RangeError);
  });
});

test.each([
  ['_copy_to_iter', true],
  ['_copy_from_iter', true],
  ['copy_page_to_iter', true],
  ['copy_folio_from_iter_atomic', true],
  ['_copy_from_user', true],
  ['rep_movs_alternative', true],
  ['skb_copy_datagram_iter', true],
  ['__arch_copy_to_user', true],
  ['memcpy_orig', true],
  ['copy_process', false],
  ['tcp_sendmsg_locked', false],
  ['filemap_read', false],
  ['clear_page_erms', false],
  ['memset', false],
])('%s moves payload: %s', (name, copies) => {
  expect(isCopyFunction(name)).toBe(copies);
});

test('stacks are folded from the outside in, the most frequent one first', () => {
  const deep = ['_copy_to_iter', 'filemap_read', 'user mode'];
  const stacks = [['do_syscall_64', 'user mode'], deep, deep];
  expect(foldedStacks({ intervalNs: 1, stacks })).toEqual([
    'user mode;filemap_read;_copy_to_iter 2',
    'user mode;do_syscall_64 1',
  ]);
  expect(share({ intervalNs: 1, stacks }, (name) => name === 'filemap_read')).toMatchObject({ hits: 2, samples: 3 });
});

const cause = causeOf(sampling);
describe.skipIf(cause)(`a sampled thread ${because(cause)}`, () => {
  /** CPU time, not time: on a busy machine the thread does not run all the while. */
  function burn(ms: number, turn: () => void): void {
    const start = process.cpuUsage();
    for (let used = 0; used < ms * 1000; ) {
      for (let i = 0; i < 10; i++) turn();
      const { user, system } = process.cpuUsage(start);
      used = user + system;
    }
  }

  test('that reads copies; that computes does not', () => {
    using file = File.own(memfdCreate('iolab-test', 0));
    const buffer = new Uint8Array(1 << 20);
    file.pwrite(buffer, 0);
    using sampler = new Sampler();
    const reading = copyingShare(sampler.during(() => burn(60, () => pread(file.fd, buffer, undefined, 0))));
    let x = 1;
    const computing = copyingShare(
      sampler.during(() =>
        burn(60, () => {
          for (let i = 0; i < 100_000; i++) x = (x * 1_103_515_245 + 12_345) % 2_147_483_648;
        }),
      ),
    );
    expect(x).toBeGreaterThan(0);
    expect(reading.samples).toBeGreaterThan(20);
    expect(reading.ci[0]).toBeGreaterThan(computing.ci[1]);
  });

  test('has a flame graph with the copy above the call', () => {
    using file = File.own(memfdCreate('iolab-test', 0));
    const buffer = new Uint8Array(1 << 20);
    file.pwrite(buffer, 0);
    using sampler = new Sampler({ intervalNs: 100_000 });
    const profile = sampler.during(() => burn(40, () => pread(file.fd, buffer, undefined, 0)));
    const lines = foldedStacks(profile);
    expect(lines.join('\n')).toMatch(/^user mode;.*pread.*;_copy_to_iter\S* \d+$/m);
    const total = lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    expect(total).toBe(profile.stacks.length);
    expect(profile.intervalNs).toBe(100_000);
  });

  test('that does not run has no samples', () => {
    using sampler = new Sampler();
    expect(() => copyingShare(sampler.profile())).toThrow('0 of 0 samples');
  });
});

test.skipIf(cause === undefined)('what is missing is told (skipped: it works here)', () => {
  expect(cause).toMatch(/kallsyms|perf_event_open|cpu-clock|known to copy/);
});

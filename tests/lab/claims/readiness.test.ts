import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { Mapping } from '../../../src/io/mapping.ts';
import {
  control,
  Descriptors,
  figure,
  listedIn,
  nofile,
  send,
  watch,
  withNofile,
} from '../../../src/lab/claims/readiness.ts';
import { growthExponent, repeatedly } from '../../../src/lab/claims/readiness-cost.ts';
import { bytesNeeded, EdgeMemory, kernelTouches } from '../../../src/lab/claims/readiness-memory.ts';
import { userWatchpoints } from '../../../src/probe/watchpoint.ts';
import { EPOLLIN } from '../../../src/sys/epoll.ts';
import { fionread, read, write } from '../../../src/sys/fd.ts';
import { snapshot } from '../../support/guard.ts';

const { EFAULT } = constants.errno;
const watchpoints = userWatchpoints();

describe('Descriptors', () => {
  test('closes what it made, but for what was closed before', () => {
    const before = snapshot().descriptors;
    {
      using own = new Descriptors();
      const [a, b] = own.pair();
      own.close(own.duplicates(a, 23)[7] as number);
      send(b);
      expect(fionread(a)).toBe(1);
      expect(snapshot().descriptors.length).toBe(before.length + 24);
    }
    expect(snapshot().descriptors).toEqual(before);
  });

  test('says how many numbers there are when one is not to be had', () => {
    using own = new Descriptors();
    const [a] = own.pair();
    expect(() => own.duplicate(a, nofile())).toThrow(/^EMFILE: .* raise RLIMIT_NOFILE \(ulimit -n\), which is \d+/);
    withNofile(317, () => expect(() => own.duplicates(a, 317)).toThrow(/^EMFILE: .* which is 317/));
    withNofile(317, () => {
      expect(() => {
        for (let i = 0; i < 317; i++) own.pair();
      }).toThrow(/^EMFILE: .* is 317/);
    });
  });

  test('what an epoll object watches is counted by the kernel', () => {
    using own = new Descriptors();
    const epfd = own.epoll();
    const [a] = own.pair();
    for (const fd of own.duplicates(a, 23)) watch(epfd, fd, EPOLLIN);
    expect(listedIn(epfd)).toBe(23);
    expect(listedIn(999_999)).toMatchObject({ missing: expect.stringContaining('ENOENT') });
  });
});

test('withNofile puts the limit back, also after an error', () => {
  const before = nofile();
  expect(withNofile(317, nofile)).toBe(317);
  expect(() =>
    withNofile(317, () => {
      throw new Error('inside');
    }),
  ).toThrow('inside');
  expect(nofile()).toBe(before);
});

test('readings that differ are no figure', () => {
  expect(figure('bytes', { a: 23, b: 23 })).toEqual({ value: 23, unit: 'bytes', instrument: 'a + b' });
  expect(figure('bytes', { a: 23, b: 24 })).toMatchObject({ missing: expect.stringContaining('disagree') });
  expect(control('what', 1, 'a', 2)).toMatchObject({ expected: 1, measured: { value: 2 } });
});

test.each([
  [0, () => 7],
  [1, (n: number) => 3 * n],
  [2, (n: number) => 5 * n * n],
])('growthExponent is %d', (exponent, cost) => {
  expect(growthExponent([64, 128, 1024].map((n) => [n, cost(n)] as const))).toBeCloseTo(exponent);
});

test('repeatedly reports a call that failed', () => {
  expect(() => repeatedly('read', 1, 999_999, new Uint8Array(1))).toThrow(/EBADF/);
  expect(() => repeatedly('no such call', 1)).toThrow('no loop of');
});

describe('memory with an edge', () => {
  test('a call that wants n bytes is found to need n', () => {
    using own = new Descriptors();
    const [a, b] = own.pair();
    for (const n of [1, 23, 4095, 4096, 4099]) {
      const needed = bytesNeeded(n + 8, 1, (memory) => {
        const result = write(b, memory, n);
        if (result > 0) read(a, new Uint8Array(result));
        // what was there before the edge may have gone out already
        return result === n ? n : -EFAULT;
      });
      expect(needed).toBe(n);
    }
  });

  test('needs nothing where nothing faults', () => {
    expect(bytesNeeded(64, 8, () => 0)).toBe(0);
  });

  test('gives back its mapping', () => {
    using edge = new EdgeMemory(1);
    expect(edge.reaching(8, 16)).toHaveLength(16);
  });
});

describe('kernelTouches', () => {
  const touch = (reads: number, writes: number) => {
    using own = new Descriptors();
    const [a, b] = own.pair();
    using memory = Mapping.anonymous(1);
    memory.lock();
    let calls = 0;
    const touched = kernelTouches(memory.address, () => {
      for (let i = 0; i < reads; i++) calls += write(b, memory.address, 1);
      for (let i = 0; i < writes; i++) calls += read(a, memory.address, 1);
    });
    return { calls, ...touched, chains: touched.chains.length };
  };

  test.skipIf(!watchpoints.works)('of a byte: 23 reads and 7 writes, and none of none', () => {
    expect(touch(23, 7)).toEqual({ calls: 30, reads: 23, writes: 7, chains: 30 });
    expect(touch(0, 0)).toEqual({ calls: 0, reads: 0, writes: 0, chains: 0 });
  });

  test.skipIf(watchpoints.works)('does the work unwatched where there are no watchpoints, and says so', () => {
    const missing = { missing: expect.any(String) };
    expect(touch(23, 7)).toEqual({ calls: 30, reads: missing, writes: missing, chains: 0 });
  });
});

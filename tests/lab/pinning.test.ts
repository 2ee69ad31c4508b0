import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { choosePinning, pinThisThread } from '../../src/lab/pinning.ts';
import { schedGetaffinity, schedSetaffinity } from '../../src/sys/process.ts';
import { isSet } from '../../src/sys/select.ts';

const before = new Uint8Array(1024);

/** The CPUs that this thread may use. */
function allowed(): number[] {
  const mask = new Uint8Array(1024);
  const bytes = schedGetaffinity(0, mask);
  return Array.from({ length: bytes * 8 }, (_, cpu) => cpu).filter((cpu) => isSet(mask, cpu));
}

beforeEach(() => {
  expect(schedGetaffinity(0, before)).toBeGreaterThan(0);
});

afterEach(() => {
  expect(schedSetaffinity(0, before)).toBe(0);
});

describe('choosePinning', () => {
  test('gives two CPUs of those allowed, or none where there is one', () => {
    const cpus = allowed();
    const chosen = choosePinning();
    expect(chosen).toEqual(cpus.length < 2 ? null : { sender: cpus[0], receiver: cpus[1] });
  });

  test('has nothing to give to a thread with one CPU', async () => {
    await pinThisThread(allowed()[0] ?? -1);
    expect(choosePinning()).toBeNull();
  });
});

describe('pinThisThread', () => {
  test('moves this thread there', async () => {
    const last = allowed().at(-1) ?? -1;
    await pinThisThread(last);
    expect(allowed()).toEqual([last]);
  });

  test('says which call refused a CPU that is not there', async () => {
    await expect(pinThisThread(8000)).rejects.toMatchObject({ code: 'EINVAL', syscall: 'sched_setaffinity' });
  });
});

/**
 * The leak guard around every test: descriptors (with what they point to), mappings that this addon made, file-backed
 * mappings of the process, and threads must be after a test what they were before it.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { native } from '../../src/native.ts';

export interface Snapshot {
  descriptors: string[];
  mappings: number;
  files: string[];
  threads: number;
}

export function snapshot(): Snapshot {
  const descriptors: string[] = [];
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      descriptors.push(`${fd} -> ${readlinkSync(`/proc/self/fd/${fd}`)}`);
    } catch {
      // the descriptor that readdir itself used
    }
  }
  const files = readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .map((line) => line.slice(73).trim())
    // what V8, libc and the loader map comes and goes with the test runner's own work
    .filter((name) => name.startsWith('/') && !/\.(so|node|ts|js|mjs|cjs)\b|\/node$|locale|gconv/.test(name));
  return {
    descriptors: descriptors.sort(),
    mappings: native.runtime.mappings(),
    files: [...new Set(files)].sort(),
    threads: readdirSync('/proc/self/task').length,
  };
}

let before: Snapshot;

beforeAll(async () => {
  // libuv starts its four pool threads at the first asynchronous file operation: that is not a leak of the test's
  await Promise.all([1, 2, 3, 4].map(() => stat('/')));
});

beforeEach(() => {
  before = snapshot();
});

/** Compares again for a while: Node closes sockets and ends workers a few turns after it says that it did. */
export async function settled(expected: Snapshot, ms = 2000): Promise<Snapshot> {
  const deadline = performance.now() + ms;
  for (;;) {
    const now = snapshot();
    const clean =
      now.mappings === expected.mappings &&
      now.threads <= expected.threads &&
      now.descriptors.every((d) => expected.descriptors.includes(d)) &&
      now.files.every((f) => expected.files.includes(f));
    if (clean || performance.now() > deadline) return now;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

afterEach(async () => {
  const after = await settled(before);
  expect(
    after.descriptors.filter((d) => !before.descriptors.includes(d)),
    'descriptors that the test left open',
  ).toEqual([]);
  expect(after.mappings, 'mappings that the test left behind').toBe(before.mappings);
  expect(
    after.files.filter((f) => !before.files.includes(f)),
    'files that the test left mapped',
  ).toEqual([]);
  expect(after.threads, 'threads that the test left running').toBeLessThanOrEqual(before.threads);
});

/**
 * Whatever the native surface is called with, the answer is a number, a TypeError or a RangeError that names the argument;
 * never a crash, never a changed byte outside the buffer. `IOLAB_FUZZ_SEED` and `IOLAB_FUZZ_CALLS` choose another run.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runNode } from '../support/run.ts';

const seed = Number(process.env.IOLAB_FUZZ_SEED ?? 20_260_101);
const calls = Number(process.env.IOLAB_FUZZ_CALLS ?? 110_000);
const directory = mkdtempSync(join(tmpdir(), 'iolab-fuzz-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test(`${calls.toLocaleString('en')} calls of the whole surface with anything (seed ${seed})`, {
  timeout: 300_000,
}, async () => {
  const { code, signal, output } = await runNode(
    'tests/fuzz/surface.child.ts',
    [`${seed}`, `${calls}`, 'result.json'],
    {
      cwd: directory,
      nodeArgs: ['--expose-gc'],
      // a call that sends a file into itself would go on until the disk is full
      fileSizeLimit: 16 << 20,
      timeout: 280_000,
    },
  );
  const diary = join(directory, 'diary');
  const last = existsSync(diary) ? readFileSync(diary, 'utf8').trim() : 'none';
  const how = `the fuzz ended with ${signal ?? code}; seed ${seed}, last call: ${last}\n${output}`;
  expect(existsSync(join(directory, 'result.json')), how).toBe(true);
  const result = JSON.parse(readFileSync(join(directory, 'result.json'), 'utf8'));
  console.log(
    `fuzz: seed ${seed}, ${result.calls} calls of ${result.targets} functions: ${JSON.stringify(result.outcomes)}`,
  );
  expect(result.failure, `seed ${seed}`).toBeUndefined();
  expect(code, how).toBe(0);
  expect(result.calls).toBeGreaterThanOrEqual(calls);
  // the checks must not be all that is reached
  expect(result.targets - result.silent.length).toBeGreaterThan(result.targets * 0.9);
});

/** Child processes: for what may kill one, or needs flags or an environment of its own. */
import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import { addonEnv, script } from './compiled.ts';

export interface RunOptions {
  /** Of Node. */
  flags?: readonly string[];
  /** Of the script: `process.argv[2]` and on. */
  args?: readonly string[];
  env?: NodeJS.ProcessEnv;
}

/** Runs a module of this source (see {@link script}) in a new Node, and expects it to exit with 0. */
export function run(source: string, options: RunOptions = {}): { stdout: string; stderr: string } {
  const { flags = [], args = [], env = {} } = options;
  const child = spawnSync(process.execPath, [...flags, script(source), ...args], {
    env: { ...process.env, ...addonEnv, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    // the test's own time-out cannot interrupt a synchronous wait
    timeout: Number(process.env.IOLAB_CHILD_TIMEOUT ?? 120_000),
    killSignal: 'SIGKILL',
  });
  expect({ status: child.status, signal: child.signal }, child.stderr).toEqual({ status: 0, signal: null });
  return child;
}

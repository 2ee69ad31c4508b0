/** Child processes: for what may kill one, or needs flags or an environment of its own. */
import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import { addonEnv, script } from './compiled.ts';

/** Runs a module of this source (see {@link script}) in a new Node, and expects it to exit with 0. */
export function run(
  source: string,
  flags: string[] = [],
  env: NodeJS.ProcessEnv = {},
): { stdout: string; stderr: string } {
  const child = spawnSync(process.execPath, [...flags, script(source)], {
    env: { ...process.env, ...addonEnv, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  expect({ status: child.status, signal: child.signal }, child.stderr).toEqual({ status: 0, signal: null });
  return child;
}

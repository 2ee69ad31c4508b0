/** Runs the command as a user does: bin/iolab.js on the built dist (`npm run build`), in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const bin = join(import.meta.dirname, '..', '..', 'bin', 'iolab.js');

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Options {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Called once the process runs. */
  running?: (child: ChildProcess) => void;
}

export function iolab(args: readonly string[], { cwd, env, running }: Options = {}): Promise<Ended> {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text));
  running?.(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...ended, code }));
  });
}

/** Width of the widest line, in columns (nothing here is wider than one). */
export function widest(text: string): number {
  return Math.max(...text.split('\n').map((line) => [...line].length));
}

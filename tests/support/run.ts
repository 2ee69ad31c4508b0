/** Runs a TypeScript file of this project in a Node of its own, on the same addon as the test. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** stdout and stderr, in the order in which they came. */
  output: string;
}

export interface RunOptions {
  cwd?: string;
  nodeArgs?: readonly string[];
  /** Killed after this many ms; `signal` is then SIGKILL. */
  timeout?: number;
  env?: NodeJS.ProcessEnv;
  /** RLIMIT_FSIZE of the child, in bytes. */
  fileSizeLimit?: number;
}

/** `file` is a path from the root of the project. */
export function runNode(file: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Ended> {
  const { cwd = root, nodeArgs = [], timeout = 60_000, env = {}, fileSizeLimit } = options;
  const loader = join(root, 'tests', 'support', 'typescript.mjs');
  const node = [process.execPath, ...nodeArgs, '--import', loader, join(root, file), ...args];
  // Node ignores SIGXFSZ, so a write past the limit answers EFBIG; dash counts in blocks of 512 bytes
  const limited = ['sh', '-c', `ulimit -f ${Math.ceil((fileSizeLimit ?? 0) / 512)}; exec "$@"`, 'sh', ...node];
  const [command = 'node', ...rest] = fileSizeLimit === undefined ? node : limited;
  const child = spawn(command, rest, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    timeout,
    killSignal: 'SIGKILL',
  });
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, output }));
  });
}

/**
 * The command line: arguments only. Exit codes: 0 done, 1 a result that is wrong, 2 usage, 3 this environment cannot, and
 * 130 or 143 after Ctrl-C or SIGTERM.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { everything } from './all.ts';
import { benchCallsCommand } from './bench-calls.ts';
import { benchPathsCommand } from './bench-paths.ts';
import { compareCommand } from './compare.ts';
import { doctorCommand } from './doctor.ts';
import { Interrupted } from './interrupt.ts';
import { reportCommand } from './report.ts';
import { traceCommand } from './trace.ts';
import { Judged } from './verdict.ts';
import { verifyCommand } from './verify.ts';

const WRONG = 1;
const USAGE = 2;
const CANNOT = 3;

const FOOTER = `
Sizes are whole bytes or KiB, MiB, GiB: 64KiB. Text goes to stdout, progress to
stderr; with --json and no FILE, JSON goes to stdout and the text to stderr.
Exit: 0 done, 1 a result is wrong, 2 usage, 3 this environment cannot.`;

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function program(): Command {
  const root = new Command('iolab')
    .description('A lab for Linux I/O: without a command, all of it: doctor, verify, bench paths, bench calls.')
    .version(version())
    // options after a command are that command's, also where this one has them, too
    .enablePositionalOptions()
    .addHelpText('after', FOOTER);
  // before any command is made: they inherit it
  root.exitOverride().configureHelp({ helpWidth: Math.min(process.stdout.columns || 80, 100) });
  everything(root);
  doctorCommand(root);
  verifyCommand(root);
  traceCommand(root);
  const bench = root.command('bench').description('measure: see iolab bench --help');
  benchPathsCommand(bench);
  benchCallsCommand(bench);
  reportCommand(root);
  compareCommand(root);
  // an unknown command is an argument too many, and `everything` has better words for it; commands do not inherit this
  root.allowExcessArguments();
  return root;
}

/** Runs one command line; answers the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  if (process.platform !== 'linux') return say(`these are Linux system calls; this is ${process.platform}`, CANNOT);
  // somebody who reads only the first lines (head) is no error of ours
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  try {
    await program().parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    return verdict(error);
  }
}

function verdict(error: unknown): number {
  // commander has said it already
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (error instanceof Interrupted || error instanceof Judged) return say(error.message, error.exitCode);
  const { message, code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof RangeError && code === undefined) return say(message, USAGE);
  const cannot = syscall !== undefined || code === 'MODULE_NOT_FOUND' || code === 'ERR_DLOPEN_FAILED';
  if (cannot || /No native build was found/.test(message))
    return say(`${message}\n(iolab doctor says what this environment allows)`, CANNOT);
  return say(process.env.IOLAB_DEBUG ? String((error as Error).stack) : message, WRONG);
}

function say(sentence: string, exitCode: number): number {
  process.stderr.write(`iolab: ${sentence}\n`);
  return exitCode;
}

import type { Command } from 'commander';
import type { CallsBenchOptions } from '../lab/calls.ts';
import { renderCalls } from '../report/index.ts';
import { list, whole } from './arguments.ts';
import { interruptible } from './interrupt.ts';
import { emit, JSON_HELP, JSON_OPTION, type Json, jsonTarget } from './output.ts';
import { Progress } from './progress.ts';

interface Flags extends Omit<CallsBenchOptions, 'calls'> {
  only?: string[];
  json?: Json;
}

export function benchCallsCommand(bench: Command): void {
  bench
    .command('calls')
    .description('what one system call costs from TypeScript, in C++ loops, and through koffi')
    .option(
      '--only <LIST>',
      'of the calls, such as epollWait,read (default: all that have a loop in C++)',
      list(String),
    )
    .option('--rounds <N>', 'how often each is timed (default 41)', whole(5, 100_000))
    .option('--batch <N>', 'calls in one timed piece (default 1000)', whole(1, 1_000_000))
    .option('--seed <N>', 'repeat the order of an earlier run', whole(0, 2 ** 32 - 1))
    .option(JSON_OPTION, JSON_HELP, jsonTarget)
    .action(async ({ only, json, ...options }: Flags, command: Command) => {
      const { HOT_CALLS } = await import('../lab/calls.ts');
      const calls = only?.map((name) => {
        const known = HOT_CALLS.find((call) => call === name);
        return (
          known ??
          command.error(`error: option '--only <LIST>': there is no ${name}; there are ${HOT_CALLS.join(', ')}`)
        );
      });
      await interruptible(async (signal) => {
        emit(await runCalls(calls === undefined ? options : { ...options, calls }, signal), json, renderCalls);
        // interrupted: the rounds until then are shown and stored
        signal.throwIfAborted();
      });
    });
}

/** Runs the bench under a progress display. */
export async function runCalls(options: CallsBenchOptions, signal: AbortSignal) {
  const { runCallsBench } = await import('../lab/calls.ts');
  const progress = new Progress();
  try {
    return await runCallsBench({ ...options, signal }, ({ round, rounds }) => {
      progress.show('Timing single calls', ` ${round}/${rounds}`);
    });
  } finally {
    progress.end();
  }
}

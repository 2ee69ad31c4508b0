import type { Command } from 'commander';
import type { PathsBenchOptions, PathsBenchProgress } from '../lab/options.ts';
import { ARM_NAMES } from '../lab/options.ts';
import { renderResults, size as showSize } from '../report/index.ts';
import { chunk, directory, list, oneOf, seconds, size, whole } from './arguments.ts';
import { interruptible } from './interrupt.ts';
import { emit, JSON_HELP, JSON_OPTION, type Json, jsonTarget } from './output.ts';
import { Progress } from './progress.ts';

interface Flags extends Omit<PathsBenchOptions, 'sinks'> {
  sink?: PathsBenchOptions['sinks'];
  json?: Json;
}

export function benchPathsCommand(bench: Command): void {
  bench
    .command('paths')
    .description('each way of sending a real file through a real socket: time, CPU, calls, switches, faults')
    .option('--paths <LIST>', `of ${ARM_NAMES.join(', ')}`, list(oneOf(ARM_NAMES)))
    .option('--sizes <LIST>', 'file sizes (default 64KiB,1MiB,64MiB)', list(size))
    .option('--chunk <SIZE>', 'bytes that one call asks for (default 64KiB)', chunk)
    .option('--sink <LIST>', 'of tcp, unix (default tcp)', list(oneOf(['tcp', 'unix'] as const)))
    .option('--cache <LIST>', 'of warm (default warm)', list(oneOf(['warm'] as const)))
    .option('--time <TIME>', 'length of the timing pass (default 40s); verifying and counting come on top', seconds)
    .option('--rounds <N>', 'slices of each path in the timing pass', whole(2, 10_000))
    .option('--no-pumps', 'without the C++ loops beside the paths')
    .option('--no-pin', 'let the scheduler place sender and receiver, instead of a CPU each')
    .option('--seed <N>', 'repeat the order of an earlier run', whole(0, 2 ** 32 - 1))
    .option('--directory <DIR>', 'make the files in DIR (default: a new directory under TMPDIR)', directory)
    .option(JSON_OPTION, JSON_HELP, jsonTarget)
    .action(async ({ json, sink, ...options }: Flags) => {
      const wanted: PathsBenchOptions = sink === undefined ? options : { ...options, sinks: sink };
      const results = await interruptible((signal) => runPaths(wanted, signal));
      emit(results, json, renderResults);
    });
}

/** Runs the bench under a progress display. */
export async function runPaths(options: PathsBenchOptions, signal: AbortSignal) {
  const { runPathsBench } = await import('../lab/paths-bench.ts');
  const progress = new Progress();
  try {
    return await runPathsBench({ ...options, signal }, (at) => progress.show(...sentence(at)));
  } finally {
    progress.end();
  }
}

const PHASES: Readonly<Record<PathsBenchProgress['phase'], string>> = {
  verify: 'Checking every byte',
  count: 'Counting calls, switches and faults',
  time: 'Timing',
};

function sentence({ phase, path, size, sink, done, total, secondsLeft }: PathsBenchProgress): [string, string] {
  const left = secondsLeft === undefined ? '' : `, ${Math.ceil(secondsLeft)} s left`;
  return [PHASES[phase], ` ${done}/${total}${left}: ${path}, ${showSize(size)}, ${sink}`];
}

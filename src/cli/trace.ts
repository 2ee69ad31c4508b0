import { Argument, type Command } from 'commander';
import { LAB_PATHS } from '../lab/options.ts';
import type { TraceOptions } from '../lab/trace.ts';
import { renderTrace } from '../report/index.ts';
import { chunk, oneOf } from './arguments.ts';
import { interruptible } from './interrupt.ts';
import { emit, JSON_HELP, JSON_OPTION, type Json, jsonTarget } from './output.ts';

interface Flags extends Omit<TraceOptions, 'signal'> {
  json?: Json;
}

export function traceCommand(program: Command): void {
  program
    .command('trace')
    .description(
      'one transfer as a timeline: calls, mode switches, faults, copies, packets, wake-ups, context switches',
    )
    .addArgument(new Argument('<path>', `of ${LAB_PATHS.join(', ')}`).argParser(oneOf(LAB_PATHS)))
    .option('--size <SIZE>', 'bytes of the file (default 64KiB)', chunk)
    .option('--chunk <SIZE>', 'bytes that one call asks for (default 64KiB)', chunk)
    .option('--route <ROUTE>', 'of tcp, unix, veth (default tcp)', oneOf(['tcp', 'unix', 'veth'] as const))
    .option('--cache <STATE>', 'of warm, cold (default warm)', oneOf(['warm', 'cold'] as const))
    .option(JSON_OPTION, JSON_HELP, jsonTarget)
    .action(async (path: (typeof LAB_PATHS)[number], { json, ...options }: Flags) => {
      const { runTrace } = await import('../lab/trace.ts');
      const report = await interruptible((signal) => runTrace(path, { ...options, signal }));
      emit(report, json, renderTrace);
    });
}

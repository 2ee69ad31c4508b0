import type { Command } from 'commander';
import { directory } from './arguments.ts';
import { emit, JSON_HELP, JSON_OPTION, type Json, jsonTarget } from './output.ts';

export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('what this kernel, container, user and file system allow, and which evidence is therefore at hand')
    .option('--directory <DIR>', 'try files in DIR (default: where the bench makes its own, under TMPDIR)', directory)
    .option(JSON_OPTION, JSON_HELP, jsonTarget)
    .action(async (options: { directory?: string; json?: Json }) => {
      const { runDoctor } = await import('../lab/doctor.ts');
      const { renderDoctor } = await import('../report/index.ts');
      emit(runDoctor(options), options.json, renderDoctor);
    });
}

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { renderStored } from '../report/index.ts';
import { width } from './output.ts';

export function reportCommand(program: Command): void {
  program
    .command('report')
    .description('a stored result as text')
    .argument('<FILE>', 'results.json, verify.json, calls.json or doctor.json')
    .action((file: string, _: unknown, command: Command) => {
      let text: string;
      try {
        text = renderStored(JSON.parse(readFileSync(file, 'utf8')), width(process.stdout));
      } catch (error) {
        command.error(`error: argument FILE: ${file}: ${(error as Error).message}`);
      }
      process.stdout.write(text);
    });
}

import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { FORMATS, type Format, renderAs } from '../report/index.ts';
import { oneOf } from './arguments.ts';
import { jsonTarget, width } from './output.ts';

interface Flags {
  format: Format;
  out?: string;
}

export function reportCommand(program: Command): void {
  program
    .command('report')
    .description('a stored result as text, or as a table for other programs')
    .argument('<FILE>', 'results.json, verify.json, calls.json or doctor.json')
    .option('--format <FORMAT>', `of ${FORMATS.join(', ')}; csv and md are of results.json`, oneOf(FORMATS), 'text')
    .option('--out <FILE>', 'write to FILE instead of stdout', jsonTarget)
    .action((file: string, { format, out }: Flags, command: Command) => {
      let text: string;
      try {
        text = renderAs(format, JSON.parse(readFileSync(file, 'utf8')), width(process.stdout));
      } catch (error) {
        command.error(`error: argument FILE: ${file}: ${(error as Error).message}`);
      }
      if (out === undefined) process.stdout.write(text);
      else writeFileSync(out, text);
    });
}

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Results } from '../model/results.ts';
import { readResults } from '../model/stored.ts';
import { renderComparison } from '../report/index.ts';
import { emit, JSON_HELP, JSON_OPTION, type Json, jsonTarget } from './output.ts';
import { settleComparison } from './verdict.ts';

interface Flags {
  differentEnvironments?: boolean;
  json?: Json;
}

export function compareCommand(program: Command): void {
  program
    .command('compare')
    .description('two results of bench paths: what is better, worse, or the same within the noise')
    .argument('<A>', 'results.json of before')
    .argument('<B>', 'results.json of after')
    .option('--different-environments', 'compare them also where machine, kernel, Node or settings differ')
    .option(JSON_OPTION, JSON_HELP, jsonTarget)
    .action(async (fileA: string, fileB: string, { json, differentEnvironments = false }: Flags, command: Command) => {
      const { compareResults } = await import('../lab/compare.ts');
      const [a, b] = [read('A', fileA, command), read('B', fileB, command)];
      const comparison = compareResults(a, b, { differentEnvironments });
      emit(comparison, json, renderComparison);
      settleComparison(comparison);
    });
}

function read(argument: string, file: string, command: Command): Results {
  try {
    return readResults(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    return command.error(`error: argument ${argument}: ${file}: ${(error as Error).message}`);
  }
}

import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { FORMATS, type Format, LANGUAGES, type Language, renderAs } from '../report/index.ts';
import { oneOf } from './arguments.ts';
import { jsonTarget, width } from './output.ts';

interface Flags {
  format?: Format | 'html';
  out?: string;
  lang: Language;
}

const ALL = [...FORMATS, 'html'] as const;

function forName(out: string | undefined): Format | 'html' {
  return out?.endsWith('.html') ? 'html' : 'text';
}

/** Loaded when it is needed: the library of charts takes a while. */
export async function pageOf(stored: unknown, language: Language): Promise<string> {
  const { renderHtml } = await import('../report/html/index.ts');
  return renderHtml(stored, { language });
}

export function reportCommand(program: Command): void {
  program
    .command('report')
    .description('a stored result as text, as a table for other programs, or as a page to look at')
    .argument('<FILE>', 'results.json, verify.json, calls.json or doctor.json')
    .option(
      '--format <FORMAT>',
      `of ${ALL.join(', ')} (default text, or html if --out ends so); csv and md are of results.json, html of verify.json, too`,
      oneOf(ALL),
    )
    .option('--out <FILE>', 'write to FILE instead of stdout', jsonTarget)
    .option('--lang <LANGUAGE>', 'of en, zh: what the page of html shows first', oneOf(LANGUAGES), 'en')
    .action(async (file: string, { out, lang, format = forName(out) }: Flags, command: Command) => {
      let text: string;
      try {
        const stored = JSON.parse(readFileSync(file, 'utf8'));
        text = format === 'html' ? await pageOf(stored, lang) : renderAs(format, stored, width(process.stdout));
      } catch (error) {
        command.error(`error: argument FILE: ${file}: ${(error as Error).message}`);
      }
      if (out === undefined) process.stdout.write(text);
      else writeFileSync(out, text);
    });
}

/** Where words and data go: with `--json` and no FILE, stdout holds JSON and nothing else. */
import { accessSync, constants, existsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { InvalidArgumentError } from 'commander';

/** `true`: JSON to stdout. A name: JSON to that file. */
export type Json = string | true | undefined;

export const JSON_OPTION = '--json [FILE]';
export const JSON_HELP = 'write JSON to FILE, or to stdout (the text then goes to stderr)';

/** Asked before the work begins, not after a minute of it. */
export function jsonTarget(file: string): string {
  try {
    accessSync(existsSync(file) ? file : dirname(file), constants.W_OK);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}: name a file that can be written.`);
  }
  return file;
}

/** Where people read: stdout, unless data goes there. */
export function words(json: Json): NodeJS.WriteStream {
  return json === true ? process.stderr : process.stdout;
}

const NARROW = 40;
const WIDE = 120;
const USUAL = 80;

/** Columns to fill: those of the terminal; 80 in a file or pipe. */
export function width(stream: NodeJS.WriteStream): number {
  return Math.min(WIDE, Math.max(NARROW, stream.columns || USUAL));
}

/** A terminal that shows colours, and a user who wants them: NO_COLOR and FORCE_COLOR are asked by Node. */
export function colours(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && stream.hasColors();
}

/** Writes the result in every form that was asked for. */
export function emit<T>(result: T, json: Json, render: (result: T, width: number) => string): void {
  const stream = words(json);
  stream.write(render(result, width(stream)));
  if (json === true) process.stdout.write(stringify(result));
  else if (json !== undefined) writeFileSync(json, stringify(result));
}

export function stringify(result: unknown): string {
  return `${JSON.stringify(result, null, 1)}\n`;
}

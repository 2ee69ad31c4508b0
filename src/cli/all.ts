/** Bare `iolab`: everything that there is so far, with its results in one directory. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { renderCalls, renderDoctor, renderResults, renderVerify } from '../report/index.ts';
import { seconds } from './arguments.ts';
import { runCalls } from './bench-calls.ts';
import { runPaths } from './bench-paths.ts';
import { interruptible } from './interrupt.ts';
import { colours, JSON_HELP, JSON_OPTION, type Json, jsonTarget, stringify, width, words } from './output.ts';
import { pageOf } from './report.ts';
import { refuseWrong } from './verdict.ts';
import { runClaims } from './verify.ts';

interface Flags {
  output: string;
  time?: number;
  json?: Json;
}

export function everything(program: Command): void {
  program
    .option(
      '--output <DIR>',
      'where report.html, results.json, verify.json, calls.json and doctor.json go',
      'iolab-report',
    )
    .option('--time <TIME>', 'length of the timing pass of bench paths (default 40s)', seconds)
    .option(JSON_OPTION, `${JSON_HELP}; of bench paths`, jsonTarget)
    .action(async ({ output, time, json }: Flags, command: Command) => {
      if (command.args.length > 0) command.error(`error: there is no command ${command.args[0]}: see iolab --help`);
      try {
        mkdirSync(output, { recursive: true });
      } catch (error) {
        command.error(`error: option '--output <DIR>': ${(error as Error).message}`);
      }
      await interruptible((signal) => all(output, time === undefined ? {} : { time }, json, signal));
    });
}

/** Each result is stored before the next one is begun: what is there when it is interrupted stays there. */
async function all(output: string, options: { time?: number }, json: Json, signal: AbortSignal): Promise<void> {
  const stream = words(json);
  const columns = width(stream);
  const keep = <T>(name: string, title: string, result: T, render: (result: T, width: number) => string): void => {
    writeFileSync(join(output, name), stringify(result));
    stream.write(`${title}\n${'='.repeat(title.length)}\n\n${render(result, columns)}\n`);
  };
  const { runDoctor } = await import('../lab/doctor.ts');
  keep('doctor.json', 'What this machine allows', runDoctor(), renderDoctor);
  const verified = await runClaims({}, signal);
  const look = { details: false, colour: colours(stream) };
  keep('verify.json', 'What is said, and what is seen', verified, (report, room) => renderVerify(report, room, look));
  signal.throwIfAborted();
  const paths = { ...(await runPaths(options, signal)), claims: verified.claims };
  keep('results.json', 'Sending a file', paths, renderResults);
  if (json === true) process.stdout.write(stringify(paths));
  else if (json !== undefined) writeFileSync(json, stringify(paths));
  signal.throwIfAborted();
  keep('calls.json', 'Single calls', await runCalls({}, signal), renderCalls);
  signal.throwIfAborted();
  writeFileSync(join(output, 'report.html'), await pageOf(paths, 'en'));
  stream.write(`report.html shows it all; its data lies beside it in ${output}\n`);
  refuseWrong(verified);
}

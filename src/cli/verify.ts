import type { Command } from 'commander';
import type { UserClaim } from '../lab/claims/user.ts';
import type { VerifyOptions } from '../lab/verify.ts';
import type { VerifyReport } from '../model/verify.ts';
import { LANGUAGES, type Language, renderClaimList, renderVerify } from '../report/index.ts';
import { list, oneOf } from './arguments.ts';
import { interruptible } from './interrupt.ts';
import { colours, emit, JSON_HELP, JSON_OPTION, type Json, jsonTarget, words } from './output.ts';
import { Progress } from './progress.ts';
import { settle } from './verdict.ts';

interface Flags {
  claims?: string;
  only?: string[];
  lang: Language;
  details?: boolean;
  list?: boolean;
  json?: Json;
}

/** A user's claims may send large files. */
const USER_PATIENCE_MS = 60_000;

export function verifyCommand(program: Command): void {
  program
    .command('verify')
    .description('judge what is said about zero copy, select, poll and epoll, by what this kernel is seen doing')
    .option('--claims <FILE>', 'your own claims (YAML, see docs/claims.md) instead of the built-in ones')
    .option('--only <LIST>', 'ids of claims; --list shows them', list(String))
    .option('--lang <LANGUAGE>', `of the text: ${LANGUAGES.join(' or ')}`, oneOf(LANGUAGES), 'en')
    .option('--details', 'all cases and figures, and who measured them (so are 5 claims or fewer shown anyway)')
    .option('--list', 'the claims, without judging them')
    .option(JSON_OPTION, JSON_HELP, jsonTarget)
    .action(async ({ claims: file, only, lang, details, list: listed, json }: Flags, command: Command) => {
      const { chooseClaims, ledger } = await import('../lab/verify.ts');
      const own = file === undefined ? undefined : await ownClaims(file, command);
      const wanted = { claims: own, only };
      try {
        const chosen = chooseClaims(own ?? ledger, only);
        if (listed) {
          const entries = chosen.map(({ judge: _, ...entry }) => entry);
          return emit(entries, json, (all, width) => renderClaimList(all, width, lang));
        }
      } catch (error) {
        command.error(`error: option '--only <LIST>': ${(error as Error).message}`);
      }
      await interruptible(async (signal) => {
        const patience = own === undefined ? {} : { patience: USER_PATIENCE_MS };
        const report = await runClaims({ ...wanted, ...patience }, signal);
        const look = { language: lang, colour: colours(words(json)), ...(details ? { details } : {}) };
        emit(report, json, (result, width) => renderVerify(result, width, look));
        // interrupted: the claims until then are shown and stored
        signal.throwIfAborted();
        settle(report);
      });
    });
}

async function ownClaims(file: string, command: Command): Promise<readonly UserClaim[]> {
  const { loadUserClaims } = await import('../lab/claims/user.ts');
  try {
    return loadUserClaims(file);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return command.error(`error: option '--claims <FILE>':\n${error.message}`);
  }
}

/** Judges under a progress display. */
export async function runClaims(options: VerifyOptions, signal: AbortSignal): Promise<VerifyReport> {
  const { runVerify } = await import('../lab/verify.ts');
  const progress = new Progress();
  try {
    return await runVerify({
      ...options,
      signal,
      onEvent: ({ id, done, total }) => progress.show('Judging claims', ` ${done}/${total}: ${id}`),
    });
  } finally {
    progress.end();
  }
}

/** Claims about single calls (what they take, refuse, copy) and about what transfers and switches cost. */
import type { ClaimDefinition } from './claim.ts';
import { coldCacheClaims } from './cold-cache.ts';
import { costClaims } from './cost.ts';
import { fileToFileClaims } from './file-to-file.ts';
import { pipeCallClaims } from './pipe-calls.ts';
import { sendfileInputClaims } from './sendfile-input.ts';
import { sendfileLimitClaims } from './sendfile-limits.ts';
import { switchCostClaims } from './switch-cost.ts';
import { tcpCallClaims } from './tcp-calls.ts';
import { zeroCopyFlagClaims } from './zero-copy-flag.ts';

/** What one call takes, refuses and copies. */
export const singleCallClaims: readonly ClaimDefinition[] = [
  ...sendfileLimitClaims,
  ...sendfileInputClaims,
  ...coldCacheClaims,
  ...pipeCallClaims,
  ...fileToFileClaims,
  ...zeroCopyFlagClaims,
  ...tcpCallClaims,
];

/** What transfers and switches cost. */
export const speedClaims: readonly ClaimDefinition[] = [...costClaims, ...switchCostClaims];

export const callClaims: readonly ClaimDefinition[] = [...singleCallClaims, ...speedClaims];

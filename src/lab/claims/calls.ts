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

export const callClaims: readonly ClaimDefinition[] = [
  ...sendfileLimitClaims,
  ...sendfileInputClaims,
  ...coldCacheClaims,
  ...pipeCallClaims,
  ...fileToFileClaims,
  ...zeroCopyFlagClaims,
  ...tcpCallClaims,
  ...costClaims,
  ...switchCostClaims,
];

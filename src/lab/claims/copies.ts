/** All claims about how often the ways to send a file copy it, and about what they call for that. */
import type { ClaimDefinition } from './claim.ts';
import { mmapClaims } from './mmap.ts';
import { sendfileClaims } from './sendfile.ts';
import { spliceClaims } from './splice.ts';
import { traditionalClaims } from './traditional.ts';
import { vmspliceClaims } from './vmsplice.ts';
import { zeroCopyClaims } from './zero-copy.ts';

export const copiesClaims: readonly ClaimDefinition[] = [
  ...traditionalClaims,
  ...mmapClaims,
  ...sendfileClaims,
  ...spliceClaims,
  ...vmspliceClaims,
  ...zeroCopyClaims,
];

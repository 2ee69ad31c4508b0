/** All claims about how often the ways to send a file copy it, and about what they call for that. */
import type { ClaimDefinition } from './claim.ts';
import { traditionalClaims } from './traditional.ts';

export const copiesClaims: readonly ClaimDefinition[] = [...traditionalClaims];

/** All built-in claims, in the order in which they are judged and shown. */
import type { ClaimDefinition } from './claim.ts';

export const ledger: readonly ClaimDefinition[] = [];

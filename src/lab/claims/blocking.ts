/** Claims about waiting: blocking and non-blocking, synchronous and asynchronous, threads and selectors. */
import { modeClaims } from './blocking-modes.ts';
import { threadClaims } from './blocking-threads.ts';
import type { ClaimDefinition } from './claim.ts';

export const blockingClaims: readonly ClaimDefinition[] = [...threadClaims, ...modeClaims];

/** Claims about memory: direct memory and Buffers, mappings, the page cache. */
import type { ClaimDefinition } from './claim.ts';
import { bufferClaims } from './memory-buffers.ts';
import { cacheClaims } from './memory-cache.ts';
import { mappedClaims } from './memory-mapped.ts';

export const memoryClaims: readonly ClaimDefinition[] = [...bufferClaims, ...mappedClaims, ...cacheClaims];

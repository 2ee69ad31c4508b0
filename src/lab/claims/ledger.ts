/** All built-in claims, in the order in which they are judged and shown. */
import type { ClaimDefinition } from './claim.ts';
import { epollClaims } from './epoll.ts';
import { selectPollClaims } from './select-poll.ts';

export const ledger: readonly ClaimDefinition[] = [...selectPollClaims, ...epollClaims];

/** All built-in claims, in the order in which they are judged and shown. */
import { blockingClaims } from './blocking.ts';
import type { ClaimDefinition } from './claim.ts';
import { copiesClaims } from './copies.ts';
import { epollClaims } from './epoll.ts';
import { memoryClaims } from './memory.ts';
import { selectPollClaims } from './select-poll.ts';

export const ledger: readonly ClaimDefinition[] = [
  ...copiesClaims,
  ...memoryClaims,
  ...selectPollClaims,
  ...epollClaims,
  ...blockingClaims,
];

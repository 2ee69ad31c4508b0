/** All that is said of epoll, of waiting in a socket's queue, and of the words for it. */
import { blockingWordClaims } from './blocking-words.ts';
import type { ClaimDefinition } from './claim.ts';
import { epollObjectClaims } from './epoll-object.ts';
import { epollRuleClaims } from './epoll-rules.ts';
import { epollTriggerClaims } from './epoll-trigger.ts';
import { socketWakeupClaims } from './socket-wakeup.ts';

export const epollClaims: readonly ClaimDefinition[] = [
  ...epollObjectClaims,
  ...epollTriggerClaims,
  ...epollRuleClaims,
  ...socketWakeupClaims,
  ...blockingWordClaims,
];

/** All that is said of epoll and of waiting in a socket's queue. */
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
];

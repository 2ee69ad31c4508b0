/** All that is said of select and poll. */
import type { ClaimDefinition } from './claim.ts';
import { pollLimitClaims } from './poll-limit.ts';
import { pollRecordClaims } from './poll-record.ts';
import { selectLimitClaims } from './select-limit.ts';
import { costClaims } from './select-poll-cost.ts';
import { selectSetClaims } from './select-sets.ts';

export const selectPollClaims: readonly ClaimDefinition[] = [
  ...selectLimitClaims,
  ...selectSetClaims,
  ...pollLimitClaims,
  ...pollRecordClaims,
  ...costClaims,
];

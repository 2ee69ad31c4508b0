/** All built-in claims by topic, in the order in which they are judged and shown. */
import type { Wording } from '../../model/claim.ts';
import { blockingClaims } from './blocking.ts';
import { singleCallClaims, speedClaims } from './calls.ts';
import type { ClaimDefinition } from './claim.ts';
import { epollObjectClaims } from './epoll-object.ts';
import { epollRuleClaims } from './epoll-rules.ts';
import { epollTriggerClaims } from './epoll-trigger.ts';
import { bufferClaims } from './memory-buffers.ts';
import { cacheClaims } from './memory-cache.ts';
import { mappedClaims } from './memory-mapped.ts';
import { mmapClaims } from './mmap.ts';
import { selectPollClaims } from './select-poll.ts';
import { sendfileClaims } from './sendfile.ts';
import { socketWakeupClaims } from './socket-wakeup.ts';
import { spliceClaims } from './splice.ts';
import { traditionalClaims } from './traditional.ts';
import { vmspliceClaims } from './vmsplice.ts';
import { zeroCopyClaims } from './zero-copy.ts';

export interface Topic {
  readonly name: Required<Wording>;
  readonly claims: readonly ClaimDefinition[];
}

/** A claim of the ledger, which knows what it is about. */
export interface LedgerClaim extends ClaimDefinition {
  readonly topic: Required<Wording>;
}

export const topics: readonly Topic[] = [
  { name: { en: 'read and write', zh: 'read 与 write' }, claims: traditionalClaims },
  { name: { en: 'mmap', zh: 'mmap' }, claims: mmapClaims },
  { name: { en: 'sendfile', zh: 'sendfile' }, claims: sendfileClaims },
  { name: { en: 'splice and vmsplice', zh: 'splice 与 vmsplice' }, claims: [...spliceClaims, ...vmspliceClaims] },
  { name: { en: 'zero copy on all paths', zh: '各路径的零拷贝' }, claims: zeroCopyClaims },
  { name: { en: 'single calls and their limits', zh: '单个调用及其限制' }, claims: singleCallClaims },
  { name: { en: 'speed', zh: '速度与开销' }, claims: speedClaims },
  { name: { en: 'direct memory', zh: '直接内存' }, claims: bufferClaims },
  { name: { en: 'mappings and page faults', zh: '内存映射与缺页' }, claims: mappedClaims },
  { name: { en: 'page cache and disk', zh: '页缓存与磁盘' }, claims: cacheClaims },
  { name: { en: 'select and poll', zh: 'select 与 poll' }, claims: selectPollClaims },
  {
    name: { en: 'epoll', zh: 'epoll' },
    claims: [...epollObjectClaims, ...epollTriggerClaims, ...epollRuleClaims],
  },
  {
    name: { en: 'sockets, threads and waiting', zh: '套接字、线程与等待' },
    claims: [...socketWakeupClaims, ...blockingClaims],
  },
];

export const ledger: readonly LedgerClaim[] = topics.flatMap(({ name, claims }) =>
  claims.map((claim) => ({ ...claim, topic: name })),
);

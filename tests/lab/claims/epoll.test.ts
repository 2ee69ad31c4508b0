import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { epollClaims } from '../../../src/lab/claims/epoll.ts';
import { Sleeper } from '../../../src/lab/claims/sleeper.ts';
import { threadRecorder } from '../../../src/probe/recorder.ts';
import { userWatchpoints } from '../../../src/probe/watchpoint.ts';
import { judged } from './judged.ts';

const { EBADF, EEXIST, EINVAL, ELOOP, ENODEV, EPERM } = constants.errno;
const judge = (id: string) => judged(epollClaims, id);
const watchpoints = userWatchpoints();
const tracepoints = threadRecorder();
const because = (able: { works: boolean; cause?: string }) => (able.works ? '' : ` (skipped: ${able.cause})`);

/** What rests on counts, and needs no privilege: expected figures, and the verdict. */
test('each claim has its page, and an id of its own', () => {
  const ids = epollClaims.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const pages = join(import.meta.dirname, '../../../docs/claims');
  expect(ids.filter((id) => !existsSync(join(pages, `${id}.md`)))).toEqual([]);
});

test.each([
  ['epoll-size-ignored', 'holds', { heldBySizeOne: 10_007, errnoOfSizeZero: EINVAL, errnoOfSizeMinusOne: EINVAL }],
  ['epoll-holds-10000', 'holds', { watched: 10_000, reportedAtOnce: 10_000 }],
  [
    'epoll-shared-memory',
    'fails',
    { mappingsOfEpoll: 0, bytesAppearingUnasked: 0, eventsLostByErasing: 0, errnoOfMmap: ENODEV },
  ],
  ['epoll-level-trigger', 'holds', { wakesUndrained: 23, wakesDrained: 0 }],
  ['epoll-edge-trigger', 'holds', { wakesUndrained: 1, wakesForMoreData: 1 }],
  ['epoll-edge-partial-read', 'holds', { bytesLeft: 77, wakesForTheRest: 0, readableByPoll: 1, wakesForMoreData: 1 }],
  ['epoll-oneshot', 'holds', { wakesArmed: 1, wakesForMoreData: 0, wakesRearmed: 1 }],
  ['epoll-regular-file', 'holds', { errnoOfAdd: EPERM, readyBySelectAndPoll: 1, watched: 0 }],
  ['epoll-closed-descriptor', 'fails', { watchedAfterClose: 1, errnoOfDelete: EBADF }],
  ['epoll-add-twice', 'holds', { errnoOfSecondAdd: EEXIST, errnoOfAddingDuplicate: 0, eventsOfBoth: 2 }],
  ['epoll-nesting', 'holds', { objectsInChain: 5, errnoOfTheNext: ELOOP, errnoOfLoop: ELOOP, readableAtTop: 1 }],
  ['epoll-passes-nothing-in', 'holds', { pollBytes: 8072, pollBytesPerDescriptor: 8, setIsWholeWordsToHighest: 0 }],
  ['socket-blocked-thread-sleeps', 'holds', { cpuNsWhileBlocked: 0, switchesWhileBlocked: 0, switchesForMessages: 23 }],
] as const)('%s %s', async (id, verdict, figures) => {
  const found = await judge(id);
  expect(found.figures).toMatchObject(figures);
  expect(found.verdict).toBe(verdict);
});

test('an event is as many bytes as C says', async () => {
  const { figures } = await judge('epoll-passes-nothing-in');
  expect(figures.epollBytesPerReady).toBe(process.arch === 'x64' ? 12 : 16);
});

test('the ready list rests on figures of both kinds', async () => {
  const { figures } = await judge('epoll-ready-list');
  for (const name of ['timesDearerToWatch1000Times', 'timesDearerWith1000Ready'])
    expect(figures[name]).toBeTypeOf('number');
});

test.skipIf(!watchpoints.works)(`events are copied out by epoll_wait alone${because(watchpoints)}`, async () => {
  const { figures, measured, saw } = await judge('epoll-shared-memory');
  expect(figures.copiesOutOfAnEvent).toBe(1);
  expect(measured.bytesAppearingUnasked).toMatchObject({ instrument: 'bytes compared + watchpoint' });
  expect(saw.every((chain) => chain.includes('ep_send_events'))).toBe(true);
});

test.skipIf(!tracepoints.works)(`the data comes first, then the thread is woken${because(tracepoints)}`, async () => {
  const { verdict, figures, measured, saw } = await judge('socket-data-before-wakeup');
  expect(verdict).toBe('holds');
  expect(figures).toMatchObject({ sentThenWokenThenTaken: 23, bytesQueuedWhileAsleep: 101 });
  expect(measured.bytesQueuedWhileAsleep).toMatchObject({
    instrument: 'FIONREAD + what it read once woken, less the second message',
  });
  expect(saw[0]).toContain('sock_def_readable');
});

test.skipIf(tracepoints.works)('without tracepoints the order is unknown, with the cause', async () => {
  const { verdict, because: why, figures } = await judge('socket-data-before-wakeup');
  expect(verdict).toBe('unknown');
  expect(why).toContain('tracepoints:');
  expect(figures.bytesQueuedWhileAsleep).toBe(101);
});

describe('Sleeper', () => {
  test('is asleep before and after what it reads, and ends with its owner', async () => {
    using sleeper = await Sleeper.start();
    for (let i = 1; i <= 23; i++) {
      expect(sleeper.isBlocked()).toBe(true);
      sleeper.send(new Uint8Array(7));
      await sleeper.asleep();
      expect(sleeper.reads).toBe(i);
    }
  });

  test('sleeps on until as many bytes are there as it was told to wait for', async () => {
    using sleeper = await Sleeper.start();
    sleeper.wakeAt(23);
    const before = sleeper.voluntarySwitches();
    for (let i = 0; i < 22; i++) sleeper.send(new Uint8Array(1));
    expect([sleeper.isBlocked(), sleeper.reads, sleeper.voluntarySwitches() - before]).toEqual([true, 0, 0]);
    sleeper.send(new Uint8Array(1));
    await sleeper.asleep();
    expect([sleeper.reads, sleeper.bytes, sleeper.voluntarySwitches() - before]).toEqual([1, 23, 1]);
  });
});

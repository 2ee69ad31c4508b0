import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { selectPollClaims } from '../../../src/lab/claims/select-poll.ts';
import { isMeasured } from '../../../src/model/evidence.ts';
import { userWatchpoints } from '../../../src/probe/watchpoint.ts';
import { judged } from './judged.ts';

const judge = (id: string) => judged(selectPollClaims, id);
const watchpoints = userWatchpoints();
const unless = watchpoints.works ? '' : ` (skipped: ${watchpoints.cause})`;

test('each claim has its page, and an id of its own', () => {
  const ids = selectPollClaims.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const pages = join(import.meta.dirname, '../../../docs/claims');
  expect(ids.filter((id) => !existsSync(join(pages, `${id}.md`)))).toEqual([]);
});

test('verdicts that rest on counts are those on record', async () => {
  for (const { id, recorded } of selectPollClaims.filter(({ id }) => !id.includes('cost')))
    expect([id, (await judge(id)).verdict]).toEqual([id, recorded]);
});

describe('select', () => {
  test('1024 is no limit: a prime number of descriptors above it is watched and reported', async () => {
    const { verdict, figures, measured } = await judge('select-limit-1024');
    expect(verdict).toBe('fails');
    expect(figures).toEqual({ watchedAtOnce: 1031, highestReported: 6030 });
    expect(measured.watchedAtOnce).toMatchObject({ instrument: 'select + pselect6 + poll' });
  });

  test('the kernel has no FD_SETSIZE: the highest number that can be had can be watched', async () => {
    const { verdict, figures } = await judge('select-limit-is-kernels');
    expect(verdict).toBe('fails');
    expect(figures.fdSetSize).toBe(1024);
    expect(figures.highestWatched).toBe(Math.min(Number(figures.softLimit), 65_536) - 1);
  });

  test('the answer overwrites the question', async () => {
    const { verdict, figures } = await judge('select-overwrites-sets');
    expect(verdict).toBe('holds');
    expect(figures).toEqual({ leftOfSeven: 3, leftAtTimeout: 0, seenWithoutRefill: 0, seenAfterRefill: 1 });
  });

  test('sets are copied whole, in and out, by two independent counts', async () => {
    const { verdict, figures, measured } = await judge('select-copies-whole-sets');
    expect(verdict).toBe('holds');
    expect(figures).toMatchObject({ bytesIn: 512, bytesOut: 512 });
    expect(measured.bytesIn).toMatchObject({ instrument: 'EFAULT at an edge + EBADF in each word' });
  });

  test.skipIf(!watchpoints.works)(`a byte of a set is read once and written once a call${unless}`, async () => {
    const { figures, saw } = await judge('select-copies-whole-sets');
    expect(figures).toMatchObject({ copiesInOfAByte: 1, copiesOutOfAByte: 1 });
    expect(saw.every((chain) => chain.includes('core_sys_select'))).toBe(true);
  });

  test.skipIf(watchpoints.works)('without watchpoints their figures are missing, with the cause', async () => {
    const { measured } = await judge('select-copies-whole-sets');
    for (const name of ['copiesInOfAByte', 'copiesOutOfAByte']) {
      const evidence = measured[name];
      expect(evidence !== undefined && !isMeasured(evidence) && evidence.missing).toMatch(/^watchpoint: ./);
    }
  });

  test('one member costs as many bytes as its number is high', async () => {
    expect((await judge('select-cost-by-highest')).figures.bytesForOneMember).toBe(2048);
  });
});

describe('poll', () => {
  test('takes more than 1024 records, and as many as RLIMIT_NOFILE says', async () => {
    const { verdict, figures } = await judge('poll-no-limit-1024');
    expect(verdict).toBe('holds');
    expect(figures).toMatchObject({ watchedAtOnce: 5003, reported: 23, errnoAtLimit: 0, errnoAboveLimit: 22 });
  });

  test('leaves what it was asked as it was', async () => {
    const { verdict, figures } = await judge('poll-keeps-events');
    expect(verdict).toBe('holds');
    expect(figures).toEqual({ inputBytesAltered: 0, reported: 23, reportedWithoutRefill: 23 });
  });

  test('takes 8 bytes for each and writes 2', async () => {
    const { verdict, figures } = await judge('poll-8-bytes');
    expect(verdict).toBe('holds');
    expect(figures).toMatchObject({ bytesInEach: 8, bytesOutEach: 2 });
  });

  test.skipIf(!watchpoints.works)(`reads the descriptor and writes the answer, once each${unless}`, async () => {
    const { figures } = await judge('poll-8-bytes');
    expect(figures).toMatchObject({ descriptorRead: 1, descriptorWritten: 0, answerWritten: 1 });
  });

  test('has no room for a link in its records', async () => {
    const { verdict, figures, measured } = await judge('poll-linked-list');
    expect(verdict).toBe('fails');
    expect(figures).toEqual({ bytesForLink: 0, foundByPosition: 1009 });
    expect(measured.bytesForLink).toMatchObject({ instrument: 'layout in C + bytes altered one by one' });
  });
});

test.each(['select-poll-cost-linear', 'select-poll-cost-exponential'])(
  '%s rests on figures for both calls, and shows epoll beside them',
  async (id) => {
    const { figures, saw } = await judge(id);
    for (const call of ['select', 'poll', 'epoll']) expect(figures[`${call}Exponent`]).toBeTypeOf('number');
    expect(saw).toHaveLength(3);
  },
);

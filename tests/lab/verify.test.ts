import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SystemError } from '../../src/io/errors.ts';
import type { Case, ClaimDefinition } from '../../src/lab/claims/claim.ts';
import { runVerify } from '../../src/lab/verify.ts';
import { lacking } from '../../src/model/evidence.ts';
import { verifyReport } from '../../src/model/verify.ts';

type Judge = ClaimDefinition['judge'];

const one = (value: number): Case => ({
  condition: '',
  measured: { calls: { value, unit: 'calls', instrument: 'test' } },
  controls: [],
  evidence: [],
});

function claim(id: string, judge: Judge): ClaimDefinition {
  return {
    id,
    statement: { en: `It is said of ${id}.`, zh: `关于 ${id} 的说法。` },
    source: 'nowhere',
    scope: 'this test',
    expected: { calls: 1 },
    recorded: 'holds',
    judge,
  };
}

async function judged(judge: Judge, patience?: number) {
  const report = await runVerify({ claims: [claim('it', judge)], ...(patience === undefined ? {} : { patience }) });
  const [only] = verifyReport.parse(report).claims;
  return only;
}

test('verdicts follow from what is measured, never from what is recorded', async () => {
  expect(await judged(() => [one(1)])).toMatchObject({ verdict: 'holds', repeat: 'iolab verify --only it' });
  expect(await judged(() => [one(2)])).toMatchObject({
    verdict: 'fails',
    recorded: 'holds',
    because: 'expected calls 1, measured 2 by test',
  });
});

test('the figures of all cases are kept, those of the first stand for the claim', async () => {
  const cases = [
    { ...one(1), condition: 'on' },
    { ...one(2), condition: 'off' },
  ];
  const found = await judged(async () => cases);
  expect(found).toMatchObject({ verdict: 'depends', conditions: ['on', 'off'], measured: { calls: { value: 1 } } });
  expect(found?.cases.map(({ verdict }) => verdict)).toEqual(['holds', 'fails']);
});

test('what throws is unknown, with the message; no figure of it is 0', async () => {
  const found = await judged(() => {
    throw new Error('7 records were lost');
  });
  expect(found).toMatchObject({
    verdict: 'unknown',
    because: '7 records were lost',
    measured: { calls: lacking('7 records were lost') },
    wanting: [],
    cases: [],
  });
});

test.each(['EPERM', 'EACCES', 'ENOSPC', 'EBUSY', 'ENOSYS'] as const)('%s is what this machine wants', async (code) => {
  const { errno } = await import('node:os').then(({ constants }) => constants);
  const error = new SystemError(errno[code], 'perf_event_open');
  const found = await judged(async () => Promise.reject(error));
  expect(found).toMatchObject({ verdict: 'unknown', because: error.message, wanting: [error.message] });
});

test('a bad descriptor is a fault of the experiment', async () => {
  const found = await judged(async () => Promise.reject(new SystemError(9, 'read')));
  expect(found).toMatchObject({ verdict: 'unknown', wanting: [] });
});

test('a claim that takes too long is told to stop, and unknown', async () => {
  let reason: unknown;
  const found = await judged(async (signal) => {
    await sleep(60_000, undefined, { signal }).catch(() => {
      reason = signal.reason;
    });
    throw new Error('something that follows from being stopped');
  }, 20);
  expect(found).toMatchObject({ verdict: 'unknown', because: expect.stringContaining('longer than the 0.02 s') });
  expect(reason).toBeInstanceOf(Error);
});

test('after one that does not stop nothing is counted: it would be counted, too', async () => {
  const order: string[] = [];
  const slow = sleep(5000);
  const report = await runVerify({
    patience: 20,
    claims: [
      claim('deaf', async () => {
        await slow;
        return [one(1)];
      }),
      claim('next', () => {
        order.push('next');
        return [one(1)];
      }),
    ],
  });
  expect(report.claims.map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown']);
  expect(report.claims[1]?.because).toContain('deaf did not end');
  expect(order).toEqual([]);
  await slow;
});

test('claims run one after another, and tell how far they are', async () => {
  let running = 0;
  const judge = async () => {
    expect(++running).toBe(1);
    await sleep(5);
    running--;
    return [one(1)];
  };
  const events: unknown[] = [];
  const claims = ['a', 'b', 'c'].map((id) => claim(id, judge));
  await runVerify({ claims, only: ['a', 'c'], onEvent: (event) => events.push(event) });
  expect(events).toEqual([
    { id: 'a', done: 0, total: 2 },
    { id: 'c', done: 1, total: 2 },
  ]);
});

test('an id that there is not is refused before anything is measured, with the nearest', async () => {
  const claims = ['select-limit', 'poll-limit', 'epoll-size', 'sendfile-copies'].map((id) =>
    claim(id, () => expect.unreachable()),
  );
  await expect(runVerify({ claims, only: ['select-limt'] })).rejects.toThrow(
    /^there is no claim select-limt; the nearest are select-limit, poll-limit, /,
  );
  await expect(runVerify({ claims, only: [''] })).rejects.toBeInstanceOf(RangeError);
});

test('an abort keeps what was judged until then', async () => {
  const controller = new AbortController();
  const claims = [
    claim('first', () => [one(1)]),
    claim('second', async (signal) => {
      controller.abort(new Error('enough'));
      signal.throwIfAborted();
      return [one(1)];
    }),
    claim('third', () => [one(1)]),
  ];
  const report = await runVerify({ claims, signal: controller.signal });
  expect(report.claims.map(({ id }) => id)).toEqual(['first']);
  expect(report.warnings).toEqual(['It was interrupted after 1 of 3 claims.']);
  await expect(runVerify({ claims, signal: controller.signal })).rejects.toThrow('enough');
});

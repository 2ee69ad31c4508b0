import { existsSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blockingClaims } from '../../../src/lab/claims/blocking.ts';
import { Selected, Threaded, use } from '../../../src/lab/claims/blocking-connections.ts';
import { judged } from './verdicts.ts';

const TMPFS = 0x01021994;
const onDisk = statfsSync(tmpdir()).type !== TMPFS;
const needsDisk = /page of (a|an unnamed) file/;

describe.each(blockingClaims)('$id', (claim) => {
  const name = `is judged as recorded: ${claim.recorded}`;
  const skipped = needsDisk.test(claim.scope) && !onDisk;
  test.skipIf(skipped)(skipped ? `${name} (skipped: the temporary directory is in memory)` : name, async () => {
    expect(await judged(claim)).toMatchObject({ verdict: claim.recorded });
  });

  test('has a page', () => {
    expect(existsSync(join(import.meta.dirname, '../../../docs/claims', `${claim.id}.md`))).toBe(true);
  });
});

test('23 messages to sleeping threads are 23 voluntary switches, none is none', async () => {
  using threaded = await Threaded.open(23);
  const tids = threaded.waiting().map(({ tid }) => tid);
  const before = use(tids);
  await threaded.exchange(threaded.peers, Buffer.from('one message'));
  const after = use(tids);
  expect(after.voluntary - before.voluntary).toBe(23);
  expect(use(tids).voluntary).toBe(after.voluntary);
  expect(threaded.service.stats()).toMatchObject({ live: 23, reads: 23, bytes: 23 * 11 });
});

test('the selector answers those that sent, and nobody else', async () => {
  using selected = await Selected.open(5);
  const [first, , third] = selected.peers;
  first?.send(Buffer.from('a'));
  third?.send(Buffer.from('c'));
  const buffer = Buffer.alloc(8);
  expect(selected.turn(buffer)).toBe(2);
  expect(first?.recv(buffer)).toBe(1);
  expect(third?.recv(buffer)).toBe(1);
  expect(selected.peers[1]?.recv(buffer)).toBeUndefined();
  expect(selected.turn(buffer)).toBe(0);
});

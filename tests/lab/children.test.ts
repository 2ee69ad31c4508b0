import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Child, Children } from '../../src/lab/children.ts';
import type { ReceiverCalls, SenderCalls } from '../../src/lab/protocol.ts';
import { childrenOf } from '../support/processes.ts';
import { tempPath } from '../support/temp.ts';

test('an entry that was not compiled is named, with the way out', () => {
  expect(() => new Child('no-such-entry', 'nobody')).toThrow(
    /dist\/lab\/no-such-entry\.js is missing: run `npm run build`/,
  );
});

test('an error in the child is the caller’s, with the name of the child', async () => {
  const child = new Child<SenderCalls>('sender', 'the sender of nothing');
  await expect(child.call('send', { transfers: 1 })).rejects.toThrow(/^the sender of nothing: Error: no arm is open/);
  await child.end();
  await expect(child.call('load', {})).rejects.toThrow('the sender of nothing has ended');
});

test('a child that dies fails the call that it owes, and ending it twice is ending it once', async () => {
  const children = new Children();
  const child = children.start<ReceiverCalls>('receiver', 'the receiver');
  await child.call('listen', { sink: 'unix', path: tempPath() });
  const [pid] = childrenOf(process.pid);
  // it waits for a sender that never comes
  const accepting = child.call('accept', {});
  process.kill(pid as number, 'SIGTERM');
  await expect(accepting).rejects.toThrow('the receiver ended before it answered (SIGTERM)');
  await Promise.all([children.end(), children.end()]);
  expect(childrenOf(process.pid)).toEqual([]);
  expect(() => children.start('receiver', 'a late one')).toThrow('a late one is not started');
});

test('a socket that cannot be made is said by its receiver', async () => {
  const child = new Child<ReceiverCalls>('receiver', 'the receiver');
  const nowhere = `${tempPath()}/there`;
  await expect(child.call('listen', { sink: 'unix', path: nowhere })).rejects.toThrow(/the receiver: .*ENOENT/);
  expect(existsSync(nowhere)).toBe(false);
  await child.end();
});

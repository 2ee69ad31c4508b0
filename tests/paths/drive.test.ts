import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { driveAsync, driveBlocking, paths } from '../../src/paths/index.ts';
import { pattern, tempFile } from '../support/temp.ts';
import { hashed, readInChild } from './child.ts';
import { Rig } from './rig.ts';

const content = pattern(1 << 20);

test('driveBlocking polls a nonblocking socket', async () => {
  using rig = new Rig('TCP', 'nonblocking', 32 * 1024);
  const fd = openSync(tempFile(content), 'r');
  const read = readInChild(rig, 'slow');
  using transfer = paths.sendfile.start({ fd, offset: 0, length: content.length }, rig.sender);
  expect(driveBlocking(transfer, rig.sender)).toBe(content.length);
  rig.closeEnd(rig.sender);
  expect(await read).toEqual(hashed(content));
  closeSync(fd);
});

test('driveBlocking and driveAsync throw what a step failed with', async () => {
  using rig = new Rig('TCP', 'nonblocking');
  const fd = openSync(tempFile(content), 'r');
  rig.reset();
  using one = paths.sendfile.start({ fd, offset: 0, length: content.length }, rig.sender);
  expect(() => driveBlocking(one, rig.sender)).toThrow(/EPIPE|ECONNRESET/);
  using two = paths.sendfile.start({ fd, offset: 0, length: content.length }, rig.sender);
  await expect(driveAsync(two, rig.sender)).rejects.toBe(two.error ?? expect.objectContaining({ code: 'EPIPE' }));
  closeSync(fd);
});

test('driveAsync refuses a socket that would stop the loop, and one that is closed', async () => {
  using rig = new Rig('TCP', 'blocking');
  const fd = openSync(tempFile(content), 'r');
  using transfer = paths.sendfile.start({ fd, offset: 0, length: content.length }, rig.sender);
  await expect(driveAsync(transfer, rig.sender)).rejects.toMatchObject({ code: 'ERR_SOCKET_BLOCKS' });
  expect(transfer.calls).toBe(0);
  rig.closeEnd(rig.sender);
  await expect(driveAsync(transfer, rig.sender)).rejects.toMatchObject({ code: 'EBADF' });
  closeSync(fd);
});

test("driveAsync lets Node's loop turn while a fast peer takes everything", async () => {
  using rig = new Rig('UNIX', 'nonblocking');
  const fd = openSync(tempFile(content), 'r');
  const length = content.length;
  let turns = 0;
  const turning = setInterval(() => {
    turns++;
    rig.read();
  }, 0);
  for (let i = 0; i < 3; i++) {
    using transfer = paths.sendfile.start({ fd, offset: 0, length }, rig.sender);
    expect(await driveAsync(transfer, rig.sender)).toBe(length);
  }
  clearInterval(turning);
  expect(turns).toBeGreaterThan(2);
  closeSync(fd);
});

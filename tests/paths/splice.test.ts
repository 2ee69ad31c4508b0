import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { paths } from '../../src/paths/index.ts';
import { F_GETPIPE_SZ, fcntl } from '../../src/sys/fd.ts';
import { errno } from '../support/errno.ts';
import { pattern, tempFile } from '../support/temp.ts';
import { conformance } from './conformance.ts';
import { Rig, residue } from './rig.ts';

conformance(paths.splice);

const content = pattern(300_000);

function capacity(options: { chunk?: number; pipeCapacity?: number }): number {
  using rig = new Rig('UNIX', 'nonblocking');
  const fd = openSync(tempFile(content), 'r');
  using transfer = paths.splice.start({ fd, offset: 1, length: content.length - 1 }, rig.sender, options);
  const [pipe] = transfer.buffers;
  const bytes = pipe?.kind === 'pipe' ? fcntl(pipe.readEnd, F_GETPIPE_SZ, 0) : 0;
  expect(rig.run(transfer)).toBe(0);
  expect(rig.finish().equals(content.subarray(1))).toBe(true);
  closeSync(fd);
  return bytes;
}

test('its pipe has room for a chunk, or what is asked for', () => {
  expect(capacity({ pipeCapacity: 4096 })).toBe(4096);
  expect(capacity({ chunk: 4096 })).toBeGreaterThanOrEqual(4096);
  expect(capacity({ chunk: 200_000 })).toBe(262_144);
});

test('a pipe beyond the limits of this user stays small, and the bytes arrive all the same', () => {
  expect(capacity({ pipeCapacity: 0x7ffff000 })).toBeGreaterThanOrEqual(4096);
});

test('what a broken connection leaves in the pipe is counted, stays there, and dies with it', () => {
  using rig = new Rig('UNIX', 'nonblocking', 16 * 1024);
  const fd = openSync(tempFile(content), 'r');
  using transfer = paths.splice.start({ fd, offset: 0, length: content.length }, rig.sender);
  let n: number;
  do n = rig.step(transfer);
  while (n > 0);
  expect(n).toBe(-errno.EAGAIN);
  rig.reset();
  expect([-errno.EPIPE, -errno.ECONNRESET]).toContain(rig.step(transfer));
  expect(transfer.left).toBeGreaterThan(0);
  expect(residue(transfer)).toBe(transfer.left);
  const { left } = transfer;
  transfer.close();
  expect(transfer.left).toBe(left);
  closeSync(fd);
});

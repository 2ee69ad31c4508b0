import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Intermediate, paths } from '../../src/paths/index.ts';
import { mlock } from '../../src/sys/mmap.ts';
import { errno } from '../support/errno.ts';
import { pattern, tempFile } from '../support/temp.ts';
import { conformance } from './conformance.ts';
import { Rig, type Sink } from './rig.ts';

conformance(paths.vmsplice);

const content = pattern(1 << 20);

function memory(buffers: readonly Intermediate[]) {
  const found = buffers.find((buffer) => buffer.kind === 'memory');
  if (found === undefined) throw new Error('no memory');
  return found;
}

// The way in which others sent corrupt bytes: a buffer is filled again while its pages are on their way.
test.each<Sink>(['TCP', 'UNIX'])('writes no page again that a receiver over %s has yet to read', (sink) => {
  using rig = new Rig(sink, 'nonblocking');
  const fd = openSync(tempFile(content), 'r');
  {
    using transfer = paths.vmsplice.start({ fd, offset: 0, length: content.length }, rig.sender, { chunk: 4096 });
    let steps = 0;
    let n: number;
    // as much as goes in unread: dozens of turns of the same 4 KiB of addresses
    for (n = rig.step(transfer); n > 0; n = rig.step(transfer)) steps++;
    expect(steps).toBeGreaterThan(20);
    expect([0, -errno.EAGAIN]).toContain(n);
  }
  // and the memory is gone before the first byte is read
  const got = rig.finish();
  expect(got.equals(content.subarray(0, got.length))).toBe(true);
  expect(got.length).toBeGreaterThan(20 * 4096);
  closeSync(fd);
});

test('goes on with other memory when its pages are locked', () => {
  using rig = new Rig('UNIX', 'nonblocking');
  const fd = openSync(tempFile(content), 'r');
  using transfer = paths.vmsplice.start({ fd, offset: 0, length: 30_000 }, rig.sender, { chunk: 8192 });
  expect(rig.step(transfer)).toBe(8192);
  const first = memory(transfer.buffers);
  expect(mlock(first.address)).toBe(0);
  const { calls } = transfer;
  expect(rig.step(transfer)).toBe(8192);
  // madvise (EINVAL), munmap, mmap, pread, vmsplice, splice
  expect(transfer.calls - calls).toBe(6);
  expect(rig.run(transfer)).toBe(0);
  expect(rig.finish().equals(content.subarray(0, 30_000))).toBe(true);
  closeSync(fd);
});

test('shows its memory and its pipe, with the bytes of the latest chunk', () => {
  using rig = new Rig('UNIX', 'nonblocking');
  const fd = openSync(tempFile(content), 'r');
  using transfer = paths.vmsplice.start({ fd, offset: 0, length: 30_000 }, rig.sender, { chunk: 8192 });
  rig.step(transfer);
  expect(transfer.buffers.map((buffer) => buffer.kind).sort()).toEqual(['memory', 'pipe']);
  expect(memory(transfer.buffers).address % 4096).toBe(0);
  closeSync(fd);
});

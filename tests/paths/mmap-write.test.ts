import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { paths } from '../../src/paths/index.ts';
import { pattern, tempFile } from '../support/temp.ts';
import { conformance } from './conformance.ts';
import { Rig } from './rig.ts';

conformance(paths['mmap-write']);

const content = pattern(100_000);

function run(options: { window?: number; populate?: boolean; chunk?: number }) {
  using rig = new Rig('UNIX', 'nonblocking');
  const fd = openSync(tempFile(content), 'r');
  using transfer = paths['mmap-write'].start({ fd, offset: 4097, length: 90_000 }, rig.sender, options);
  const windows = new Map<number, number>();
  for (let n = 1; n > 0; rig.read()) {
    n = rig.step(transfer);
    for (const buffer of transfer.buffers) if (buffer.kind === 'mapping') windows.set(buffer.offset, buffer.length);
  }
  expect(transfer.error).toBeUndefined();
  expect(rig.finish().equals(content.subarray(4097, 94_097))).toBe(true);
  closeSync(fd);
  return { windows: [...windows], calls: transfer.calls };
}

test('maps the file in windows of whole pages, up to the end of the range', () => {
  // fstat, mmap, two writes, fstat; munmap is to come
  expect(run({})).toEqual({ windows: [[4096, 90_001]], calls: 5 });
  expect(run({ window: 40_000 }).windows).toEqual([
    [4096, 40_960],
    [45_056, 40_960],
    [86_016, 8081],
  ]);
  expect(run({ window: 1 }).windows).toHaveLength(22);
});

test('maps with MAP_POPULATE when told so', () => {
  expect(run({ populate: true, chunk: 30_000 })).toEqual({ windows: [[4096, 90_001]], calls: 6 });
});

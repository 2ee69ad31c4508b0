import { describe, expect, test } from 'vitest';
import { File } from '../../src/io/file.ts';
import { Mapping } from '../../src/io/mapping.ts';
import { directMap, directMapAddress, frameOf } from '../../src/probe/direct-map.ts';
import { pageWatchpoints, Watchpoints } from '../../src/probe/watchpoint.ts';
import { O_CREAT, O_RDWR } from '../../src/sys/fd.ts';
import { PAGE_SIZE } from '../../src/sys/mmap.ts';
import { isRoot } from '../support/raw.ts';
import { pattern, tempPath } from '../support/temp.ts';
import { because, causeOf } from './cause.ts';

const cause = causeOf(directMap);

describe.skipIf(cause)(`the kernel's own address of a page ${because(cause)}`, () => {
  test('two mappings of one page have one, and another page has another', () => {
    using file = File.open(tempPath(), O_RDWR | O_CREAT);
    file.pwrite(pattern(2 * PAGE_SIZE), 0);
    using one = Mapping.file(file);
    using two = Mapping.file(file);
    one.lock();
    two.lock();
    const at = directMapAddress(one.address + 100);
    expect(directMapAddress(two.address + 100)).toBe(at);
    expect(directMapAddress(one.address)).toBe(at - 100n);
    expect(directMapAddress(one.address + PAGE_SIZE + 100)).not.toBe(at);
    expect(at >> 63n).toBe(1n);
  });

  test('of a page that is not in memory there is none', () => {
    using memory = Mapping.anonymous(PAGE_SIZE);
    expect(() => frameOf(memory.address)).toThrow(/is not in memory: touch or lock it first/);
  });
});

const noWatch = cause ?? causeOf(pageWatchpoints);
test.skipIf(noWatch)(
  `a page-cache page is touched 23 times in 23 reads of it, and not at all in none ${because(noWatch)}`,
  () => {
    using file = File.open(tempPath(), O_RDWR | O_CREAT);
    file.pwrite(pattern(PAGE_SIZE), 0);
    using mapping = Mapping.file(file);
    mapping.lock();
    const byte = 1009;
    using watch = new Watchpoints([{ label: 'page', address: directMapAddress(mapping.address + byte), access: 'rw' }]);
    const buffer = Buffer.alloc(PAGE_SIZE);
    expect(watch.during(() => {})).toHaveLength(0);
    const touches = watch.during(() => {
      for (let i = 0; i < 23; i++) file.pread(buffer, 0);
    });
    expect(touches).toHaveLength(23);
    // reads that leave the byte out touch something else
    expect(
      watch.during(() => {
        for (let i = 0; i < 23; i++) file.pread(buffer, 0, byte);
      }),
    ).toHaveLength(0);
  },
);

test.skipIf(isRoot)('without privilege the cause is told (skipped as root)', () => {
  expect(cause).toMatch(/CAP_SYS_ADMIN|tracepoint/);
});

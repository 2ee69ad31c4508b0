import { expect, test } from 'vitest';
import { File } from '../../src/io/file.ts';
import { pageCache, pageCacheLook } from '../../src/probe/page-cache.ts';
import { memfdCreate, O_CREAT, O_RDWR } from '../../src/sys/fd.ts';
import { PAGE_SIZE } from '../../src/sys/mmap.ts';
import { isRoot } from '../support/raw.ts';
import { pattern, tempPath } from '../support/temp.ts';
import { because, causeOf } from './cause.ts';

const cause = causeOf(pageCacheLook);
const value = (figure: object) => ('value' in figure ? figure.value : figure);

/** 29 pages, of which the first 23 are in memory. */
function partly(): File {
  const file = File.own(memfdCreate('iolab-test', 0));
  file.truncate(29 * PAGE_SIZE);
  file.pwrite(pattern(23 * PAGE_SIZE), 0);
  return file;
}

test.skipIf(cause)(`23 of 29 pages, by two calls or by the one that is there ${because(cause)}`, () => {
  using file = partly();
  const seen = pageCache(file);
  expect([seen.pages, value(seen.resident)]).toEqual([29, 23]);
  expect(seen.resident).toHaveProperty('instrument', expect.stringMatching(/^mincore, cachestat$|\(one instrument\)$/));
});

test.skipIf(cause)(`a range is looked at alone, parts of pages as whole ones ${because(cause)}`, () => {
  using file = partly();
  const at = (offset: number, length?: number) => {
    const { pages, resident } = pageCache(file, length === undefined ? { offset } : { offset, length });
    return [pages, value(resident)];
  };
  expect(at(20 * PAGE_SIZE)).toEqual([9, 3]);
  expect(at(20 * PAGE_SIZE, 5 * PAGE_SIZE)).toEqual([5, 3]);
  expect(at(23 * PAGE_SIZE, PAGE_SIZE)).toEqual([1, 0]);
  expect(at(PAGE_SIZE + 1, 1)).toEqual([1, 1]);
  expect(at(PAGE_SIZE - 1, 2)).toEqual([2, 2]);
  expect(at(29 * PAGE_SIZE)).toEqual([0, 0]);
  expect(at(0, 2 ** 40)).toEqual([29, 23]);
});

test.skipIf(cause)(`pages are dirty until they are written back, and then gone when asked to ${because(cause)}`, () => {
  using file = File.open(tempPath(), O_RDWR | O_CREAT);
  file.pwrite(pattern(23 * PAGE_SIZE), 0);
  const { dirty, resident } = pageCache(file);
  expect(value(resident)).toBe(23);
  if ('missing' in dirty) expect(dirty.missing).toMatch(/cachestat answers/);
  // the kernel may have begun to write them back of itself
  else expect(dirty.value).toBeLessThanOrEqual(23);
  file.datasync();
  expect(value(pageCache(file).dirty)).toSatisfy((n) => n === 0 || typeof n === 'object');
  file.dropCache();
  const { resident: left } = pageCache(file);
  // tmpfs keeps its pages: there is nowhere else for them
  expect([0, 23]).toContain(value(left));
});

test.skipIf(isRoot)('of a file that we may only read there is no figure (skipped as root)', () => {
  using file = File.open('/etc/passwd');
  const { resident } = pageCache(file);
  expect(JSON.stringify(resident)).toMatch(/this user owns or may write|one instrument/);
});

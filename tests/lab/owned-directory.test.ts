import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDirectory, removeDirectory } from '../../src/lab/owned-directory.ts';
import { tempPath } from '../support/temp.ts';

function parent(): string {
  const directory = tempPath();
  mkdirSync(directory);
  return directory;
}

test('a directory whose owner was killed is removed by the next run, with what is in it', () => {
  const under = parent();
  const mine = makeDirectory(under);
  // a process that has ended, and one that has the number but not the start of a living one
  const { pid } = spawnSync('true');
  const [dead, reused] = [
    basename(mine).replace(`-${process.pid}-`, `-${pid}-`),
    basename(mine).replace(/-\d+-(\w{6})$/, '-1-$1'),
  ].map((name) => join(under, name)) as [string, string];
  for (const directory of [dead, reused]) {
    mkdirSync(directory);
    writeFileSync(join(directory, '65536.bytes'), 'left over');
  }
  const another = makeDirectory(under);
  expect([dead, reused, mine, another].map(existsSync)).toEqual([false, false, true, true]);
  for (const directory of [mine, another]) removeDirectory(directory);
  expect(existsSync(mine)).toBe(false);
});

test('what is of another pid namespace, or merely looks alike, stays', () => {
  const under = parent();
  const mine = makeDirectory(under);
  const others = [
    basename(mine)
      .replace(/^iolab-run-\d+/, 'iolab-run-1')
      .replace(`-${process.pid}-`, '-999999999-'),
    'iolab-run-notes',
    'iolab-run-1-2-3-abcdef.txt',
  ].map((name) => join(under, name));
  for (const directory of others) mkdirSync(directory);
  removeDirectory(makeDirectory(under));
  expect(others.every(existsSync)).toBe(true);
});

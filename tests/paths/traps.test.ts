/** Targets and sources that a call refuses: the error says why, and which path would work. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Pipe } from '../../src/io/pipe.ts';
import { type PathName, paths } from '../../src/paths/index.ts';
import { pattern, tempDir, tempFile } from '../support/temp.ts';
import { Rig } from './rig.ts';

const content = pattern(10_000);
const range = { offset: 0, length: 10_000 };
const fromFile: PathName[] = ['read-write', 'mmap-write', 'sendfile', 'splice', 'vmsplice'];

function failure(name: PathName, fd: number, target: number) {
  using transfer = paths[name].start({ fd, ...range }, target);
  let n: number;
  do n = transfer.step();
  while (n > 0);
  expect(transfer.left).toBe(transfer.taken - transfer.delivered);
  return transfer.error;
}

describe.each(['sendfile', 'splice', 'vmsplice'] as const)('%s', (name) => {
  test('EINVAL: a target that is open with O_APPEND, where read-write works', () => {
    const source = openSync(tempFile(content), 'r');
    const path = tempFile(0);
    const target = openSync(path, 'a');
    expect(failure(name, source, target)).toMatchObject({
      code: 'EINVAL',
      hint: expect.stringMatching(/O_APPEND.*read-write/),
    });
    expect(failure('read-write', source, target)).toBeUndefined();
    expect(readFileSync(path).equals(content)).toBe(true);
    closeSync(source);
    closeSync(target);
  });
});

describe.each(fromFile)('%s', (name) => {
  test('a pipe as the source has no offsets', () => {
    using rig = new Rig('UNIX', 'nonblocking');
    using pipe = Pipe.open();
    const { fd } = pipe.readEnd;
    expect(failure(name, fd, rig.sender)?.hint).toBe(
      `file.fd ${fd} is a pipe, which has no offsets: splice(2) it to the socket directly`,
    );
  });

  test('a socket as the source has no offsets', () => {
    using rig = new Rig('UNIX', 'nonblocking');
    expect(failure(name, rig.reader, rig.sender)?.hint).toContain(`file.fd ${rig.reader} is a socket`);
  });

  test('a directory as the source', () => {
    using rig = new Rig('UNIX', 'nonblocking');
    const fd = openSync(tempDir(), 'r');
    expect(failure(name, fd, rig.sender)?.hint).toBe(`file.fd ${fd} is a directory; paths send regular files`);
    closeSync(fd);
  });

  test('a source that is open for writing only', () => {
    using rig = new Rig('UNIX', 'nonblocking');
    const fd = openSync(tempFile(content), 'a');
    expect(failure(name, fd, rig.sender)?.hint).toMatch(/open for (writing only|reading)/);
    closeSync(fd);
  });

  test('a target that is open for reading only', () => {
    const source = openSync(tempFile(content), 'r');
    const target = openSync(tempFile(0), 'r');
    expect(failure(name, source, target)).toMatchObject({
      code: 'EBADF',
      hint: `the target ${target} is open for reading only`,
    });
    closeSync(source);
    closeSync(target);
  });
});

import { describe, expect, test } from 'vitest';
import { File } from '../../src/io/file.ts';
import { Mapping, PAGE_SIZE } from '../../src/io/mapping.ts';
import { Pipe } from '../../src/io/pipe.ts';
import { constant, native } from '../../src/native.ts';
import { pattern, sparseFile, tempFile } from '../support/temp.ts';

const O_RDWR = constant<'open'>('O_RDWR');

/** Maps a file of this content; the file itself is closed again. */
function mapFile(content: number | Uint8Array, options = {}): Mapping {
  using file = File.open(tempFile(content), O_RDWR);
  return Mapping.file(file, options);
}

describe('read and write', () => {
  test('copy the file out, at any offset, into any part of a buffer', () => {
    const bytes = pattern(3 * PAGE_SIZE + 17);
    using mapping = mapFile(bytes);
    expect(mapping.length).toBe(bytes.length);
    const out = Buffer.alloc(bytes.length);
    expect(mapping.read(0, out)).toBe(bytes.length);
    expect(out.equals(bytes)).toBe(true);
    const part = new Uint8Array(10);
    expect(mapping.read(PAGE_SIZE - 3, part, 6, 2)).toBe(6);
    expect([...part]).toEqual([0, 0, ...bytes.subarray(PAGE_SIZE - 3, PAGE_SIZE + 3), 0, 0]);
    expect(mapping.read(bytes.length, out)).toBe(0);
    expect(mapping.read(bytes.length - 1, out)).toBe(1);
  });

  test('reach the file if it was mapped for writing', () => {
    using file = File.open(tempFile(2 * PAGE_SIZE), O_RDWR);
    using mapping = Mapping.file(file, { write: true });
    expect(mapping.write(PAGE_SIZE - 2, Buffer.from('.abcd'), 4, 1)).toBe(4);
    mapping.sync();
    const out = Buffer.alloc(4);
    file.pread(out, PAGE_SIZE - 2);
    expect(out.toString()).toBe('abcd');
  });

  test('write is refused on a mapping for reading', () => {
    using mapping = mapFile(10);
    expect(() => mapping.write(0, Buffer.alloc(1))).toThrow(
      'EACCES: permission denied, process_vm_writev (map the file with write: true)',
    );
  });

  test.each([
    ['offset', -1, 1, 0],
    ['offset', 11, 1, 0],
    ['offset', 1.5, 1, 0],
    ['offset', Number.NaN, 1, 0],
    ['offset', 2 ** 53, 1, 0],
    ['count', 9, 2, 0],
    ['count', 0, 2 ** 31, 0],
    ['count', 0, 2 ** 53 - 1, 0],
    ['count', 0, -1, 0],
    ['count', 0, 4, 1],
    ['at', 0, 1, 5],
    ['at', 0, 1, -1],
  ])('%s outside is refused before the call: read(%d, buffer of 4, %d, %d)', (name, offset, count, at) => {
    using mapping = mapFile(10);
    using neighbour = mapFile(10);
    const into = new Uint8Array(4);
    expect(() => mapping.read(offset, into, count, at)).toThrow(new RegExp(`Mapping: ${name} must be `));
    expect(neighbour.closed).toBe(false);
  });

  test('a window beyond 4 GiB is that window', () => {
    const at = 5 * 2 ** 30;
    using file = File.open(sparseFile(at + PAGE_SIZE), O_RDWR);
    file.pwrite(Buffer.from('far'), at + 5);
    using mapping = Mapping.file(file, { offset: at });
    expect(mapping.length).toBe(PAGE_SIZE);
    const out = Buffer.alloc(3);
    mapping.read(5, out);
    expect(out.toString()).toBe('far');
  });
});

import { describe, expect, test } from 'vitest';
import { File } from '../../src/io/file.ts';
import { Mapping, PAGE_SIZE } from '../../src/io/mapping.ts';
import { Pipe } from '../../src/io/pipe.ts';
import { native } from '../../src/native.ts';
import { O_RDONLY, O_RDWR, O_WRONLY } from '../../src/sys/fd.ts';
import { MADV_DONTNEED, MADV_WILLNEED } from '../../src/sys/mmap.ts';
import { vmsplice } from '../../src/sys/pipe.ts';
import { errno } from '../support/errno.ts';
import { pattern, sparseFile, tempDir, tempFile } from '../support/temp.ts';

const truncated = expect.objectContaining({ name: 'SystemError', code: 'ERR_MAPPING_TRUNCATED' });
const closed = expect.objectContaining({ name: 'SystemError', code: 'ERR_MAPPING_CLOSED' });

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

describe('what cannot be mapped', () => {
  test.each([
    ['an empty file', 0, {}, /length must be a positive number of bytes; an empty file cannot be mapped, got 0/],
    ['nothing', 10, { length: 0 }, /length must be a positive number/],
    ['less than nothing', 10, { length: -1 }, /length must be a positive number/],
    ['half a byte', 10, { length: 0.5 }, /length must be a positive number/],
    ['more than there are addresses', 10, { length: 2 ** 53 }, /length must be a positive number/],
    ['from the middle of a page', 9000, { offset: 100 }, /offset must be a multiple of the page size, 4096: map from/],
    ['from before the start', 10, { offset: -4096 }, /offset must be a multiple/],
    ['from behind the end', 10, { offset: 4096 }, /length must be a positive number/],
  ])('%s', (_what, content, options, message) => {
    expect(() => mapFile(content, options)).toThrow(message);
  });

  test.each([
    [
      'a file open for writing only',
      O_WRONLY,
      {},
      /^EACCES: permission denied, mmap \(the file must be open for reading/,
    ],
    ['one open for reading, to write', O_RDONLY, { write: true }, /^EACCES: .*with write: true by O_RDWR/],
  ])('%s', (_what, flags, options, message) => {
    using file = File.open(tempFile(10), flags);
    expect(() => Mapping.file(file, options)).toThrow(message);
  });

  test('a directory and a pipe, which have no pages', () => {
    using directory = File.open(tempDir());
    using pipe = Pipe.open();
    expect(() => Mapping.file(directory, { length: 1 })).toThrow(/^ENODEV: .*read\(\) it instead/);
    expect(() => Mapping.file(pipe.readEnd, { length: 1 })).toThrow(/^(ENODEV|EACCES)/);
  });

  test('more bytes than the limit', () => {
    const { byteLimit } = Mapping;
    using first = Mapping.anonymous(PAGE_SIZE);
    Mapping.byteLimit = Mapping.mapped.bytes + 2 * PAGE_SIZE;
    using second = Mapping.anonymous(PAGE_SIZE);
    expect(() => Mapping.anonymous(PAGE_SIZE + 1)).toThrow(
      /^ERR_MAPPING_LIMIT: 4097 bytes more .*raise Mapping.byteLimit/,
    );
    second.close();
    Mapping.anonymous(PAGE_SIZE + 1).close();
    Mapping.byteLimit = byteLimit;
    expect(first.closed).toBe(false);
    expect(() => {
      Mapping.byteLimit = Number.NaN;
    }).toThrow(RangeError);
  });
});

describe('after close', () => {
  test('everything is refused, and a second close does nothing', () => {
    const mapping = mapFile(10, { write: true });
    mapping.close();
    mapping.close();
    expect([mapping.closed, mapping.truncated]).toEqual([true, false]);
    const buf = new Uint8Array(1);
    const uses = {
      address: () => mapping.address,
      read: () => mapping.read(0, buf),
      write: () => mapping.write(0, buf),
      view: () => mapping.view(),
      sync: () => mapping.sync(),
      advise: () => mapping.advise(MADV_WILLNEED),
      resident: () => mapping.resident(),
      lock: () => mapping.lock(),
    };
    for (const [name, use] of Object.entries(uses)) expect(use, name).toThrow(closed);
    expect(uses.read).toThrow('ERR_MAPPING_CLOSED: this Mapping of 10 bytes is closed, address');
  });

  test('its view and all that was made of it have no length', () => {
    for (let round = 0; round < 50; round++) {
      const mapping = mapFile(3 * PAGE_SIZE);
      const view = mapping.view();
      const parts = Array.from({ length: 20 }, (_, i) => new Uint8Array(view, i * 100).subarray(i));
      const words = new Float64Array(view, 0, 8);
      const data = new DataView(view);
      mapping.close();
      expect(view.byteLength).toBe(0);
      expect(parts.map((part) => [part.length, part[0]])).toEqual(parts.map(() => [0, undefined]));
      expect(words[0]).toBeUndefined();
      expect(() => data.getUint8(0)).toThrow(TypeError);
      expect(() => new Uint8Array(view)).toThrow(TypeError);
    }
  });

  test('bytes that lie in a pipe stay what they were', () => {
    // vmsplice(2) puts the pages themselves into the pipe; the kernel keeps them until they are read
    const bytes = pattern(2 * PAGE_SIZE);
    const mapping = Mapping.anonymous(2 * PAGE_SIZE);
    mapping.write(0, bytes);
    using pipe = Pipe.open();
    expect(vmsplice(pipe.writeEnd.fd, Float64Array.of(mapping.address, 2 * PAGE_SIZE), 0)).toBe(2 * PAGE_SIZE);
    mapping.close();
    using next = Mapping.anonymous(2 * PAGE_SIZE);
    next.write(0, Buffer.alloc(2 * PAGE_SIZE, 0xff));
    const out = Buffer.alloc(2 * PAGE_SIZE);
    expect(pipe.readEnd.read(out)).toBe(2 * PAGE_SIZE);
    expect(out.equals(bytes)).toBe(true);
  });
});

test('what is written between vmsplice and reading is what comes out: the pages are shared, not copied', () => {
  using mapping = Mapping.anonymous(PAGE_SIZE);
  mapping.write(0, Buffer.from('before'));
  using pipe = Pipe.open();
  vmsplice(pipe.writeEnd.fd, Float64Array.of(mapping.address, 6), 0);
  mapping.write(0, Buffer.from('AFTER!'));
  const out = Buffer.alloc(6);
  pipe.readEnd.read(out);
  expect(out.toString()).toBe('AFTER!');
});

describe('view', () => {
  test('is the file itself, as long as the mapping and always the same', () => {
    using file = File.open(tempFile(PAGE_SIZE + 10), O_RDWR);
    using mapping = Mapping.file(file);
    const view = mapping.view();
    expect([view.byteLength, mapping.mode]).toEqual([PAGE_SIZE + 10, 'view']);
    expect(mapping.view()).toBe(view);
    expect(Buffer.from(view).equals(pattern(PAGE_SIZE + 10))).toBe(true);
    file.pwrite(Buffer.from('now'), 7);
    expect(Buffer.from(view, 7, 3).toString()).toBe('now');
  });

  test('takes writes that reach the file, or stay here if it was mapped for reading', () => {
    for (const write of [true, false]) {
      using file = File.open(tempFile(PAGE_SIZE), write ? O_RDWR : O_RDONLY);
      using mapping = Mapping.file(file, { write });
      new Uint8Array(mapping.view()).set(Buffer.from('here'));
      mapping.sync();
      const inMapping = Buffer.alloc(4);
      const inFile = Buffer.alloc(4);
      mapping.read(0, inMapping);
      file.pread(inFile, 0);
      expect([inMapping.toString(), inFile.toString() === 'here']).toEqual(['here', write]);
    }
  });

  test('of a shared mapping for reading is refused: a write would end the process', () => {
    const { MAP_SHARED = 0, PROT_READ = 0 } = native.constants;
    using file = File.open(tempFile(PAGE_SIZE));
    const address = native.sys.mmap(PAGE_SIZE, PROT_READ, MAP_SHARED, file.fd, 0);
    expect(native.runtime.view(address)).toBe(-errno.EACCES);
    expect(native.runtime.unmap(address)).toBe(0);
  });

  test.skipIf(!('transfer' in ArrayBuffer.prototype))(
    'that was transferred away cannot be had again; closing leaves zeros there (ArrayBuffer.transfer: Node 21)',
    () => {
      using mapping = mapFile(PAGE_SIZE);
      const view = mapping.view() as ArrayBuffer & { transfer(): ArrayBuffer };
      const moved = new Uint8Array(view.transfer());
      expect([view.byteLength, moved.length]).toEqual([0, PAGE_SIZE]);
      expect(() => mapping.view()).toThrow(/was transferred; unmap it/);
      mapping.close();
      expect(moved.every((byte) => byte === 0)).toBe(true);
    },
  );

  test('is not moved by messages: Node copies it, or refuses', () => {
    using mapping = mapFile(PAGE_SIZE);
    const view = mapping.view();
    try {
      expect(structuredClone(view, { transfer: [view] })).toEqual(view);
    } catch (error) {
      expect(error).toMatchObject({ name: 'DataCloneError' });
    }
    expect(view.byteLength).toBe(PAGE_SIZE);
  });
});

describe('a file that is cut short', () => {
  test('is read short up to its last page, then not at all', () => {
    using file = File.open(tempFile(3 * PAGE_SIZE), O_RDWR);
    using mapping = Mapping.file(file);
    file.truncate(PAGE_SIZE + 10);
    const out = Buffer.alloc(3 * PAGE_SIZE);
    expect(mapping.read(0, out)).toBe(2 * PAGE_SIZE);
    expect(out.subarray(PAGE_SIZE + 10, 2 * PAGE_SIZE).every((byte) => byte === 0)).toBe(true);
    expect(() => mapping.read(2 * PAGE_SIZE, out)).toThrow(truncated);
    // nothing ran into it, so what is still there can be read
    expect(mapping.truncated).toBe(false);
    expect(mapping.read(0, out, 10)).toBe(10);
  });

  test('refuses to be written beyond its end', () => {
    using file = File.open(tempFile(2 * PAGE_SIZE), O_RDWR);
    using mapping = Mapping.file(file, { write: true });
    file.truncate(0);
    expect(() => mapping.write(0, Buffer.alloc(10))).toThrow(truncated);
  });

  test('reads as zeros through a view, and the next call tells', () => {
    using file = File.open(tempFile(4 * PAGE_SIZE), O_RDWR);
    const mapping = Mapping.file(file);
    const bytes = new Uint8Array(mapping.view());
    file.truncate(PAGE_SIZE);
    expect(mapping.truncated).toBe(false);
    // the last page first, so that the rest is replaced in pieces
    expect([bytes[3 * PAGE_SIZE], bytes[2 * PAGE_SIZE], bytes[PAGE_SIZE]]).toEqual([0, 0, 0]);
    expect(bytes[0]).toBe(pattern(1)[0]);
    bytes.fill(7, PAGE_SIZE);
    expect(mapping.truncated).toBe(true);
    for (const use of [() => mapping.read(0, Buffer.alloc(1)), () => mapping.view(), () => mapping.address])
      expect(use).toThrow(truncated);
    mapping.close();
    expect(bytes.length).toBe(0);
  });

  test('in many pages costs the process no mapping for each', () => {
    const pages = 2000;
    using file = File.open(tempFile(pages * PAGE_SIZE), O_RDWR);
    using mapping = Mapping.file(file);
    const bytes = new Uint8Array(mapping.view());
    file.truncate(0);
    const lines = () => File.open('/proc/self/maps');
    const count = () => {
      using maps = lines();
      const buf = Buffer.alloc(2 ** 20);
      let n = 0;
      for (let got = maps.read(buf); got !== undefined && got > 0; got = maps.read(buf))
        n += buf.subarray(0, got).filter((c) => c === 10).length;
      return n;
    };
    const before = count();
    // downwards and in strides: the order in which each page would be an island
    for (let page = pages - 1; page >= 0; page -= 2) expect(bytes[page * PAGE_SIZE]).toBe(0);
    expect(count() - before).toBeLessThan(50);
  });
});

test('pages are resident once they were touched, until they are given back', () => {
  using mapping = Mapping.anonymous(16 * PAGE_SIZE);
  expect(mapping.resident()).toBe(0);
  mapping.write(3 * PAGE_SIZE, pattern(2 * PAGE_SIZE));
  expect(mapping.resident()).toBe(2);
  mapping.advise(MADV_DONTNEED);
  expect(mapping.resident()).toBe(0);
  mapping.lock();
  expect(mapping.resident()).toBe(16);
  expect(() => mapping.advise(100)).toThrow(/^EINVAL/);
});

test('the garbage collector knows of private memory', () => {
  const length = 256 * 2 ** 20;
  const told = () => native.runtime.account(0);
  const before = told();
  const mapping = Mapping.anonymous(length);
  expect(told() - before).toBeGreaterThan(length / 2);
  mapping.close();
  expect(told() - before).toBeLessThan(length / 2);
});

test('populate reads the file in at once', () => {
  using file = File.open(tempFile(16 * PAGE_SIZE), O_RDWR);
  using mapping = Mapping.file(file, { populate: true });
  expect(mapping.resident()).toBe(16);
});

test('100,000 mappings, one after the other, leave nothing behind', () => {
  const before = Mapping.mapped;
  for (let i = 0; i < 100_000; i++) Mapping.anonymous(PAGE_SIZE).close();
  using file = File.open(tempFile(PAGE_SIZE));
  for (let i = 0; i < 5000; i++) {
    const mapping = Mapping.file(file);
    if (i % 10 === 0) mapping.view();
    mapping.close();
  }
  expect(Mapping.mapped).toEqual(before);
});

import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SystemError } from '../../src/io/errors.ts';
import { File } from '../../src/io/file.ts';
import { Mapping, PAGE_SIZE } from '../../src/io/mapping.ts';
import { native } from '../../src/native.ts';
import { O_RDWR } from '../../src/sys/fd.ts';
import { MADV_WILLNEED } from '../../src/sys/mmap.ts';
import { errno } from '../support/errno.ts';
import { failEach, withFaults } from '../support/gate.ts';
import { snapshot } from '../support/guard.ts';
import { pattern, tempFile } from '../support/temp.ts';

const LENGTH = 2 * PAGE_SIZE + 10;

test.each([
  ['ENOMEM', errno.ENOMEM, false],
  ['EIO', errno.EIO, false],
  ['EAGAIN', errno.EAGAIN, false],
  ['ENOMEM', errno.ENOMEM, true],
  ['EIO', errno.EIO, true],
])(
  'whichever call answers %s (%i, view %s) is named; mappings, descriptors and bytes are as before',
  (code, error, viewed) => {
    const path = tempFile(LENGTH);
    using file = File.open(path, O_RDWR);
    const before = snapshot();
    const counted = Mapping.mapped;
    const named: string[] = [];
    let mapping: Mapping | undefined;
    let view: ArrayBuffer | undefined;
    let seen: unknown;
    failEach(
      { error },
      () => {
        mapping = view = seen = undefined;
        try {
          mapping = Mapping.file(file, { write: true });
          const bytes = Buffer.alloc(LENGTH);
          expect(mapping.read(0, bytes)).toBe(LENGTH);
          expect(bytes.equals(pattern(LENGTH))).toBe(true);
          mapping.write(0, bytes);
          mapping.advise(MADV_WILLNEED);
          mapping.resident();
          mapping.lock();
          if (viewed) view = mapping.view();
          mapping.sync();
          mapping.close();
        } catch (thrown) {
          seen = thrown;
        }
      },
      (k) => {
        if (mapping !== undefined && !mapping.closed) {
          // not given back, so it can be tried again; what looked into it is detached already
          if (named.length > 8) expect(view?.byteLength ?? 0).toBe(0);
          mapping.close();
        }
        expect(view?.byteLength ?? 0, `call ${k}`).toBe(0);
        expect(Mapping.mapped, `call ${k}`).toEqual(counted);
        expect(snapshot(), `call ${k}`).toEqual(before);
        if (seen === undefined) return;
        if (seen instanceof SystemError) expect(seen).toMatchObject({ code, errno: error });
        named.push(seen instanceof SystemError ? seen.syscall : String(seen));
      },
    );
    expect(named).toEqual([
      'fstat',
      'mmap',
      'process_vm_readv',
      'process_vm_writev',
      'madvise',
      'mincore',
      'mlock',
      ...(viewed ? ['mprotect'] : []),
      'msync',
      'munmap',
    ]);
    expect(readFileSync(path).equals(pattern(LENGTH))).toBe(true);
  },
);

test('running out of mappings is said in terms of what can be done', () => {
  withFaults({ nth: 1, error: errno.ENOMEM }, () => {
    expect(() => Mapping.anonymous(PAGE_SIZE)).toThrow(
      /^ENOMEM: .*, mmap \(iolab has 0 mappings of 0 bytes in this thread, and vm\.max_map_count allows the process \d+/,
    );
  });
});

test('a sandbox that forbids the copying calls is told from a truncated file', () => {
  using mapping = Mapping.anonymous(PAGE_SIZE);
  const buf = Buffer.alloc(1);
  withFaults({ nth: 1, error: errno.EPERM }, () => expect(() => mapping.read(0, buf)).toThrow(/^EPERM: .*seccomp/));
  withFaults({ nth: 1, error: errno.EFAULT }, () =>
    expect(() => mapping.read(0, buf)).toThrow(expect.objectContaining({ code: 'ERR_MAPPING_TRUNCATED' })),
  );
});

describe('where the runtime forbids foreign memory', () => {
  beforeEach(() => {
    native.runtime.gateNoExternal?.(1);
  });
  afterEach(() => {
    native.runtime.gateNoExternal?.(0);
  });

  test('the view is a copy, and the mapping says so', () => {
    using file = File.open(tempFile(LENGTH), O_RDWR);
    const mapping = Mapping.file(file);
    expect(mapping.mode).toBe('view');
    const view = mapping.view();
    expect([mapping.mode, view.byteLength]).toEqual(['copy', LENGTH]);
    expect(mapping.view()).toBe(view);
    expect(Buffer.from(view).equals(pattern(LENGTH))).toBe(true);
    file.pwrite(Buffer.from('later'), 0);
    expect(Buffer.from(view).equals(pattern(LENGTH))).toBe(true);
    const out = Buffer.alloc(5);
    mapping.read(0, out);
    expect(out.toString()).toBe('later');
    const part = new Uint8Array(view, 100);
    mapping.close();
    expect([view.byteLength, part.length]).toEqual([0, 0]);
  });

  test('what is written to it reaches the file by sync(), and never if it was mapped for reading', () => {
    for (const write of [true, false]) {
      using file = File.open(tempFile(LENGTH), O_RDWR);
      using mapping = Mapping.file(file, { write });
      const bytes = new Uint8Array(mapping.view());
      bytes.set(Buffer.from('here'), PAGE_SIZE);
      const out = Buffer.alloc(4);
      file.pread(out, PAGE_SIZE);
      expect(out.toString()).not.toBe('here');
      mapping.sync();
      file.pread(out, PAGE_SIZE);
      expect(out.toString() === 'here').toBe(write);
    }
  });

  test('anonymous memory, too', () => {
    using mapping = Mapping.anonymous(PAGE_SIZE);
    mapping.write(0, Buffer.from('abc'));
    expect(Buffer.from(mapping.view(), 0, 3).toString()).toBe('abc');
  });

  test('a file that was cut short has no copy', () => {
    using file = File.open(tempFile(3 * PAGE_SIZE), O_RDWR);
    using mapping = Mapping.file(file);
    file.truncate(PAGE_SIZE);
    expect(() => mapping.view()).toThrow(expect.objectContaining({ code: 'ERR_MAPPING_TRUNCATED' }));
    expect(mapping.truncated).toBe(false);
  });

  test('bindEpollWait answers null', () => {
    const epfd = native.sys.epollCreate1(0);
    expect(native.runtime.bindEpollWait(epfd, 8)).toBeNull();
    native.sys.close(epfd);
  });
});

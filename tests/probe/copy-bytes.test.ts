import { describe, expect, test } from 'vitest';
import { File } from '../../src/io/file.ts';
import { CopyCounter, copyBytes } from '../../src/probe/copy-bytes.ts';
import { addressOf, kallsyms } from '../../src/probe/kallsyms.ts';
import { memfdCreate, pread, pwrite } from '../../src/sys/fd.ts';
import { because, causeOf } from './cause.ts';

const cause = causeOf(copyBytes);

describe.skipIf(cause)(`copies of this thread ${because(cause)}`, () => {
  test('23 reads and 19 writes of 1009 bytes are that many bytes each way', () => {
    using file = File.own(memfdCreate('iolab-test', 0));
    const buffer = new Uint8Array(1009);
    using counter = new CopyCounter();
    const seen = counter.during(() => {
      for (let i = 0; i < 19; i++) pwrite(file.fd, buffer, 1009, 0);
      for (let i = 0; i < 23; i++) pread(file.fd, buffer, 1009, 0);
    });
    const of = (name: string) => seen.find((copied) => copied.function === name);
    expect(of('_copy_to_iter')).toEqual({ function: '_copy_to_iter', calls: 23, bytes: 23 * 1009 });
    const written = seen.filter((copied) => copied.function !== '_copy_to_iter');
    expect(written.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(19 * 1009);
    expect(counter.during(() => {})).toEqual([]);
  });
});

describe.skipIf(cause === undefined)('where it does not work (skipped: it does here)', () => {
  test('the cause is told, and is the right one', () => {
    const named = causeOf(kallsyms);
    if (named !== undefined) expect(cause).toBe(named);
    else if (addressOf('register_kprobe') === undefined)
      expect(cause).toMatch(/^EINVAL: .*perf_event_open.*; this kernel has no kprobes \(CONFIG_KPROBES\)/s);
    else expect(cause).toMatch(/CAP_SYS_ADMIN|lockdown|were seen as/);
  });

  test('nothing stays open', () => {
    expect(() => new CopyCounter()).toThrow();
  });
});

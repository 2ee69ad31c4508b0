import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { syscalls } from '../../src/probe/index.ts';
import { field, tracepointFormat, tracepointFormats, tracepointId } from '../../src/probe/tracefs.ts';
import { tempDir } from '../support/temp.ts';
import { because, causeOf } from './cause.ts';

/** A tracefs of our own, with a format as kernels write it. */
function mount(name: string, format: string): string {
  const root = join(tempDir(), name);
  mkdirSync(join(root, 'events', 'lab', 'event'), { recursive: true });
  writeFileSync(join(root, 'events', 'lab', 'event', 'format'), format);
  return root;
}

const FORMAT = `name: event
ID: 1234
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

	field:const void * skbaddr;	offset:8;	size:8;	signed:0;
	field:char comm[16];	offset:16;	size:16;	signed:0;
	field:__data_loc char[] name;	offset:32;	size:4;	signed:0;
	field:long ret;	offset:40;	size:8;	signed:1;
	field:u8 small;	offset:48;	size:1;	signed:0;

print fmt: "field:%d", REC->ret
`;

describe('a format', () => {
  const format = tracepointFormat('lab/event', [mount('good', FORMAT)]);

  test('has a number, and each field its place', () => {
    expect(format).toEqual({
      event: 'lab/event',
      id: 1234,
      fields: {
        common_type: { offset: 0, size: 2, signed: false },
        common_pid: { offset: 4, size: 4, signed: true },
        skbaddr: { offset: 8, size: 8, signed: false },
        comm: { offset: 16, size: 16, signed: false },
        name: { offset: 32, size: 4, signed: false },
        ret: { offset: 40, size: 8, signed: true },
        small: { offset: 48, size: 1, signed: false },
      },
    });
  });

  test('decodes integers of every width and sign', () => {
    const raw = new DataView(new ArrayBuffer(56));
    raw.setUint16(0, 0xfffe, true);
    raw.setInt32(4, -5, true);
    raw.setBigUint64(8, 0xffff_8880_0000_1000n, true);
    raw.setBigInt64(40, -11n, true);
    raw.setUint8(48, 200);
    const value = (name: string) => field(format, { raw }, name);
    expect(['common_type', 'common_pid', 'skbaddr', 'ret', 'small'].map(value)).toEqual([
      0xfffen,
      -5n,
      0xffff_8880_0000_1000n,
      -11n,
      200n,
    ]);
  });

  test('refuses what is no integer, what is not there, and a sample without data', () => {
    const raw = new DataView(new ArrayBuffer(56));
    expect(() => field(format, { raw }, 'comm')).toThrow('lab/event: comm of 16 bytes is no integer');
    expect(() => field(format, { raw }, 'data_len')).toThrow('lab/event of this kernel has no field data_len');
    expect(() => field(format, {}, 'ret')).toThrow('lab/event: the sample has no raw data');
  });

  test('without a number it is none', () => {
    expect(() => tracepointFormat('lab/event', [mount('bad', 'nothing of that kind')])).toThrow(
      /cannot be read: .*has no number/,
    );
  });

  test('that is nowhere names every place that was tried', () => {
    expect(() => tracepointId('lab/nothing', [mount('other', FORMAT)])).toThrow(
      /^the number of tracepoint lab\/nothing cannot be read: ENOENT.*; /,
    );
  });
});

const cause = causeOf(syscalls);
describe.skipIf(cause)(`this kernel's ${because(cause)}`, () => {
  test('several are looked up at once, in the order of asking, and are the same one by one', () => {
    const events = ['raw_syscalls/sys_exit', 'sched/sched_switch', 'raw_syscalls/sys_enter'];
    const formats = tracepointFormats(events);
    expect(formats.map(({ event }) => event)).toEqual(events);
    expect(formats).toEqual(events.map((event) => tracepointFormat(event)));
    expect(new Set(formats.map(({ id }) => id)).size).toBe(3);
    expect(formats[0]?.fields.ret).toEqual({ offset: 16, size: 8, signed: true });
  });

  test('one that is not there does not hide behind those that are', () => {
    expect(() => tracepointFormats(['raw_syscalls/sys_enter', 'raw_syscalls/nobody'])).toThrow(/raw_syscalls\/nobody/);
  });
});

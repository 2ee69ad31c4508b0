import { describe, expect, test } from 'vitest';
import { Pipe } from '../../src/io/pipe.ts';
import { PAGE_SIZE } from '../../src/sys/mmap.ts';
import { CAP_SYS_RESOURCE, capable } from '../support/raw.ts';
import { pattern } from '../support/temp.ts';

test('bytes go in at one end and come out at the other', () => {
  using pipe = Pipe.open();
  expect(pipe.writeEnd.write(Buffer.from('.hello.'), 5, 1)).toBe(5);
  expect(pipe.residue()).toBe(5);
  const out = Buffer.alloc(8);
  expect(pipe.readEnd.read(out, 7, 1)).toBe(5);
  expect(out.toString('latin1')).toBe('\0hello\0\0');
  expect(pipe.residue()).toBe(0);
});

test('an empty pipe and a full one would block, an abandoned one is at its end or broken', () => {
  using pipe = Pipe.open({ capacity: PAGE_SIZE });
  const out = Buffer.alloc(PAGE_SIZE);
  expect(pipe.readEnd.read(out)).toBeUndefined();
  expect(pipe.writeEnd.write(pattern(PAGE_SIZE))).toBe(PAGE_SIZE);
  expect(pipe.writeEnd.write(pattern(1))).toBeUndefined();
  pipe.writeEnd.close();
  expect(pipe.readEnd.read(out)).toBe(PAGE_SIZE);
  expect(pipe.readEnd.read(out)).toBe(0);

  using broken = Pipe.open();
  broken.readEnd.close();
  expect(() => broken.writeEnd.write(out)).toThrow('EPIPE: broken pipe, write');
});

test('waits, if it was opened to', () => {
  using waiting = Pipe.open({ nonblock: false });
  using other = Pipe.open();
  expect([waiting.readEnd.nonblocking, waiting.writeEnd.nonblocking]).toEqual([false, false]);
  expect([other.readEnd.nonblocking, other.writeEnd.nonblocking]).toEqual([true, true]);
});

describe('capacity', () => {
  test('is what the kernel made of the wish', () => {
    using pipe = Pipe.open();
    expect(pipe.capacity).toBe(16 * PAGE_SIZE);
    expect(pipe.setCapacity(5 * PAGE_SIZE)).toBe(8 * PAGE_SIZE);
    expect(pipe.capacity).toBe(8 * PAGE_SIZE);
    using wide = Pipe.open({ capacity: 2 ** 20 });
    expect(wide.capacity).toBe(2 ** 20);
  });

  test('cannot be made too small for what is inside', () => {
    using pipe = Pipe.open();
    pipe.writeEnd.write(pattern(3 * PAGE_SIZE));
    expect(() => pipe.setCapacity(PAGE_SIZE)).toThrow(/^EBUSY: .*read it empty first/);
    expect(pipe.residue()).toBe(3 * PAGE_SIZE);
  });

  test.skipIf(capable(CAP_SYS_RESOURCE))('has a limit for each user (not with CAP_SYS_RESOURCE)', () => {
    // the guard sees that neither end stays behind
    expect(() => Pipe.open({ capacity: 2 ** 30 })).toThrow(/^EPERM: .*pipe-max-size/);
  });

  test.each([-1, 1.5, 2 ** 31, Number.NaN])('%d is refused', (capacity) => {
    expect(() => Pipe.open({ capacity })).toThrow();
  });
});

describe('residue', () => {
  test('is known as long as either end is open', () => {
    const pipe = Pipe.open();
    pipe.writeEnd.write(pattern(100));
    pipe.readEnd.close();
    expect(pipe.residue()).toBe(100);
    expect(pipe.closed).toBe(false);
    pipe.close();
    expect(pipe.closed).toBe(true);
    expect(() => pipe.residue()).toThrow(expect.objectContaining({ code: 'EBADF_CLOSED' }));
    pipe.close();
  });
});

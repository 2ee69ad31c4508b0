import { expect, test } from 'vitest';
import { File } from '../../src/io/file.ts';
import { Mapping } from '../../src/io/mapping.ts';
import { Pipe } from '../../src/io/pipe.ts';
import { directMapAddress } from '../../src/probe/direct-map.ts';
import { Counters, procIo } from '../../src/probe/index.ts';
import { kallsyms } from '../../src/probe/kallsyms.ts';
import { type Place, pageWatchpoints, userWatchpoints, Watchpoints } from '../../src/probe/watchpoint.ts';
import { memfdCreate, pread, read, write } from '../../src/sys/fd.ts';
import { PAGE_SIZE } from '../../src/sys/mmap.ts';

const user = userWatchpoints();
const page = pageWatchpoints();
const why = (capability: typeof user) => (capability.works ? 'it works here' : capability.cause);

function locked(bytes: number): Mapping {
  const memory = Mapping.anonymous(bytes);
  memory.lock();
  return memory;
}

test('watchpoints work, or say why they do not', () => {
  for (const capability of [user, page]) if (!capability.works) expect(capability.cause).toMatch(/\w+ \w+/);
});

test.skipIf(!user.works)(`23 writes and 29 reads by the kernel are 23 and 29 (skipped if: ${why(user)})`, () => {
  using memory = locked(PAGE_SIZE);
  using pipe = Pipe.open();
  const address = memory.address + 1234;
  using watch = new Watchpoints([
    { label: 'any', address, access: 'rw' },
    { label: 'write', address, access: 'w' },
  ]);
  using counters = closing(Counters.open([procIo('thread')]));
  counters.it.begin();
  const touches = watch.during(() => {
    for (let i = 0; i < 29; i++) write(pipe.writeEnd.fd, address, 1);
    for (let i = 0; i < 23; i++) read(pipe.readEnd.fd, address, 1);
  });
  counters.it.end();
  const count = (label: string) => touches.filter((touch) => touch.label === label).length;
  expect([count('any'), count('write')]).toEqual([52, 23]);
  // a second instrument: what /proc says went through write(2) and read(2)
  const io = counters.it.difference();
  if ('proc-thread-io.writeCallBytes' in io) expect(io['proc-thread-io.writeCallBytes']).toBe(29);
});

test.skipIf(!user.works)(`neighbours of the byte are not seen (skipped if: ${why(user)})`, () => {
  using memory = locked(PAGE_SIZE);
  using pipe = Pipe.open();
  using watch = new Watchpoints([{ label: 'byte', address: memory.address + 100, access: 'rw' }]);
  const touches = watch.during(() => {
    write(pipe.writeEnd.fd, memory.address, 100);
    write(pipe.writeEnd.fd, memory.address + 101, 100);
  });
  expect(touches).toEqual([]);
});

test.skipIf(!user.works || !kallsyms().works)(`says who did it (skipped if: ${why(user)})`, () => {
  using memory = locked(PAGE_SIZE);
  using file = File.own(memfdCreate('watched', 0));
  file.pwrite(new Uint8Array(16), 0);
  using watch = new Watchpoints([{ label: 'byte', address: memory.address, access: 'rw' }]);
  const [touch, ...more] = watch.during(() => void pread(file.fd, memory.address, 16, 0));
  expect(more).toEqual([]);
  expect(touch?.functions.join(' ')).toMatch(/copy.*sys_pread64/);
});

test.skipIf(!page.works)(
  `23 preads of a cached page touch it 23 times, under the kernel's address (skipped if: ${why(page)})`,
  () => {
    using file = File.own(memfdCreate('watched', 0));
    file.pwrite(new Uint8Array(PAGE_SIZE), 0);
    using window = Mapping.file(file, { populate: true });
    window.lock();
    const address = directMapAddress(window.address + 77);
    using watch = new Watchpoints([{ label: 'page', address, access: 'rw' }]);
    const into = new Uint8Array(PAGE_SIZE);
    const touches = watch.during(() => {
      for (let i = 0; i < 23; i++) pread(file.fd, into, PAGE_SIZE, 0);
    });
    expect(touches).toHaveLength(23);
    expect(new Set(touches.map(({ tid }) => tid)).size).toBe(1);
  },
);

test.skipIf(!user.works)(`a fifth is refused, not ignored (skipped if: ${why(user)})`, () => {
  using memory = locked(PAGE_SIZE);
  const places = Array.from(
    { length: 20 },
    (_, i): Place => ({ label: `${i}`, address: memory.address + i, access: 'rw' }),
  );
  expect(() => new Watchpoints(places)).toThrow(/ENOSPC.*debug registers are taken/s);
});

test.skipIf(!user.works)(
  `more touches than the ring holds are an error, not a smaller number (skipped if: ${why(user)})`,
  () => {
    using memory = locked(PAGE_SIZE);
    using pipe = Pipe.open();
    using watch = new Watchpoints([{ label: 'byte', address: memory.address, access: 'rw' }]);
    expect(() =>
      watch.during(() => {
        for (let i = 0; i < 5000; i++) {
          write(pipe.writeEnd.fd, memory.address, 1);
          read(pipe.readEnd.fd, memory.address, 1);
        }
      }),
    ).toThrow(/records were lost/);
  },
);

const root = process.getuid?.() === 0;
test.skipIf(root)('without privilege pages cannot be watched (skipped if: this is root)', () => {
  expect(page).toMatchObject({ works: false });
});

function closing(it: Counters): { it: Counters; [Symbol.dispose](): void } {
  return { it, [Symbol.dispose]: () => it.close() };
}

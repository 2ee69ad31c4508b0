/**
 * What every path keeps, over every kind of socket. A path's own test file calls this, and adds what only it promises.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { driveAsync, driveBlocking, type Path } from '../../src/paths/index.ts';
import { AT_FDCWD, close, ftruncate, memfdCreate, O_RDONLY, openat } from '../../src/sys/fd.ts';
import { errno } from '../support/errno.ts';
import { pattern, sparseFile } from '../support/temp.ts';
import { hashed, readInChild } from './child.ts';
import { type Mode, Rig, residue, type Sink } from './rig.ts';
import { losesItsSource, Source } from './source.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

/**
 * A descriptor of a file without data. The kernel reads holes of a memfd from its one page of zeros, but mapping them takes
 * memory: so there the file has to be one on a disk, whose pages can be dropped.
 */
function hole(mapped: boolean, length: number): number {
  if (mapped) return openat(AT_FDCWD, sparseFile(length), O_RDONLY, 0);
  const fd = memfdCreate('iolab-hole', 0);
  ftruncate(fd, length);
  return fd;
}

export function conformance(path: Path): void {
  const readsFile = path.name !== 'null';
  const content = pattern(MiB);
  /** The control sends zeros from memory. */
  const bytes = (offset: number, length: number) =>
    readsFile ? content.subarray(offset, offset + length) : Buffer.alloc(length);

  describe.each<[Sink, Mode]>([
    ['TCP', 'nonblocking'],
    ['TCP', 'blocking'],
    ['UNIX', 'nonblocking'],
    ['UNIX', 'blocking'],
  ])(`${path.name} over %s, %s`, (sink, mode) => {
    // a blocking step must find room, since its reader is the same thread
    const chunk = mode === 'blocking' ? 16 * KiB : 64 * KiB;

    test.each([0, 1, 4096, 4097, 64 * KiB, MiB])('sends %i bytes', (length) => {
      using rig = new Rig(sink, mode);
      using file = new Source(content);
      using transfer = path.start({ fd: file.fd, offset: 0, length }, rig.sender, { chunk });
      expect(rig.run(transfer)).toBe(0);
      expect(rig.finish().equals(bytes(0, length))).toBe(true);
      expect([transfer.taken, transfer.delivered, transfer.left]).toEqual([length, length, 0]);
      expect(transfer.error).toBeUndefined();
      // done stays done
      expect(transfer.step()).toBe(0);
    });

    test('sends any range in any chunks to any reader', () => {
      using file = new Source(content);
      const range = fc
        .tuple(fc.nat(MiB), fc.nat(MiB))
        .map(([a, b]) => ({ offset: Math.min(a, b), length: Math.min(Math.abs(a - b), 200 * KiB) }));
      const chunks = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 100, max: chunk }));
      const reads = fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.constant(Number.POSITIVE_INFINITY));
      fc.assert(
        fc.property(range, chunks, reads, ({ offset, length }, chunk, read) => {
          using rig = new Rig(sink, mode);
          // 200,000 steps of one byte tell no more than 1,000 do
          const some = Math.min(length, chunk * 1000);
          using transfer = path.start({ fd: file.fd, offset, length: some }, rig.sender, { chunk, window: 100 * KiB });
          // a slow reader of a blocking socket cannot be in the same thread
          expect(rig.run(transfer, mode === 'blocking' ? undefined : read)).toBe(0);
          expect(rig.finish().equals(bytes(offset, some))).toBe(true);
        }),
        { numRuns: 20 },
      );
    });

    if (readsFile) losesItsSource(path, sink, mode, chunk);

    test('a peer that goes away after any step: the account is exact', () => {
      using file = new Source(content);
      const length = 200_000;
      for (let k = 0; ; k++) {
        using rig = new Rig(sink, mode);
        using transfer = path.start({ fd: file.fd, offset: 0, length }, rig.sender, { chunk: 12_345 });
        let n = 1;
        for (let i = 0; i < k && n > 0; i++) {
          n = rig.step(transfer);
          // half of the time with unread bytes, for which AF_UNIX has an error of its own
          if (k % 2 === 0 || i > 2) rig.read();
        }
        if (transfer.delivered === length) break;
        rig.reset();
        do n = rig.step(transfer);
        while (n > 0);
        expect([-errno.EPIPE, -errno.ECONNRESET]).toContain(n);
        expect(transfer.error?.code).toMatch(/^EPIPE$|^ECONNRESET$/);
        expect(transfer.taken).toBeLessThanOrEqual(length);
        const got = rig.received;
        expect(got.equals(bytes(0, got.length))).toBe(true);
        expect(got.length).toBeLessThanOrEqual(transfer.delivered);
        if (path.name === 'splice') expect(residue(transfer)).toBe(transfer.left);
      }
    });

    test('a socket that is closed under it is EBADF, and told which', () => {
      using file = new Source(content);
      using rig = new Rig(sink, mode);
      using transfer = path.start({ fd: file.fd, offset: 0, length: MiB }, rig.sender, { chunk: 8 * KiB });
      expect(rig.step(transfer)).toBeGreaterThan(0);
      rig.closeEnd(rig.sender);
      expect(rig.step(transfer)).toBe(-errno.EBADF);
      expect(transfer.error).toMatchObject({ code: 'EBADF', hint: `socket ${rig.sender} is not open` });
    });

    test('close() gives everything back at any point, once', () => {
      using rig = new Rig(sink, mode);
      using file = new Source(content);
      for (let k = 0; k < 4; k++) {
        const transfer = path.start({ fd: file.fd, offset: 0, length: MiB }, rig.sender, { chunk: 8 * KiB });
        for (let i = 0; i < k; i++) rig.step(transfer);
        rig.read();
        const before = transfer.delivered;
        transfer.close();
        transfer.close();
        expect(transfer.step()).toBe(-errno.EBADF);
        expect(transfer.error?.code).toBe('EBADF_CLOSED');
        expect(transfer.delivered).toBe(before);
      }
    });
  });

  describe.each<Sink>(['TCP', 'UNIX'])(`${path.name} over %s`, (sink) => {
    test('fills a socket up to EAGAIN, and goes on where it was', () => {
      using rig = new Rig(sink, 'nonblocking', 32 * KiB);
      using file = new Source(content);
      using transfer = path.start({ fd: file.fd, offset: 0, length: MiB }, rig.sender, { chunk: 50_000 });
      let full = 0;
      for (;;) {
        const n = rig.step(transfer);
        if (n > 0) continue;
        if (n === 0) break;
        expect(n).toBe(-errno.EAGAIN);
        expect(transfer.error).toBeUndefined();
        // again, and nothing moves
        const { taken, delivered } = transfer;
        expect(rig.step(transfer)).toBe(-errno.EAGAIN);
        expect([transfer.taken, transfer.delivered]).toEqual([taken, delivered]);
        if (path.name === 'splice') expect(residue(transfer)).toBe(transfer.left);
        full++;
        rig.wait();
        rig.read(70_000);
      }
      expect(full).toBeGreaterThan(3);
      expect(rig.finish().equals(bytes(0, MiB))).toBe(true);
    });

    test('blocks with a slow reader in another process, and every byte arrives', { timeout: 60_000 }, async () => {
      using rig = new Rig(sink, 'blocking', 32 * KiB);
      using file = new Source(content);
      const read = readInChild(rig, 'slow');
      using transfer = path.start({ fd: file.fd, offset: 7, length: MiB - 7 }, rig.sender);
      expect(driveBlocking(transfer, rig.sender)).toBe(MiB - 7);
      rig.closeEnd(rig.sender);
      expect(await read).toEqual(hashed(bytes(7, MiB - 7)));
    });

    test('driveAsync waits without blocking, and ends at an abort', async () => {
      using rig = new Rig(sink, 'nonblocking', 32 * KiB);
      using file = new Source(content);
      using transfer = path.start({ fd: file.fd, offset: 0, length: MiB }, rig.sender);
      const reading = setInterval(() => rig.read(), 1);
      try {
        expect(await driveAsync(transfer, rig.sender)).toBe(MiB);
      } finally {
        clearInterval(reading);
      }
      expect(rig.finish().equals(bytes(0, MiB))).toBe(true);

      using full = new Rig(sink, 'nonblocking', 32 * KiB);
      using stalled = path.start({ fd: file.fd, offset: 0, length: MiB }, full.sender);
      const signal = AbortSignal.timeout(20);
      await expect(driveAsync(stalled, full.sender, { signal })).rejects.toThrow('aborted due to timeout');
      expect(stalled.delivered).toBeLessThan(MiB);
      full.read();
      expect(full.received.equals(bytes(0, full.received.length))).toBe(true);
    });
  });

  test(`${path.name} sends 5 GiB`, { timeout: 60_000 }, async () => {
    using rig = new Rig('TCP', 'blocking');
    const fd = hole(path.name === 'mmap-write', 5 * GiB);
    const read = readInChild(rig, 'discard');
    // a chunk above what the kernel moves in one call, so that its cap shows (hazards: 0x7ffff000)
    const chunk = path.name === 'sendfile' ? 0x7ffff000 : MiB;
    using transfer = path.start({ fd, offset: 3, length: 5 * GiB - 3 }, rig.sender, { chunk });
    expect(driveBlocking(transfer, rig.sender)).toBe(5 * GiB - 3);
    expect([transfer.taken, transfer.left]).toEqual([5 * GiB - 3, 0]);
    rig.closeEnd(rig.sender);
    expect(await read).toEqual({ bytes: 5 * GiB - 3 });
    close(fd);
  });

  test(`${path.name} refuses what is no range`, () => {
    const start = (file: object, socket: unknown = 3, options = {}) => {
      const whole = { fd: 3, offset: 0, length: 1, ...file };
      return () => path.start(whole, socket as number, options);
    };
    expect(start({ fd: -1 })).toThrow('file.fd must be an integer of 0 to 2147483647, got -1');
    expect(start({ offset: -1 })).toThrow('file.offset must be an integer of 0 to');
    expect(start({ offset: -0 })).toThrow(RangeError);
    expect(start({ length: 2 ** 53 })).toThrow('file.length must be an integer of 0 to');
    expect(start({ offset: 2 ** 53 - 1, length: 1 })).toThrow('file.length must be an integer of 0 to 0, got 1');
    expect(start({ length: '1' })).toThrow('file.length must be an integer, got string');
    expect(start({}, Number.NaN)).toThrow('socket must be an integer of 0 to 2147483647, got NaN');
    expect(start({}, 3, { chunk: 0 })).toThrow('chunk must be an integer of 1 to 2147479552, got 0');
    expect(start({}, 3, { chunk: 1.5 })).toThrow(RangeError);
  });
}

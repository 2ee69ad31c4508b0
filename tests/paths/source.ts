/** The part of the conformance suite that is about the file: it ends early, shrinks, grows or is closed under way. */
import { appendFileSync, closeSync, openSync, truncateSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Path, SOURCE_SHRANK } from '../../src/paths/index.ts';
import { errno } from '../support/errno.ts';
import { pattern, tempFile } from '../support/temp.ts';
import { type Mode, Rig, type Sink } from './rig.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

/** An open file. */
export class Source {
  readonly path: string;
  readonly fd: number;
  #open = true;

  constructor(content: number | Uint8Array) {
    this.path = tempFile(content);
    this.fd = openSync(this.path, 'r');
  }

  close(): void {
    if (this.#open) closeSync(this.fd);
    this.#open = false;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

export function losesItsSource(path: Path, sink: Sink, mode: Mode, chunk: number): void {
  const content = pattern(MiB);
  /** Bytes that were taken stay what they were, whatever happens to the file. */
  const copies = path.name === 'read-write' || path.name === 'vmsplice';

  test.each([0, 1, 5000, 100_000])('reports a file that ends after %i bytes', (size) => {
    using rig = new Rig(sink, mode);
    using file = new Source(content.subarray(0, size));
    using transfer = path.start({ fd: file.fd, offset: 0, length: 200_000 }, rig.sender, { chunk });
    expect(rig.run(transfer)).toBe(-errno.ENODATA);
    expect(transfer.error).toMatchObject({ code: SOURCE_SHRANK, errno: errno.ENODATA });
    expect(transfer.error?.message).toContain(`the file ends at ${size}, before the range that ends at 200000`);
    expect(rig.finish().equals(content.subarray(0, size))).toBe(true);
    expect(transfer.left).toBe(0);
    // and goes on doing so, at once: no loop
    expect(transfer.step()).toBe(-errno.ENODATA);
  });

  test.each([0, 40_000, 300_001, 1_040_000, 1_047_999])('reports a file that shrinks to %i bytes under way', (size) => {
    using rig = new Rig(sink, mode);
    using file = new Source(content);
    const length = 1_048_000;
    using transfer = path.start({ fd: file.fd, offset: 0, length }, rig.sender, { chunk: 8 * KiB });
    while (transfer.delivered < 300_000) {
      rig.step(transfer);
      rig.read();
    }
    const { delivered } = transfer;
    const seen = rig.received.length;
    truncateSync(file.path, size);
    expect(rig.run(transfer)).toBe(-errno.ENODATA);
    expect(transfer.error?.code).toBe(SOURCE_SHRANK);
    const got = rig.finish();
    expect(got.length).toBe(transfer.delivered);
    const sure = copies ? got.length : Math.min(Math.max(seen, size), got.length);
    expect(got.subarray(0, sure).equals(content.subarray(0, sure))).toBe(true);
    // what refers to the file's pages turns to zeros where the file was cut off
    expect(got.subarray(sure).every((byte, i) => byte === 0 || byte === content[sure + i])).toBe(true);
    expect(got.length).toBeLessThan(Math.max(delivered, size) + 8 * KiB);
  });

  test('never exceeds the range of a file that grows', () => {
    using rig = new Rig(sink, mode);
    using file = new Source(content.subarray(0, 100_000));
    const length = 150_000;
    using transfer = path.start({ fd: file.fd, offset: 10_000, length }, rig.sender, { chunk });
    rig.step(transfer);
    appendFileSync(file.path, content.subarray(100_000));
    expect(rig.run(transfer)).toBe(0);
    expect(rig.finish().equals(content.subarray(10_000, 10_000 + length))).toBe(true);
  });

  test('a file that is closed under it is EBADF, and told which', () => {
    using file = new Source(content);
    using rig = new Rig(sink, mode);
    using transfer = path.start({ fd: file.fd, offset: 0, length: MiB }, rig.sender, { chunk: 8 * KiB });
    expect(rig.step(transfer)).toBeGreaterThan(0);
    file.close();
    expect(rig.run(transfer)).toBe(-errno.EBADF);
    expect(transfer.error).toMatchObject({ code: 'EBADF', hint: `file.fd ${file.fd} is not open` });
  });
}

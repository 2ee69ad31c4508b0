import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

let directory: string | undefined;

/** A directory of this test file's own, removed when it ends. */
export function tempDir(): string {
  if (directory === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'iolab-test-'));
    directory = made;
    afterAll(() => rmSync(made, { recursive: true, force: true }));
  }
  return directory;
}

let serial = 0;

/** A new path in {@link tempDir}; nothing is there yet. */
export function tempPath(): string {
  return join(tempDir(), `file-${serial++}`);
}

/** Bytes that differ at every position and from page to page, so that a wrong offset shows. */
export function pattern(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let x = seed >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    x ^= x << 13;
    x >>>= 0;
    x ^= x >>> 17;
    x ^= x << 5;
    x >>>= 0;
    bytes[i] = x & 0xff;
  }
  return bytes;
}

/** A file with {@link pattern} in it (or these bytes). */
export function tempFile(content: number | Uint8Array): string {
  const path = tempPath();
  writeFileSync(path, typeof content === 'number' ? pattern(content) : content);
  return path;
}

/** A file of `length` bytes that takes no room on the disk. */
export function sparseFile(length: number): string {
  const path = tempPath();
  const fd = openSync(path, 'w');
  ftruncateSync(fd, length);
  closeSync(fd);
  return path;
}

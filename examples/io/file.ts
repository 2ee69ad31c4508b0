/**
 * Files at offsets: what the page cache holds of a file, and what is left of it after it was dropped.
 *
 * Needs any Linux; with 6.5 it asks cachestat, too.
 * Run: node --import ./tests/support/typescript.mjs examples/io/file.ts
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { File, SystemError } from '../../src/io/index.ts';
import { O_CREAT, O_RDWR } from '../../src/sys/index.ts';

const directory = mkdtempSync(join(tmpdir(), 'iolab-example-'));
const file = File.open(join(directory, 'data'), O_RDWR | O_CREAT);
const cached = () => {
  const pages = file.cached();
  return pages === undefined ? 'the kernel does not tell' : `${pages.cached} pages, ${pages.dirty} of them dirty`;
};

file.pwrite(Buffer.alloc(64 * 1024, 'x'), 0);
file.pwrite(Buffer.from('far away'), 5 * 2 ** 30);
console.log(`${file.size()} bytes long, ${file.stat().blocks * 512} on the disk`);
console.log(`in the page cache: ${cached()}`);
file.dropCache();
console.log(`after dropCache(): ${cached()}`);

const into = Buffer.alloc(8);
console.log(`read back: ${file.pread(into, 5 * 2 ** 30)} bytes, '${into}'`);
file.close();
try {
  file.size();
} catch (error) {
  console.log(error instanceof SystemError ? `after close(): ${error.message}` : error);
}
rmSync(directory, { recursive: true });

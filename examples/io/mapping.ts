/**
 * A mapped file that is cut short while it is being read: by copying, and through a view. Neither ends the process.
 *
 * Needs Linux 3.2.
 * Run: node --import ./tests/support/typescript.mjs examples/io/mapping.ts
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { File, Mapping, PAGE_SIZE } from '../../src/io/index.ts';
import { O_CREAT, O_RDWR } from '../../src/sys/index.ts';

const said = (use: () => unknown): unknown => {
  try {
    return use();
  } catch (error) {
    return (error as Error).message;
  }
};

const directory = mkdtempSync(join(tmpdir(), 'iolab-example-'));
const file = File.open(join(directory, 'data'), O_RDWR | O_CREAT);
file.pwrite(Buffer.alloc(4 * PAGE_SIZE, 'x'), 0);

const copied = Mapping.file(file);
const viewed = Mapping.file(file);
const bytes = new Uint8Array(viewed.view());
const into = Buffer.alloc(4 * PAGE_SIZE);
console.log(`the whole file:     ${copied.read(0, into)} bytes; its last byte through the view: ${bytes.at(-1)}`);

file.truncate(PAGE_SIZE);
console.log('the file is cut to one page');
console.log(`read(), from 0:     ${copied.read(0, into)} bytes`);
console.log(`read(), behind it:  ${said(() => copied.read(2 * PAGE_SIZE, into))}`);
console.log(`the view, there:    ${bytes.at(-1)}; truncated: ${viewed.truncated}`);
console.log(`its next call:      ${said(() => viewed.read(0, into))}`);

copied.close();
viewed.close();
console.log(`after close():      the view has ${bytes.length} bytes`);
file.close();
rmSync(directory, { recursive: true });

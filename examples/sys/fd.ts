/**
 * Descriptors: asks whether a read would wait for the disk, finds the holes of a 5 GiB file that takes no room, and keeps a
 * path below its directory.
 *
 * Needs Linux 5.6 for openat2, 4.14 for RWF_NOWAIT; says so where one is missing.
 * Run: node --import ./tests/support/typescript.mjs examples/sys/fd.ts
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getSystemErrorName } from 'node:util';
import {
  AT_FDCWD,
  close,
  fadvise,
  fdatasync,
  fstat,
  ftruncate,
  lseek,
  O_CREAT,
  O_DIRECTORY,
  O_RDONLY,
  O_RDWR,
  openat,
  openat2,
  POSIX_FADV_DONTNEED,
  preadv2,
  pwrite,
  RESOLVE_BENEATH,
  RWF_NOWAIT,
  readStat,
  SEEK_DATA,
  SEEK_HOLE,
  STAT_SIZE,
} from '../../src/sys/index.ts';

/** The raw layer answers `-errno`: what it means is for the caller to say. */
const said = (result: number): string => (result < 0 ? getSystemErrorName(result) : String(result));

const GIB = 2 ** 30;
const path = mkdtempSync(join(tmpdir(), 'iolab-example-'));
const dir = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
const file = openat(dir, 'sparse', O_RDWR | O_CREAT, 0o600);
try {
  if (file < 0) throw new Error(`openat: ${said(file)}`);

  ftruncate(file, 5 * GIB);
  pwrite(file, Buffer.alloc(64 * 1024, 'x'), undefined, 4 * GIB);
  const stat = new Uint8Array(STAT_SIZE);
  fstat(file, stat);
  const { size, blocks } = readStat(stat);
  console.log(`${size / GIB} GiB long, ${(blocks * 512) / 1024} KiB on the disk`);
  const data = lseek(file, 0, SEEK_DATA);
  console.log(`data from ${data / GIB} GiB, for ${(lseek(file, data, SEEK_HOLE) - data) / 1024} KiB`);

  const page = Buffer.alloc(4096);
  fdatasync(file);
  fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  console.log(`RWF_NOWAIT from a cold cache: ${said(preadv2(file, [page], data, RWF_NOWAIT))}`);
  preadv2(file, [page], data, 0);
  console.log(`RWF_NOWAIT from a warm cache: ${said(preadv2(file, [page], data, RWF_NOWAIT))}`);

  for (const name of ['sparse', '../../etc/passwd', '/etc/passwd']) {
    const opened = openat2(dir, name, O_RDONLY, 0, RESOLVE_BENEATH);
    console.log(`openat2 ${name} beneath the directory: ${opened < 0 ? said(opened) : 'opened'}`);
    if (opened >= 0) close(opened);
  }
} finally {
  for (const fd of [file, dir]) if (fd >= 0) close(fd);
  rmSync(path, { recursive: true });
}

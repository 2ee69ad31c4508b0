/** What the doctor tries calls on: made for one trial, gone after it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from '../../io/errors.ts';
import * as sys from '../../sys/index.ts';
import { makeDirectory, removeDirectory } from '../owned-directory.ts';

/** A file of `length` bytes in `directory`, opened for reading and writing. */
export function withFile<T>(directory: string, length: number, use: (fd: number, path: string) => T, flags = 0): T {
  const own = makeDirectory(directory);
  const path = join(own, 'file');
  try {
    writeFileSync(path, new Uint8Array(length).fill(7));
    const fd = check(sys.openat(sys.AT_FDCWD, path, sys.O_RDWR | flags, 0), 'openat', { path });
    try {
      return use(fd, path);
    } finally {
      sys.close(fd);
    }
  } finally {
    removeDirectory(own);
  }
}

export function withPipe<T>(use: (readEnd: number, writeEnd: number) => T): T {
  const ends = new Int32Array(2);
  check(sys.pipe2(ends, 0), 'pipe2');
  const [readEnd = -1, writeEnd = -1] = ends;
  try {
    return use(readEnd, writeEnd);
  } finally {
    sys.close(readEnd);
    sys.close(writeEnd);
  }
}

/** A connected pair of UNIX stream sockets: one end to send into, which nobody reads. */
export function withSocket<T>(use: (socket: number) => T): T {
  const pair = new Int32Array(2);
  check(sys.socketpair(sys.AF_UNIX, sys.SOCK_STREAM, 0, pair), 'socketpair');
  const [one = -1, other = -1] = pair;
  try {
    return use(one);
  } finally {
    sys.close(one);
    sys.close(other);
  }
}

/** Private memory of whole pages. */
export function withMapping<T>(length: number, use: (address: number) => T): T {
  const flags = sys.MAP_PRIVATE | sys.MAP_ANONYMOUS;
  const address = check(sys.mmap(length, sys.PROT_READ | sys.PROT_WRITE, flags, -1, 0), 'mmap');
  try {
    return use(address);
  } finally {
    sys.munmap(address);
  }
}

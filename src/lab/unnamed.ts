/** Files without a name: they are gone with their descriptor, however the process ends. */
import { createCipheriv, randomBytes } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { constants as os, tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, SystemError } from '../io/errors.ts';
import { File } from '../io/file.ts';
import { memfdCreate, O_CREAT, O_EXCL, O_RDWR, O_TMPFILE } from '../sys/fd.ts';

const { EISDIR, EOPNOTSUPP } = os.errno;

/** `disk`: in the system's temporary directory. `tmpfs`: in memory (memfd_create(2)), which is what /dev/shm is. */
export type Storage = 'disk' | 'tmpfs';

function openOn(storage: Storage, directory: string): File {
  if (storage === 'tmpfs') return File.own(check(memfdCreate('iolab', 0), 'memfd_create'));
  try {
    return File.open(directory, O_TMPFILE | O_RDWR, 0o600);
  } catch (error) {
    // some file systems have no O_TMPFILE (overlayfs before Linux 6.3, FUSE): a name for a moment, then
    if (!(error instanceof SystemError) || (error.errno !== EOPNOTSUPP && error.errno !== EISDIR)) throw error;
    const path = join(directory, `iolab-${randomBytes(8).toString('hex')}`);
    const file = File.open(path, O_RDWR | O_CREAT | O_EXCL, 0o600);
    unlinkSync(path);
    return file;
  }
}

/** As many bytes as asked for, no two blocks of 16 alike; different ones for each file. */
export function scrambled(bytes: number): Buffer {
  return createCipheriv('aes-128-ctr', randomBytes(16), Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

/** Open for reading and writing, and holding `content`. Errors as {@link File.open}: ENOSPC, EACCES of the directory. */
export function unnamedFile(storage: Storage, content: Uint8Array, directory: string = tmpdir()): File {
  const file = openOn(storage, directory);
  try {
    for (let done = 0; done < content.length; ) done += file.pwrite(content, done, content.length - done, done);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

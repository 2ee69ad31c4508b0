/** What the file system of a directory lets us do with a file: the ways of sending it, and getting it out of the cache. */
import { accessSync, constants } from 'node:fs';
import { SystemError, check as succeed } from '../../io/errors.ts';
import { File } from '../../io/file.ts';
import type { DoctorCheck } from '../../model/doctor.ts';
import * as sys from '../../sys/index.ts';
import { fileSystem } from '../environment.ts';
import { check, fact } from './check.ts';
import { withFile, withMapping, withPipe, withSocket } from './things.ts';

const PAGE = 4096;
const LENGTH = 16 * PAGE;

/** `name` says which directory it is: `working directory`, `files of the bench`. */
export function fileChecks(name: string, directory: string): DoctorCheck[] {
  const type = fact('files', name, `${directory} (${fileSystem(directory)})`);
  const writable = check('files', `write to the ${name}`, () => accessSync(directory, constants.W_OK), {
    default: 'files are made under TMPDIR: point it, or --directory, to one that you may write to',
  });
  if (!writable.capability?.works) return [type, writable];
  return [
    type,
    check('files', 'sendfile to a socket', () =>
      withFile(directory, LENGTH, (file) =>
        withSocket((socket) => whole('sendfile', sys.sendfile(socket, file, 0, PAGE))),
      ),
    ),
    check('files', 'splice into a pipe', () =>
      withFile(directory, LENGTH, (file) =>
        withPipe((_, pipe) => whole('splice', sys.splice(file, 0, pipe, null, PAGE, 0))),
      ),
    ),
    check('files', 'mmap, shared', () =>
      withFile(directory, LENGTH, (file) => {
        const address = succeed(sys.mmap(LENGTH, sys.PROT_READ, sys.MAP_SHARED, file, 0), 'mmap');
        sys.munmap(address);
      }),
    ),
    check(
      'files',
      'O_DIRECT',
      () =>
        withFile(
          directory,
          LENGTH,
          (file) => withMapping(PAGE, (buffer) => whole('pread64', sys.pread(file, buffer, PAGE, 0))),
          sys.O_DIRECT,
        ),
      { EINVAL: `${fileSystem(directory)} has no direct I/O: use a file on ext4 or xfs (--directory)` },
    ),
    check(
      'files',
      'dropping a file from the page cache',
      () =>
        withFile(directory, LENGTH, (_, path) => {
          const file = File.open(path);
          try {
            file.dropCache();
            const left = file.cached();
            if (left === undefined) return 'asked; cannot be seen before Linux 6.5';
            if (left.cached > 0) throw new Error(`${left.cached} of ${LENGTH / PAGE} pages stayed in the cache`);
          } finally {
            file.close();
          }
          return;
        }),
      { default: 'tmpfs keeps its files in the cache: use a file on a disk (--directory)' },
    ),
  ];
}

function whole(syscall: string, result: number): void {
  if (result < 0) throw new SystemError(-result, syscall);
  if (result !== PAGE) throw new Error(`${syscall} moved ${result} bytes, not ${PAGE}`);
}

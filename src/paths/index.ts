/** The ways to get a file's bytes into a socket, behind one interface. */
import { mmapWritePath } from './mmap-write.ts';
import { nullPath } from './null.ts';
import type { Path, PathName } from './path.ts';
import { readWritePath } from './read-write.ts';
import { sendfilePath } from './sendfile.ts';
import { splicePath } from './splice.ts';
import { vmsplicePath } from './vmsplice.ts';

export * from './drive.ts';
export * from './path.ts';

export const paths: Readonly<Record<PathName, Path>> = {
  null: nullPath,
  'read-write': readWritePath,
  'mmap-write': mmapWritePath,
  sendfile: sendfilePath,
  splice: splicePath,
  vmsplice: vmsplicePath,
};

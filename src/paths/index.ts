/** The ways to get a file's bytes into a socket, behind one interface. */
import { nullPath } from './null.ts';
import type { Path, PathName } from './path.ts';
import { readWrite } from './read-write.ts';
import { sendfile } from './sendfile.ts';
import { splice } from './splice.ts';

export * from './drive.ts';
export * from './path.ts';

export const paths: Record<Exclude<PathName, 'mmap-write' | 'vmsplice'>, Path> = {
  null: nullPath,
  'read-write': readWrite,
  sendfile,
  splice,
};

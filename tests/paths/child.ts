/** A receiver in its own process, for blocking sockets and for 5 GiB. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { F_SETFL, fcntl } from '../../src/sys/fd.ts';
import type { Rig } from './rig.ts';

export interface Read {
  bytes: number;
  sha256?: string;
}

const root = join(import.meta.dirname, '../..');
const addon = process.env.IOLAB_ADDON ?? join(root, 'build/Release/iolab.node');

/** Hands the reading end over. `slow` hashes what it reads; `discard` only counts, and needs TCP. */
export function readInChild(rig: Rig, how: 'slow' | 'discard'): Promise<Read> {
  fcntl(rig.reader, F_SETFL, 0);
  const child = spawn(process.execPath, [join(import.meta.dirname, 'reader.mjs'), how, addon], {
    stdio: ['ignore', 'pipe', 'inherit', rig.reader],
  });
  rig.closeEnd(rig.reader);
  const exited = once(child, 'exit');
  return text(child.stdout as NonNullable<typeof child.stdout>).then(async (output) => {
    const [code] = await exited;
    if (code !== 0) throw new Error(`the reader exited with ${code}`);
    return JSON.parse(output);
  });
}

export function hashed(bytes: Uint8Array): Read {
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/**
 * A transfer that is looked into: two chunks of a file over a route. The first chunk brings the path's own memory and pipe
 * into being, so that the second can be watched at addresses that are known.
 */

import { check } from '../../io/errors.ts';
import type { File } from '../../io/file.ts';
import { type Intermediate, type PathName, type PathOptions, paths, type Transfer } from '../../paths/index.ts';
import { PAGE_SIZE, processVmReadv, processVmWritev } from '../../sys/mmap.ts';
import type { StreamPair } from './pair.ts';

export const CHUNK = 4 * PAGE_SIZE;
export const PAYLOAD = 2 * CHUNK;

/**
 * Bytes of the second chunk: first of a page, last of a page, inside a page, last of all. None in its first page, which goes
 * into a pipe of one page before `vmsplice` has its memory where it can be found.
 */
export const POSITIONS: readonly number[] = [
  CHUNK + PAGE_SIZE,
  CHUNK + 2 * PAGE_SIZE - 1,
  CHUNK + 2 * PAGE_SIZE + 1234,
  PAYLOAD - 1,
];

/** A pipe of one page lets `vmsplice` go page by page. */
const OPTIONS: PathOptions = { chunk: CHUNK, pipeCapacity: PAGE_SIZE };

export interface Subject {
  readonly path: PathName;
  readonly pair: StreamPair;
  /** At least PAYLOAD bytes, open for reading and writing. Its first PAYLOAD bytes are changed and put back. */
  readonly file: File;
  /** What the path reads from, if that is not `file`: the same file, opened in another way. */
  readonly readFrom?: number;
}

/** Steps once. EAGAIN is an error here: nobody reads meanwhile, so the sockets have to hold the payload. */
export function step(transfer: Transfer): void {
  const n = transfer.step();
  if (n > 0) return;
  throw transfer.error ?? new Error(`step() answered ${n} with ${transfer.left} bytes left over`);
}

/** A transfer with its first chunk sent. */
export function begin({ path, pair, file, readFrom }: Subject): Transfer {
  const range = { fd: readFrom ?? file.fd, offset: 0, length: PAYLOAD };
  const transfer = paths[path].start(range, pair.sender.fd, OPTIONS);
  try {
    while (transfer.delivered < CHUNK) step(transfer);
    return transfer;
  } catch (error) {
    transfer.close();
    throw error;
  }
}

/** Where the path keeps the byte at `position` of the payload in memory, while the second chunk is on its way. */
export function addressOf(
  transfer: Transfer,
  position: number,
): { kind: 'memory' | 'mapping'; address: number } | undefined {
  const found = transfer.buffers.find((b): b is Exclude<Intermediate, { kind: 'pipe' }> => b.kind !== 'pipe');
  if (found === undefined) return undefined;
  const at = found.kind === 'memory' ? position - CHUNK : position - found.offset;
  return { kind: found.kind, address: found.address + at };
}

export function byteAt(address: number): number {
  const byte = new Uint8Array(1);
  check(processVmReadv(address, 1, byte), 'process_vm_readv');
  return byte[0] as number;
}

export function putByte(address: number, byte: number): void {
  check(processVmWritev(address, 1, Uint8Array.of(byte)), 'process_vm_writev');
}

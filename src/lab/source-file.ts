/** The files that are sent: real ones, whose bytes repeat nowhere, and whose pages are in the page cache. */
import { createCipheriv, createHash } from 'node:crypto';
import { join } from 'node:path';
import { File } from '../io/file.ts';
import { Mapping } from '../io/mapping.ts';
import { constant } from '../native.ts';
import { O_CREAT, O_EXCL, O_RDWR } from '../sys/fd.ts';

const PAGE = constant('PAGE_SIZE');
const PIECE = 1024 * 1024;

export interface SourceFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  /** Of as many zeros: what the control sends, which reads no file. */
  readonly zerosSha256: string;
  /** Reads all of it, and answers how many pages are not in the page cache all the same. */
  warm(): number;
  /** Pages that are not in the page cache now. */
  cold(): number;
}

/** An AES keystream: no two blocks of it are alike, so that a wrong offset cannot go unnoticed. The same for one seed. */
export function makeFile(directory: string, size: number, seed: number): SourceFile {
  const path = join(directory, `${size}.bytes`);
  const key = createHash('sha256').update(`iolab ${seed} ${size}`).digest().subarray(0, 16);
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  const sha256 = createHash('sha256');
  const ofZeros = createHash('sha256');
  const zeros = Buffer.alloc(Math.min(PIECE, size));
  const file = File.open(path, O_RDWR | O_CREAT | O_EXCL, 0o600);
  try {
    for (let at = 0; at < size; ) {
      const blank = zeros.subarray(0, Math.min(PIECE, size - at));
      const piece = cipher.update(blank);
      sha256.update(piece);
      ofZeros.update(blank);
      for (let done = 0; done < piece.length; ) done += file.pwrite(piece, at + done, piece.length - done, done);
      at += piece.length;
    }
    // pages that are being written back while they are sent would be another experiment
    file.datasync();
  } finally {
    file.close();
  }
  return {
    path,
    size,
    sha256: sha256.digest('hex'),
    zerosSha256: ofZeros.digest('hex'),
    warm: () => warm(path, size),
    cold: () => cold(path, size),
  };
}

function cold(path: string, size: number): number {
  // writable, since mincore(2) tells the truth only to those who may write (Linux 5.2)
  const file = File.open(path, O_RDWR);
  try {
    const mapping = Mapping.file(file, { offset: 0, length: size });
    try {
      return Math.ceil(size / PAGE) - mapping.resident();
    } finally {
      mapping.close();
    }
  } finally {
    file.close();
  }
}

function warm(path: string, size: number): number {
  const file = File.open(path);
  try {
    const buffer = new Uint8Array(Math.min(PIECE, size));
    for (let at = 0; at < size; ) {
      const n = file.pread(buffer, at);
      if (n === 0) throw new Error(`${path} ends at ${at}, and was made with ${size} bytes`);
      at += n;
    }
  } finally {
    file.close();
  }
  return cold(path, size);
}

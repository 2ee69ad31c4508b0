import { expect, test } from 'vitest';
import { File } from '../../src/io/file.ts';
import { Pipe } from '../../src/io/pipe.ts';
import { changed, copies, type Hop, watchHop } from '../../src/probe/aliasing.ts';
import { memfdCreate, read, write } from '../../src/sys/fd.ts';
import { splice, tee } from '../../src/sys/pipe.ts';

const BYTES = 4096;
/** 23 of them: an oracle that sees 23 has looked at each. */
const POSITIONS = Array.from({ length: 23 }, (_, i) => i * 178);

function source(): { file: File; original: Uint8Array } {
  const file = File.own(memfdCreate('source', 0));
  const original = Uint8Array.from({ length: BYTES }, (_, i) => (i * 7 + 3) & 0xff);
  file.pwrite(original, 0);
  return { file, original };
}

/** What comes out of the pipe. */
function taken(pipe: Pipe): (position: number) => number {
  const bytes = new Uint8Array(BYTES);
  expect(read(pipe.readEnd.fd, bytes)).toBe(BYTES);
  return (position) => bytes[position] as number;
}

function through(hop: string, fill: (file: File, pipe: Pipe) => number) {
  const { file, original } = source();
  using _ = file;
  using pipe = Pipe.open();
  expect(fill(file, pipe)).toBe(BYTES);
  const change: Hop['change'] = (position, byte) => void file.pwrite(Uint8Array.of(byte), position);
  return watchHop({ hop, change, look: () => taken(pipe) }, POSITIONS, (position) => original[position] as number);
}

test('read and write into a pipe are copies at 23 of 23 positions', () => {
  const seen = through('file > pipe', (file, pipe) => {
    const bytes = new Uint8Array(BYTES);
    file.pread(bytes, 0);
    return write(pipe.writeEnd.fd, bytes);
  });
  expect(seen).toEqual({ hop: 'file > pipe', copied: 23, aliased: 0 });
  expect(copies(seen)).toBe(1);
});

test('splice gives references at 23 of 23 positions', () => {
  const seen = through('file > pipe', (file, pipe) => splice(file.fd, 0, pipe.writeEnd.fd, null, BYTES, 0));
  expect(seen).toEqual({ hop: 'file > pipe', copied: 0, aliased: 23 });
  expect(copies(seen)).toBe(0);
});

test('so does tee after it', () => {
  using first = Pipe.open();
  const seen = through('file > pipe > pipe', (file, pipe) => {
    expect(splice(file.fd, 0, first.writeEnd.fd, null, BYTES, 0)).toBe(BYTES);
    return tee(first.readEnd.fd, pipe.writeEnd.fd, BYTES, 0);
  });
  expect(copies(seen)).toBe(0);
});

test('a far side that shows something else proves nothing', () => {
  const hop: Hop = { hop: 'nowhere', change: () => {}, look: () => () => 0x55 };
  expect(() => watchHop(hop, [0], () => 0)).toThrow(
    'nowhere: byte 0 is 85 on the far side, neither the old nor the new one',
  );
});

test('positions that fared differently have no figure', () => {
  expect(() => copies({ hop: 'file > socket', copied: 1, aliased: 3 })).toThrow(
    'file > socket: 1 of 4 positions were copied',
  );
});

test('no byte looks unchanged when it is changed', () => {
  for (let byte = 0; byte < 256; byte++) expect(changed(byte)).not.toBe(byte);
});

/**
 * A pipe between a file and nobody: how much fits, and what splice(2) leaves inside when the way out is blocked.
 *
 * Needs Linux 2.6.35.
 * Run: node --import ./tests/support/typescript.mjs examples/io/pipe.ts
 */
import { File, Pipe } from '../../src/io/index.ts';
import { SPLICE_F_NONBLOCK, splice } from '../../src/sys/index.ts';

const file = File.open(process.execPath);
const pipe = Pipe.open();
console.log(`a new pipe has room for ${pipe.capacity} bytes`);
console.log(`asked for 100,000, it has ${pipe.setCapacity(100_000)}`);

let taken = 0;
for (;;) {
  const moved = splice(file.fd, taken, pipe.writeEnd.fd, null, 65_536, SPLICE_F_NONBLOCK);
  if (moved <= 0) break; // EAGAIN: full
  taken += moved;
}
console.log(`taken from the file: ${taken}; in the pipe: ${pipe.residue()}`);

const into = Buffer.alloc(50_000);
const delivered = pipe.readEnd.read(into) ?? 0;
console.log(`delivered: ${delivered}; still in the pipe: ${pipe.residue()}; together: ${delivered + pipe.residue()}`);
console.log(`it begins with ${into.toString('latin1', 1, 4)}, as the file does`);
pipe.close();
file.close();

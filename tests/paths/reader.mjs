// Reads descriptor 3 to its end, for a test whose own thread is busy sending. Prints { bytes, sha256 }.
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { createRequire } from 'node:module';

const FD = 3;
const how = process.argv[2];
let bytes = 0;
let sha256;

if (how === 'discard') {
  // TCP only: with MSG_TRUNC the bytes are counted and dropped where they are, so that 5 GiB cost seconds
  const { sys, runtime } = createRequire(import.meta.url)(process.argv[3]);
  runtime.adopt(FD);
  for (let n = 1; n > 0; bytes += n) {
    n = sys.recvDiscard(FD, 1 << 22, 0);
    if (n < 0) throw new Error(`recv: ${n}`);
  }
} else {
  const hash = createHash('sha256');
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const piece = Buffer.allocUnsafe(16 * 1024);
  for (let turn = 0, n = 1; n > 0; turn++) {
    if (turn < 40) Atomics.wait(pause, 0, 0, 2);
    n = readSync(FD, piece);
    hash.update(piece.subarray(0, n));
    bytes += n;
  }
  sha256 = hash.digest('hex');
}
console.log(JSON.stringify({ bytes, sha256 }));

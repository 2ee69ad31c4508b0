/** First pass: every byte that every arm delivers is hashed by the receiver. Nothing is counted or timed. */
import type { LiveArm } from '../rig.ts';

/** As many transfers as fit in this, but one at least and three at most: the second one shows what the first left. */
const BYTES = 16 * 1024 * 1024;
const MOST = 3;

export interface Verified {
  transfers: number;
  sha256: string;
}

/** Throws an Error that names the arm if a hash differs. */
export async function verify(arm: LiveArm): Promise<Verified> {
  const { size } = arm.file;
  const sha256 = arm.plan.path.endsWith('null') ? arm.file.zerosSha256 : arm.file.sha256;
  const transfers = Math.max(1, Math.min(MOST, Math.floor(BYTES / size)));
  const [, received] = await arm.send(transfers, true);
  received.sha256.forEach((got, i) => {
    if (got !== sha256)
      throw new Error(`${arm.label} delivered other bytes than the file's in transfer ${i + 1}: ${got}, not ${sha256}`);
  });
  return { transfers, sha256 };
}

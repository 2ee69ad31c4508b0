/** What a call takes of its caller's memory: to the byte, by where it faults, and by whom it is touched. */
import { constants } from 'node:os';
import { check } from '../../io/errors.ts';
import { Fd } from '../../io/fd.ts';
import { Mapping, PAGE_SIZE } from '../../io/mapping.ts';
import { type Touch, userWatchpoints, Watchpoints } from '../../probe/watchpoint.ts';
import { ftruncate, MFD_CLOEXEC, memfdCreate } from '../../sys/fd.ts';
import type { Reading } from './claim.ts';

/**
 * Memory of which the second half is not there (the file behind it ends): the kernel answers EFAULT for the first byte that
 * it wants beyond the edge. So what a call needs can be measured to the byte, without any privilege.
 */
export class EdgeMemory {
  readonly #mapping: Mapping;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  /** `bytes`: how many are there before the edge, rounded up to pages. */
  constructor(bytes: number) {
    const there = Math.ceil(bytes / PAGE_SIZE) * PAGE_SIZE;
    using file = Fd.own(check(memfdCreate('edge', MFD_CLOEXEC), 'memfd_create'));
    check(ftruncate(file.fd, there), 'ftruncate');
    this.#mapping = Mapping.file(file.fd, { length: 2 * there, write: true });
    this.#bytes = new Uint8Array(this.#mapping.view());
  }

  /** `length` bytes, of which the first `there` exist; nobody but the kernel may touch the others. */
  reaching(there: number, length: number): Uint8Array<ArrayBuffer> {
    const edge = this.#bytes.length / 2;
    return this.#bytes.subarray(edge - there, edge - there + length);
  }

  [Symbol.dispose](): void {
    this.#mapping.close();
  }
}

/**
 * How many bytes a call needs: the fewest existing ones of `length` with which `attempt` does not answer -EFAULT, tried in
 * steps of `step` from all of them down. `attempt` may write to the first `there` bytes of what it is given.
 */
export function bytesNeeded(
  length: number,
  step: number,
  attempt: (memory: Uint8Array<ArrayBuffer>, there: number) => number,
): number {
  using edge = new EdgeMemory(length);
  for (let there = length; there >= 0; there -= step)
    if (attempt(edge.reaching(there, length), there) === -constants.errno.EFAULT) return there + step;
  return 0;
}

export interface Touched {
  readonly reads: Reading['value'];
  readonly writes: Reading['value'];
  /** Innermost first, of each touch; empty if there is no instrument. */
  readonly chains: readonly (readonly string[])[];
}

function open(address: number): Watchpoints | { readonly missing: string } {
  const capability = userWatchpoints();
  if (!capability.works) return { missing: capability.cause };
  try {
    return new Watchpoints([
      { label: 'any', address, access: 'rw' },
      { label: 'write', address, access: 'w' },
    ]);
  } catch (error) {
    // a debugger may have taken the debug registers meanwhile
    return { missing: (error as Error).message };
  }
}

const untold = (missing: { readonly missing: string }): Touched => ({ reads: missing, writes: missing, chains: [] });

/**
 * How often the kernel reads and writes the byte at `address` of this thread's memory while `work` runs; it runs in any
 * case, watched or not.
 */
export function kernelTouches(address: number, work: () => void): Touched {
  const opened = open(address);
  if (!(opened instanceof Watchpoints)) {
    work();
    return untold(opened);
  }
  using watchpoints = opened;
  watchpoints.start();
  try {
    work();
  } finally {
    watchpoints.stop();
  }
  let touches: Touch[];
  try {
    touches = watchpoints.touches();
  } catch (error) {
    return untold({ missing: (error as Error).message });
  }
  // what JavaScript itself does to the byte leaves no kernel functions
  const by = (label: string) => touches.filter((touch) => touch.label === label && touch.functions.length > 0);
  const [any, writes] = [by('any'), by('write')];
  return { reads: any.length - writes.length, writes: writes.length, chains: any.map(({ functions }) => functions) };
}

/** What the claims about single calls share: did the bytes that a call moved get copied, by aliasing and by watchpoints. */
import type { File } from '../../io/file.ts';
import { Mapping, PAGE_SIZE } from '../../io/mapping.ts';
import { copies, watchHop } from '../../probe/aliasing.ts';
import { directMapAddress, frameOf } from '../../probe/direct-map.ts';
import { pageWatchpoints, type Touch, userWatchpoints, Watchpoints } from '../../probe/watchpoint.ts';
import type { Finding, Reading } from './claim.ts';

/** What is looked at stands for all that was moved: first byte, page's edge, inside, last. */
export function positionsOf(length: number): readonly number[] {
  return [...new Set([0, Math.min(PAGE_SIZE, length) - 1, Math.floor(length / 2) + 1, length - 1])];
}

/** 1 if a change of the source after the move does not show on the far side. Throws what watchHop throws. */
export function copiesByAliasing(
  hop: string,
  original: Uint8Array,
  change: (position: number, byte: number) => void,
  look: () => Uint8Array,
): 0 | 1 {
  const far = () => {
    const bytes = look();
    return (position: number) => bytes[position] ?? -1;
  };
  return copies(watchHop({ hop, change, look: far }, positionsOf(original.length), (p) => original[p] as number));
}

export interface Reads {
  /** How often the kernel read the byte: each is a copy, or a checksum. */
  readonly reads: Reading['value'];
  readonly finding: Finding;
}

const wants = (): string | undefined =>
  [userWatchpoints(), pageWatchpoints()].map((one) => (one.works ? undefined : one.cause)).find((cause) => cause);

/** Throws SystemError: ENOSPC where somebody else has the CPU's debug registers. */
function watchedAt(address: number): Watchpoints {
  // two registers of four: nobody writes to a source while it is read, so that reads need not be told from writes
  return new Watchpoints([
    { label: 'address', address, access: 'rw' },
    { label: 'page', address: directMapAddress(address), access: 'rw' },
  ]);
}

/**
 * How often the kernel reads one byte of memory while `work` runs, by its user address or by the kernel's own, on whatever
 * CPU. The page has to be locked, and `work` must not write to it. Without watchpoints `work` is done all the same.
 */
export function readsOf(address: number, work: () => void): Reads {
  let watch: Watchpoints | undefined;
  let cause = wants();
  try {
    if (cause === undefined) watch = watchedAt(address);
  } catch (error) {
    cause = error instanceof Error ? error.message : String(error);
  }
  if (watch === undefined) {
    work();
    const missing = cause ?? 'no watchpoints';
    return { reads: { missing }, finding: { instrument: 'watchpoint', saw: `nothing: ${missing}` } };
  }
  try {
    // what JavaScript itself does to the byte leaves no kernel functions
    const touches = watch.during(work).filter(({ functions }) => functions.length > 0);
    return { reads: touches.length, finding: { instrument: 'watchpoint', saw: told(touches) } };
  } finally {
    watch.close();
  }
}

function told(touches: readonly Touch[]): string {
  if (touches.length === 0) return 'no touch at all';
  return touches.map(({ functions }) => functions.slice(0, 4).join(' < ')).join('; ');
}

/** The same of a byte of a file in the page cache. */
export function readsOfFile(file: File, position: number, work: () => void): Reads {
  const offset = position - (position % PAGE_SIZE);
  using window = Mapping.file(file, { offset, length: PAGE_SIZE, populate: true });
  window.lock();
  return readsOf(window.address + position - offset, work);
}

/** Whether two pieces of memory are the same page of RAM: 0 copies between them, else 1. Needs CAP_SYS_ADMIN. */
export function copiesByFrame(a: Mapping, b: Mapping): Reading['value'] {
  try {
    a.lock();
    b.lock();
    return frameOf(a.address) === frameOf(b.address) ? 0 : 1;
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

/** The first `length` bytes of a file, as they are now. */
export function contentOf(file: File, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const n = file.pread(bytes, 0);
  return bytes.subarray(0, n);
}

/** Puts a byte into a file: what the page cache holds changes at once, whoever refers to it. */
export const changeFile = (file: File) => (position: number, byte: number) =>
  void file.pwrite(Uint8Array.of(byte), position);

/** What a piece of work allocates on V8's heap, as V8 itself counts it. */
import { getHeapStatistics } from 'node:v8';

function used(): number {
  return getHeapStatistics().used_heap_size;
}

/**
 * Bytes that `work` leaves allocated, less what looking at it allocates: the median of a few windows, since a collection in
 * one of them, or code being compiled, says nothing about the work. Keep a window below a few MiB of garbage, so that it
 * fits between two collections.
 */
export function allocatedBytes(work: () => void, windows = 11): number {
  const grown: number[] = [];
  const looking: number[] = [];
  for (let i = 0; i < windows; i++) {
    const empty = used();
    const before = used();
    work();
    const after = used();
    looking.push(before - empty);
    grown.push(after - before);
  }
  return middle(grown) - middle(looking);
}

function middle(values: number[]): number {
  values.sort((a, b) => a - b);
  return values[values.length >> 1] as number;
}

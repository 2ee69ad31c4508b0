/**
 * The change-after-send oracle: the source of a hop is changed after the bytes were handed over and before they are looked
 * at on the other side. Who sees the new bytes has been given a reference; who sees the old ones was given a copy. Exact
 * to the byte, and no privilege is needed.
 *
 * It says whether a hop copied, not how often: two copies in a row look like one. And it looks at the moment of the change:
 * what is copied later than that (bytes still queued for a device, MSG_ZEROCOPY behind a full receiver) still aliases.
 */

/** One leg of the bytes' way, from a place that can be changed to one that can be looked at. */
export interface Hop {
  /** Name of the leg, e.g. `file > user buffer`. */
  readonly hop: string;
  /** Puts a byte into the source. */
  change(position: number, byte: number): void;
  /** Called once, when all changes are made: answers what to look at the far side with. */
  look(): (position: number) => number;
}

export interface HopSeen {
  readonly hop: string;
  /** Positions at which the far side kept the old byte. */
  readonly copied: number;
  /** Positions at which it showed the new one. */
  readonly aliased: number;
}

/** Complement, so that no byte keeps its value: old and new can always be told apart. */
export function changed(byte: number): number {
  return byte ^ 0xff;
}

/**
 * Changes the source at each position and looks at the far side. `original` is what stood there. Throws if the far side
 * shows neither the old byte nor the new one: then the hop is not what it was taken for, and nothing is concluded.
 */
export function watchHop(
  { hop, change, look }: Hop,
  positions: readonly number[],
  original: (position: number) => number,
): HopSeen {
  for (const position of positions) change(position, changed(original(position)));
  const far = look();
  let [copied, aliased] = [0, 0];
  for (const position of positions) {
    const seen = far(position);
    if (seen === original(position)) copied++;
    else if (seen === changed(original(position))) aliased++;
    else throw new Error(`${hop}: byte ${position} is ${seen} on the far side, neither the old nor the new one`);
  }
  return { hop, copied, aliased };
}

/** Whether the hop copied, at all positions alike. Throws if it copied some and not others: no figure stands for that. */
export function copies({ hop, copied, aliased }: HopSeen): 0 | 1 {
  if (copied > 0 && aliased > 0)
    throw new Error(`${hop}: ${copied} of ${copied + aliased} positions were copied, the others not`);
  return copied > 0 ? 1 : 0;
}

/**
 * Whether something works here, tried for real once, and if not, why. No schema in this file: the sending
 * processes load it, and are to start fast.
 */
export type Capability = { works: true } | { works: false; cause: string };

export const works: Capability = { works: true };

export function refused(cause: string): Capability {
  return { works: false, cause };
}

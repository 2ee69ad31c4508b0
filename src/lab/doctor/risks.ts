/**
 * Kernels on which the calls that this lab is about are, or may be, dangerous. They are named by their version, which a
 * distribution's own fixes do not change, and never tried: an attempt would be an attack.
 */

interface Fixed {
  readonly from: readonly [major: number, minor: number];
  /** First good patch level of each stable series that got the fix. */
  readonly fixed: Readonly<Record<string, number>>;
  /** From this release on every kernel has it. */
  readonly since: readonly [major: number, minor: number];
}

// https://dirtypipe.cm4all.com: since 5.8; fixed in 5.10.102, 5.15.25 and 5.16.11
const DIRTY_PIPE: Fixed = { from: [5, 8], fixed: { '5.10': 102, '5.15': 25, '5.16': 11 }, since: [5, 17] };

const before = (a: readonly [number, number], b: readonly [number, number]) =>
  a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);

function affected(release: string, { from, fixed, since }: Fixed): boolean {
  const [, major, minor, patch] = release.match(/^(\d+)\.(\d+)(?:\.(\d+))?/) ?? [];
  if (major === undefined || minor === undefined) return false;
  const version: [number, number] = [Number(major), Number(minor)];
  if (before(version, from) || !before(version, since)) return false;
  return Number(patch ?? 0) < (fixed[`${major}.${minor}`] ?? Number.POSITIVE_INFINITY);
}

/** Sentences for the kernel `release` (as uname -r says it). */
export function kernelRisks(release: string): string[] {
  const risks: string[] = [];
  if (affected(release, DIRTY_PIPE))
    risks.push(
      `Linux ${release} is of a version that had CVE-2022-0847 (Dirty Pipe): after splice(2), any user can write into files ` +
        'that are only readable. Ask your distribution whether its kernel has the fix; iolab does not try.',
    );
  return risks;
}

/** What somebody may have meant who typed a name that there is not. */

/** Levenshtein's distance: how many letters have to be put in, taken out or replaced. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

const LONGEST = 100;

/** The three names nearest to `typed`, those that contain it first. */
export function nearest(typed: string, names: readonly string[]): string[] {
  const wanted = typed.slice(0, LONGEST).toLowerCase();
  const rank = (name: string) => (wanted !== '' && name.includes(wanted) ? -1 : distance(wanted, name));
  return names
    .map((name) => ({ name, far: rank(name) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, 3)
    .map(({ name }) => name);
}

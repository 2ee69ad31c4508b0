/**
 * Owned objects that nobody closed. The garbage collector's word is used for a warning and a count, never for closing:
 * it comes late or not at all, and by then the number may mean something else. See `docs/io/fd.md`.
 *
 * IOLAB_LEAKS=0 watches nothing; unset, leaks are counted and warned about; IOLAB_LEAKS=1 also records the stack at which
 * each object was made, which costs microseconds per object (as Netty's leak detection levels do).
 */
type Level = 'off' | 'simple' | 'site';

const level: Level = process.env.IOLAB_LEAKS === '0' ? 'off' : process.env.IOLAB_LEAKS === '1' ? 'site' : 'simple';

interface Held {
  kind: string;
  what: string;
  site: string | undefined;
}

const counts = new Map<string, number>();

const registry = new FinalizationRegistry<Held>(({ kind, what, site }) => {
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const advice = site === undefined ? 'run with IOLAB_LEAKS=1 to see where it was made' : `made ${site}`;
  process.emitWarning(`${kind} (${what}) was garbage-collected without close(): it stays open; ${advice}`, {
    type: 'LeakWarning',
    code: 'IOLAB_LEAK',
  });
});

function allocationSite(): string {
  const trace: { stack?: string } = {};
  Error.captureStackTrace(trace, watchLeak);
  return (trace.stack ?? '').replace(/^Error\n\s*/, '').replaceAll(/\n\s*/g, ' < ');
}

/** Starts to watch an object that has to be closed. `what` says which one it is, without keeping it alive. */
export function watchLeak(owner: object, kind: string, what: string): void {
  if (level === 'off') return;
  registry.register(owner, { kind, what, site: level === 'site' ? allocationSite() : undefined }, owner);
}

/** It was closed, or given away. */
export function unwatchLeak(owner: object): void {
  if (level !== 'off') registry.unregister(owner);
}

/** How many objects of each kind this thread lost so far. */
export function leaks(): Readonly<Record<string, number>> {
  return Object.fromEntries(counts);
}

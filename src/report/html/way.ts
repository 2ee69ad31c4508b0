/** The way of a byte, hop by hop, as the instruments saw it. Where none looked a hop is unknown: nothing is guessed. */
import { z } from 'zod';
import type { Claim } from '../../model/claim.ts';
import { isMeasured } from '../../model/evidence.ts';
import type { Run } from '../../model/results.ts';

export type Station = 'disk' | 'file' | 'user' | 'mapping' | 'pipe' | 'socket' | 'card' | 'receiver' | 'unseen';
/** `reference`: handed on without a copy. `device`: moved by a device. `none`: nothing went this way. */
export type Passing = 'copied' | 'reference' | 'device' | 'none' | 'unknown';

export interface Hop {
  /** First to last; what lies in between was passed in this one hop. */
  readonly over: readonly Station[];
  readonly passing: Passing;
  /** What says so, or why nothing does. */
  readonly because: string;
}

const STATIONS: Readonly<Record<string, readonly Station[]>> = {
  'read-write': ['file', 'user', 'socket'],
  'mmap-write': ['file', 'mapping', 'socket'],
  sendfile: ['file', 'socket'],
  splice: ['file', 'pipe', 'socket'],
  vmsplice: ['file', 'user', 'pipe', 'socket'],
};

/** Hops as the aliasing instrument names them. One without a pipe may lead through one. */
const NAMED: Readonly<Record<string, Station>> = {
  file: 'file',
  'user buffer': 'user',
  mapping: 'mapping',
  pipe: 'pipe',
  socket: 'socket',
  receiver: 'receiver',
};

const looked = z.looseObject({
  transfer: z.looseObject({ path: z.string(), via: z.string(), storage: z.string() }),
  hops: z.array(z.looseObject({ hop: z.string(), copied: z.number(), aliased: z.number() })),
});

/** What one look at a transfer saw. */
export interface Look {
  readonly path: string;
  readonly via: string;
  readonly storage: string;
  readonly hops: readonly { readonly hop: string; readonly copied: number; readonly aliased: number }[];
  readonly claim: string;
}

/** All looks that the claims hold, each transfer once; a transfer that two of them saw differently is told by neither. */
export function looks(claims: readonly Claim[]): Look[] {
  const found = new Map<string, Look | undefined>();
  for (const { id, cases } of claims)
    for (const { evidence } of cases)
      for (const finding of evidence) {
        const parsed = looked.safeParse(finding);
        if (!parsed.success) continue;
        const { transfer, hops } = parsed.data;
        const key = [transfer.path, transfer.via, transfer.storage].join();
        const before = found.get(key);
        const same = before === undefined || JSON.stringify(kinds(before.hops)) === JSON.stringify(kinds(hops));
        if (!found.has(key)) found.set(key, { ...transfer, hops, claim: id });
        else if (!same) found.set(key, undefined);
      }
  return [...found.values()].filter((look) => look !== undefined);
}

const kinds = (hops: Look['hops']) => hops.map(({ hop, copied }) => [hop, copied > 0]);

/** Where a run's file came from, and its bytes' way to the receiver's memory. */
export function wayOf(run: Run, seen: readonly Look[]): Hop[] {
  return [fromDisk(run), ...onward(run, seen)];
}

function fromDisk({ metrics: { diskBytes } }: Run): Hop {
  const over: Station[] = ['disk', 'file'];
  if (!isMeasured(diskBytes)) return { over, passing: 'unknown', because: diskBytes.missing };
  const because = `${diskBytes.value} ${diskBytes.unit} (${diskBytes.instrument})`;
  return { over, passing: diskBytes.value > 0 ? 'device' : 'none', because };
}

function onward(run: Run, seen: readonly Look[]): Hop[] {
  const look = seen.find(({ path, via, storage }) => path === run.path && via === run.sink && storage === 'disk');
  const stations = STATIONS[run.path];
  const hops = look === undefined || stations === undefined ? undefined : watched(look, [...stations, 'receiver']);
  return hops ?? counted(run, stations ?? ['file', 'unseen', 'socket']);
}

/** Undefined where a hop is not one of this way. */
function watched({ hops, claim }: Look, stations: readonly Station[]): Hop[] | undefined {
  const way: Hop[] = [];
  let at = 0;
  for (const { hop, copied, aliased } of hops) {
    const [from, to] = hop.split(' > ').map((name) => stations.indexOf(NAMED[name] ?? 'unseen'));
    if (from !== at || to === undefined || to <= from) return undefined;
    const all = copied + aliased;
    const because = copied > 0 ? `${copied} of ${all} bytes` : `${aliased} of ${all} bytes`;
    way.push({
      over: stations.slice(from, to + 1),
      passing: all === 0 ? 'unknown' : copied > 0 ? 'copied' : 'reference',
      because: `${because} (aliasing; ${claim})`,
    });
    at = to;
  }
  return at === stations.length - 1 ? way : undefined;
}

/** Numbers of copies say which hops made them only where there is none at all, or as many places as copies: one. */
function counted({ metrics }: Run, stations: readonly Station[]): Hop[] {
  const { cpuCopies: sent, cpuCopiesTotal: total } = metrics;
  const hops = stations.slice(1).map((to, i): Hop => {
    const over = [stations[i] as Station, to];
    if (!isMeasured(sent)) return { over, passing: 'unknown', because: sent.missing };
    if (sent.value === 0) return { over, passing: 'reference', because: `0 ${sent.unit} (${sent.instrument})` };
    const because = `${sent.value} ${sent.unit} (${sent.instrument}), and nobody looked which hop makes them`;
    return stations.length === 2 ? { over, passing: 'copied', because } : { over, passing: 'unknown', because };
  });
  const over: Station[] = ['socket', 'receiver'];
  if (!isMeasured(sent) || !isMeasured(total)) {
    const because = isMeasured(total) ? (isMeasured(sent) ? '' : sent.missing) : total.missing;
    return [...hops, { over, passing: 'unknown', because }];
  }
  const own = total.value - sent.value;
  return [
    ...hops,
    { over, passing: own > 0 ? 'copied' : 'reference', because: `${own} ${total.unit} (${total.instrument})` },
  ];
}

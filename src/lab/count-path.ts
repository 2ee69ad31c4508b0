/**
 * Counts what one transfer costs: the same instruments as in the counting pass of `bench paths`, around the same code, in
 * this process, over any route. The receiver is a process of its own.
 */
import type { File } from '../io/file.ts';
import { Mapping } from '../io/mapping.ts';
import type { Evidence } from '../model/evidence.ts';
import type { Cache } from '../model/results.ts';
import { constant } from '../native.ts';
import { driveBlocking, type PathName, paths } from '../paths/index.ts';
import { Counters, countingInstruments } from '../probe/index.ts';
import { gettid } from '../sys/process.ts';
import { Child } from './children.ts';
import { agree, type Control } from './claims/claim.ts';
import { countMetrics } from './metrics.ts';
import type { Counted, ReceiverCalls } from './protocol.ts';
import { openRoute, type Route, type RouteName } from './routes.ts';
import { scrambled, unnamedFile } from './unnamed.ts';

export interface PathRequest {
  readonly path: PathName;
  readonly route: RouteName;
  /** Bytes of the file, and the most that one call takes. */
  readonly size: number;
  readonly chunk: number;
  readonly cache: Cache;
}

const PAGE = constant('PAGE_SIZE');
const PIECE = 1024 * 1024;
const LARGE = 16 * 1024 * 1024;
/** Transfers that are not kept: code that runs for its first time faults on its own account. */
const WARM_UP = 2;
/** The receiver's socket in its process: after stdin, stdout, stderr and the channel. */
export const INHERITED = 4;

/** As many bytes of a file without a name, on the disk. */
export function makeSource(size: number): File {
  const file = unnamedFile('disk', new Uint8Array(0));
  try {
    const piece = scrambled(Math.min(PIECE, size));
    for (let at = 0; at < size; ) at += file.pwrite(piece, at, Math.min(piece.length, size - at));
    // pages that are being written back while they are sent would be another experiment
    file.datasync();
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

function residentPages(file: File, size: number): number {
  const mapping = Mapping.file(file, { offset: 0, length: size });
  try {
    return mapping.resident();
  } finally {
    mapping.close();
  }
}

/** Throws an Error where the page cache cannot be brought into that state. */
export function prepare(file: File, { size, cache }: Pick<PathRequest, 'size' | 'cache'>): void {
  if (cache === 'cold') file.dropCache();
  const pages = residentPages(file, size);
  const wanted = cache === 'cold' ? 0 : Math.ceil(size / PAGE);
  if (pages !== wanted)
    throw new Error(`the page cache is not ${cache}: it has ${pages} of the file's ${Math.ceil(size / PAGE)} pages`);
}

const CALLS = 23;

/** The counters on work whose outcome is known: the fewest of a few windows, since noise only adds. */
function countingControls(counters: Counters): Control[] {
  const key = 'perf-sys-enter.ownThread';
  return [0, CALLS].flatMap((calls) => {
    const seen = Array.from({ length: 5 }, () => {
      counters.begin();
      for (let i = 0; i < calls; i++) gettid();
      counters.end();
      return counters.difference()[key];
    });
    // where nobody counts calls there is nothing to control
    if (seen.some((value) => value === undefined)) return [];
    const value = Math.min(...(seen as number[]));
    const measured = { value, unit: 'calls', instrument: 'perf-sys-enter' };
    return [{ what: `system calls in a window with ${calls} of them`, expected: calls, measured }];
  });
}

/** One transfer between the readings. Answers its system calls by its own count. */
function countOne(counters: Counters, request: PathRequest, file: File, socket: number): Counted {
  const { path, size, chunk } = request;
  const range = { fd: file.fd, offset: 0, length: size };
  counters.begin();
  const transfer = paths[path].start(range, socket, { chunk });
  try {
    driveBlocking(transfer, socket);
  } finally {
    transfer.close();
  }
  counters.end();
  return { counts: { ...counters.difference() }, ownCalls: transfer.calls };
}

interface Sampled {
  readonly samples: Counted[];
  readonly controls: Control[];
}

async function sample(request: PathRequest, signal: AbortSignal): Promise<Sampled> {
  const file = makeSource(request.size);
  let counters: Counters | undefined;
  let child: Child<ReceiverCalls> | undefined;
  let route: Route | undefined;
  try {
    route = openRoute(request.route);
    const { sender, receiver } = route;
    child = new Child<ReceiverCalls>('receiver', 'the receiver', [receiver.fd]);
    const drain = child;
    const sink = request.route === 'unix' ? 'unix' : 'tcp';
    const connection = await drain.call('adopt', { fd: INHERITED, sink });
    // should the receiver die, the sender must not wait for ever for who has only this end
    receiver.close();
    counters = Counters.open(countingInstruments);
    const kept = request.size > LARGE ? 5 : 11;
    const samples: Counted[] = [];
    for (let i = 0; i < WARM_UP + kept; i++) {
      signal.throwIfAborted();
      prepare(file, request);
      let received: Promise<unknown> = Promise.resolve();
      await new Promise<void>((ready, failed) => {
        received = drain.call('receive', { connection, transfers: 1, size: request.size, hash: false }, () => ready());
        received.catch(failed);
      });
      const counted = countOne(counters, request, file, sender.fd);
      await received;
      if (i >= WARM_UP) samples.push(counted);
    }
    return { samples, controls: countingControls(counters) };
  } finally {
    counters?.close();
    route?.close();
    file.close();
    await child?.end();
  }
}

/**
 * The fewest of each: what the runtime or its neighbours do now and then only ever adds. Voluntary switches are the
 * exception, since who is preempted on the way into a wait finds it over: those of the least disturbed transfer count.
 */
function least(samples: readonly Counted[]): Counted {
  const quiet = (one: Counted) => one.counts['rusage.involuntarySwitches'] ?? 0;
  const [first, ...others] = [...samples].sort((a, b) => quiet(a) - quiet(b)) as [Counted, ...Counted[]];
  const counts = { ...first.counts };
  for (const other of others)
    for (const [name, value] of Object.entries(other.counts))
      if (!name.endsWith('voluntarySwitches')) counts[name] = Math.min(counts[name] ?? value, value);
  return { counts, ownCalls: first.ownCalls };
}

function contextSwitches(samples: readonly Counted[], missing: Readonly<Record<string, string>>): Evidence {
  const fewest = (instrument: string, names: readonly string[]) => {
    const sums = samples.map(({ counts }) =>
      names.reduce((sum, name) => sum + (counts[`${instrument}.${name}`] ?? Number.NaN), 0),
    );
    const value = Math.min(...sums);
    return {
      instrument,
      value: Number.isNaN(value) ? { missing: missing[instrument] ?? 'it counted nothing' } : value,
    };
  };
  return agree('switches/transfer', [
    fewest('rusage', ['voluntarySwitches', 'involuntarySwitches']),
    fewest('perf-software', ['contextSwitches']),
  ]);
}

export interface PathCounts {
  readonly measured: Readonly<Record<string, Evidence>>;
  readonly controls: readonly Control[];
}

/** Throws SystemError where a socket or file cannot be had, and Error where the page cache cannot be as it was asked for. */
export async function countPath(request: PathRequest, signal: AbortSignal): Promise<PathCounts> {
  const missing = Object.fromEntries(
    countingInstruments.flatMap(({ name, capability }) => {
      const answer = capability();
      return answer.works ? [] : [[name, answer.cause]];
    }),
  );
  const { samples, controls } = await sample(request, signal);
  return {
    measured: {
      ...countMetrics({ samples: [least(samples)], missing }),
      contextSwitches: contextSwitches(samples, missing),
    },
    controls,
  };
}

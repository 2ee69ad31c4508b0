/** What the claims about copies share: routes and files that are opened once for a claim, and each path measured once on them. */
import type { File } from '../../io/file.ts';
import { type Evidence, isMeasured, lacking } from '../../model/evidence.ts';
import type { PathName } from '../../paths/index.ts';
import type { HopSeen } from '../../probe/aliasing.ts';
import { pageWatchpoints, userWatchpoints } from '../../probe/watchpoint.ts';
import { alias } from '../copies/alias.ts';
import { type CopiesFound, measureCopies, PAYLOAD, type Subject } from '../copies.ts';
import { openRoute, type Route, type RouteName, vethCapability } from '../routes.ts';
import { type Storage, scrambled, unnamedFile } from '../unnamed.ts';
import type { Case, ClaimDefinition, Control, Finding } from './claim.ts';

/** `veth`: scatter-gather as the kernel has it, which is on. */
export type Via = RouteName | 'veth, scatter-gather on' | 'veth, scatter-gather off';

export interface Way {
  readonly path: PathName;
  readonly via: Via;
  /** Where the file is; `disk` if left out. */
  readonly storage?: Storage;
  /** As {@link measureCopies} has it; then nothing is remembered. */
  readonly readFrom?: number;
}

/** A segment that is sent twice is copied twice: noise like that only adds, and goes when it is tried again. */
const ATTEMPTS = 5;
const registersTaken = ({ evidence }: CopiesFound) => evidence.some(({ saw }) => saw.startsWith('nothing: ENOSPC'));

/** All instruments that work here have spoken, and agree. */
function settled({ cpuCopies, cpuCopiesTotal, evidence }: CopiesFound): boolean {
  const spoke = evidence.filter(({ saw }) => !saw.startsWith('nothing: ')).length;
  const all = userWatchpoints().works && pageWatchpoints().works;
  return isMeasured(cpuCopies) && isMeasured(cpuCopiesTotal) && (!all || spoke === evidence.length);
}

/**
 * Belongs to one judging of one claim and is closed with it, so that no figure outlives the run in which it was found. Throws
 * what {@link measureCopies} throws.
 */
export class CopyTrials {
  readonly #signal: AbortSignal;
  readonly #routes = new Map<Via, Route>();
  readonly #files = new Map<Storage, File>();
  readonly #found = new Map<string, CopiesFound>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  file(storage: Storage = 'disk'): File {
    let file = this.#files.get(storage);
    if (file === undefined) {
      file = unnamedFile(storage, scrambled(PAYLOAD));
      this.#files.set(storage, file);
    }
    return file;
  }

  route(via: Via): Route {
    let route = this.#routes.get(via);
    if (route === undefined) {
      route = open(via);
      this.#routes.set(via, route);
    }
    return route;
  }

  /** Figures are missing, with the cause, where this user or this kernel has no such route. */
  copies(way: Way): CopiesFound {
    const { path, via, storage = 'disk', readFrom } = way;
    const key = `${path} ${via} ${storage}`;
    let found = readFrom === undefined ? this.#found.get(key) : undefined;
    if (found === undefined) {
      found = this.#measure(way);
      if (readFrom === undefined) this.#found.set(key, found);
    }
    return found;
  }

  #measure(way: Way): CopiesFound {
    const cause = whyNot(way.via);
    if (cause !== undefined) return { cpuCopies: lacking(cause), cpuCopiesTotal: lacking(cause), evidence: [] };
    for (let attempt = 1; ; attempt++) {
      const found = this.#on(way, measureCopies);
      // debug registers that are taken have been waited for already
      if (attempt === ATTEMPTS || settled(found) || registersTaken(found)) return found;
    }
  }

  /** By aliasing alone: what each hop did, from the file on. Throws as well where there is no such route. */
  hops(way: Way): readonly HopSeen[] {
    return this.#on(way, (subject) => {
      const { sender, receiver } = alias(subject);
      return [...sender, receiver];
    });
  }

  #on<T>({ path, via, storage = 'disk', readFrom }: Way, look: (subject: Subject) => T): T {
    this.#signal.throwIfAborted();
    const subject = { path, pair: this.route(via), file: this.file(storage) };
    try {
      return look(readFrom === undefined ? subject : { ...subject, readFrom });
    } catch (error) {
      // what is left in the sockets would be taken for the next transfer's
      this.#routes.get(via)?.close();
      this.#routes.delete(via);
      throw error;
    }
  }

  /** One path that must copy twice and one that must not copy at all, in the sender's calls. */
  controls(via: Via = 'tcp'): Control[] {
    const over = NAMES[via];
    return [
      {
        what: `cpuCopies of read-write over ${over}`,
        expected: 2,
        measured: this.copies({ path: 'read-write', via }).cpuCopies,
      },
      {
        what: `cpuCopies of sendfile over ${over}`,
        expected: 0,
        measured: this.copies({ path: 'sendfile', via }).cpuCopies,
      },
    ];
  }

  close(): void {
    for (const opened of [...this.#routes.values(), ...this.#files.values()]) opened.close();
    this.#routes.clear();
    this.#files.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

export const NAMES: Readonly<Record<Via, string>> = {
  tcp: 'TCP loopback',
  unix: 'a UNIX socket',
  veth: 'a veth pair',
  'veth, scatter-gather on': 'a veth pair, scatter-gather on',
  'veth, scatter-gather off': 'a veth pair, scatter-gather off',
};

function open(via: Via): Route {
  const name = via.split(',')[0] as RouteName;
  const route = openRoute(name, via === name ? {} : { scatterGather: via.endsWith('on') });
  // else the end of each transfer waits 40 ms for an acknowledgement (Nagle's algorithm)
  if (name !== 'unix') route.sender.noDelay();
  return route;
}

/** Why there is no such route here; undefined if there is one. */
export function whyNot(via: Via): string | undefined {
  if (via === 'tcp' || via === 'unix') return undefined;
  const capability = vethCapability();
  return capability.works ? undefined : `a veth pair: ${capability.cause}`;
}

/** TCP loopback and a UNIX socket, and the veth pair where it can be had. For claims that are not about the device. */
export function anyRoute(): Via[] {
  const all: Via[] = ['tcp', 'unix', 'veth'];
  return all.filter((via) => whyNot(via) === undefined);
}

/** What the receiver's own call adds. */
export function receiverCopies({ cpuCopies, cpuCopiesTotal }: CopiesFound): Evidence {
  if (!isMeasured(cpuCopiesTotal)) return cpuCopiesTotal;
  return isMeasured(cpuCopies) ? { ...cpuCopiesTotal, value: cpuCopiesTotal.value - cpuCopies.value } : cpuCopies;
}

/** A path over a route: what it copies, and with which controls. */
export function copyCase(trials: CopyTrials, way: Way, condition = `over ${NAMES[way.via]}`): Case {
  const found = trials.copies(way);
  const { cpuCopies, cpuCopiesTotal } = found;
  // what a report draws from: which transfer the hops are of
  const { path, via, storage = 'disk', readFrom } = way;
  const evidence =
    readFrom === undefined
      ? found.evidence.map((one) => ({ ...one, transfer: { path, via, storage } }))
      : found.evidence;
  return {
    condition,
    measured: { cpuCopies, cpuCopiesTotal, receiverCopies: receiverCopies(found) },
    controls: trials.controls(),
    evidence,
  };
}

/** How much of a hop's far side showed what its near side became after the bytes were handed over. */
export function aliasedShare({ copied, aliased }: HopSeen): Evidence {
  return { value: aliased / (copied + aliased), unit: 'of the bytes tried', instrument: 'aliasing (one instrument)' };
}

/** What several hops did, for a report. */
export function hopsSeen(hops: readonly HopSeen[]): Finding {
  const saw = hops.map(({ hop, copied, aliased }) => `${hop}: ${copied} bytes copied, ${aliased} by reference`);
  return { instrument: 'aliasing', saw: saw.join('; '), hops };
}

/** A claim's judge() out of what it tries. */
export function withTrials(tried: (trials: CopyTrials) => readonly Case[]): ClaimDefinition['judge'] {
  return (signal) => {
    using trials = new CopyTrials(signal);
    return tried(trials);
  };
}

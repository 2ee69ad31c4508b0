/** `trace` as text: time, what the sender's thread did, what the receiver's did. */
import { type Evidence, isMeasured } from '../model/evidence.ts';
import { SIDES, type TraceEvent, type TraceReport } from '../model/trace.ts';
import { size, table, wrap } from './text.ts';

const TIME = 11;
/** Lines of the timeline that are shown; the JSON has all of them. */
const HEAD = 150;
const TAIL = 40;

interface Line {
  readonly us: number;
  readonly side: TraceEvent['side'];
  readonly text: string;
}

export function renderTrace(report: TraceReport, width = 80): string {
  const { path, route, chunk, cache, kernel, traced, missing } = report;
  const title = `${path}: ${size(report.size)}, at most ${size(chunk)} a call, ${cache} page cache; ${route}; Linux ${kernel}`;
  const half = Math.floor((width - TIME) / 2);
  const row = (time: string, { side, text }: Pick<Line, 'side' | 'text'>) => {
    const indent = text.length - text.trimStart().length;
    const inner = wrap(text, half - 1, ' '.repeat(indent + 2), ' '.repeat(indent)).split('\n');
    const before = side === 'sender' ? '' : ' '.repeat(half);
    return inner.map((piece, i) => `${i === 0 ? time : ' '.repeat(TIME)}${before}${piece}`.trimEnd()).join('\n');
  };
  const rows = shorten(traced ? lines(report) : report.events.map(own)).map((line) =>
    row(`${line.us.toFixed(1).padStart(TIME - 2)}  `, line),
  );
  const head = `${'us'.padStart(TIME - 2)}  ${'sender'.padEnd(half)}receiver`;
  return `${[
    wrap(title, width, '  '),
    [head, '-'.repeat(width), ...rows].join('\n'),
    wrap(traced ? LEGEND : OWN_LEGEND, width),
    totals(report, width),
    ...(report.checks.length > 0 ? [checked(report, width)] : []),
    ...(missing.length > 0
      ? [missing.map(({ what, cause }) => wrap(`Missing: ${what}, because ${cause}`, width, '  ')).join('\n')]
      : []),
  ].join('\n\n')}\n`;
}

const LEGEND =
  '> enters the kernel, < is back in user mode: a mode switch each; >< is both with nothing between. What is indented happened in a system call. * which function copies was found by watchpoints in a second transfer like this one. Times include the tracing: they show an order, not a speed.';
const OWN_LEGEND =
  'The kernel tells nothing here: these are the steps of the path and the calls of the receiver, as our own code saw them.';

function own({ us, side, what, result }: TraceEvent): Line {
  return { us, side, text: `${what} = ${result ?? '?'}` };
}

/** A call is one line if nothing happened between its two mode switches, else two with what happened between them. */
function lines({ events, copies }: TraceReport): Line[] {
  const made: (Line & { order: number })[] = [];
  events.forEach((event, order) => {
    const { us, side } = event;
    const add = (text: string, at = us, place = order) => made.push({ us: at, side, text, order: place });
    if (event.kind !== 'call') {
      add(`${event.inKernel ? '  ' : ''}${told(event)}`);
      return;
    }
    const copying = copies.filter(({ during }) => during === event.what);
    const copied = (event.result ?? 0) > 0 ? copying.map((copy) => `  copy ${event.result} B, ${copy.function} *`) : [];
    const next = events[order + 1];
    const alone = copied.length === 0 && event.until !== undefined && (next === undefined || next.us >= event.until);
    if (alone) {
      add(`>< ${event.what} ${answer(event)}`);
      return;
    }
    if (event.until === undefined && event.result !== undefined) add(`> ${event.what}, since before`, 0, -1);
    else add(`> ${event.what}`);
    // the tracepoint of the receiver's copy has told it already
    for (const text of side === 'receiver' ? [] : copied) add(text, event.until ?? us);
    if (event.result !== undefined) add(`< ${event.what} ${answer(event)}`, event.until ?? us, order);
  });
  return made.sort((a, b) => a.us - b.us || a.order - b.order);
}

function answer({ us, until, result }: TraceEvent): string {
  const shown = Math.abs(result ?? 0) > 2 ** 40 ? `0x${(result ?? 0).toString(16)}` : `${result ?? '?'}`;
  return until === undefined ? `= ${shown}` : `= ${shown} (${(until - us).toFixed(1)} us)`;
}

function told({ kind, what, bytes, inPages }: TraceEvent): string {
  switch (kind) {
    case 'copy':
      return `copy ${bytes} B, ${what}`;
    case 'packet':
      return `packet ${bytes} B, ${inPages} in pages`;
    case 'disk':
      return `${what} ${bytes} B`;
    case 'cached':
      return 'reads a page into the cache';
    case 'wake':
      return `wakes ${what}`;
    case 'woken':
      return `woken by ${what}`;
    case 'switch':
      return `leaves the CPU: ${what}`;
    case 'fault':
      return what === 'page fault in user mode' ? `>< ${what}` : what;
    default:
      return what;
  }
}

/** Like lines in a row are one, and of a long timeline the middle is left out. */
function shorten(all: readonly Line[]): Line[] {
  const folded: (Line & { times: number })[] = [];
  for (const line of all) {
    const last = folded.at(-1);
    if (last !== undefined && last.text === line.text && last.side === line.side)
      folded[folded.length - 1] = { ...last, times: last.times + 1 };
    else folded.push({ ...line, times: 1 });
  }
  const lines = folded.map(({ times, ...line }) =>
    times === 1 ? line : { ...line, text: `${line.text}, ${times} times` },
  );
  if (lines.length <= HEAD + TAIL) return lines;
  const left = lines.length - HEAD - TAIL;
  const middle = lines[HEAD] as Line;
  return [...lines.slice(0, HEAD), { ...middle, text: `... ${left} lines (--json has all)` }, ...lines.slice(-TAIL)];
}

const FIGURES: Readonly<Record<string, string>> = {
  syscalls: 'system calls',
  modeSwitches: 'mode switches',
  contextSwitches: 'context switches',
  userFaults: 'page faults in user mode',
  kernelFaults: 'page faults in the kernel',
  faults: 'page faults',
  wakings: 'threads woken',
  copiedToReceiver: 'bytes copied to the receiver',
  packets: 'packets given to a device',
  packetBytes: 'their bytes',
  bytesInPages: 'of these in pages, not copied in',
  diskBytes: 'bytes asked of the disk',
};

function totals({ totals: { sender, receiver } }: TraceReport, width: number): string {
  const shown = (evidence: Evidence | undefined) =>
    evidence === undefined ? '' : isMeasured(evidence) ? String(evidence.value) : 'missing';
  const names = Object.keys(FIGURES).filter((name) => sender[name] !== undefined || receiver[name] !== undefined);
  return table(
    [
      { head: 'Totals', width: Math.min(40, width - 30) },
      { head: 'sender', width: 14, align: 'right' },
      { head: 'receiver', width: 14, align: 'right' },
    ],
    names.map((name) => [FIGURES[name] as string, ...SIDES.map((side) => shown({ sender, receiver }[side][name]))]),
  );
}

function checked({ checks }: TraceReport, width: number): string {
  const told = checks.map(({ what, figures, agree }) => {
    const both = figures.map(({ from, value }) => `${from} ${value}`).join(', ');
    return wrap(`${agree ? 'agree' : 'DIFFER'}: ${what}: ${both}`, width, '    ', '  ');
  });
  return ['Counted twice', ...told].join('\n');
}

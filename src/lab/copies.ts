/**
 * How often a path copies a payload byte, found twice: by aliasing (change the source after the send, look at the far
 * side) and by watchpoints (count the CPU's own touches). Where both are at hand they must agree, or there is no figure.
 */
import type { Finding } from '../model/claim.ts';
import type { Evidence } from '../model/evidence.ts';
import { copies, type HopSeen } from '../probe/aliasing.ts';
import { pageWatchpoints, type Touch, userWatchpoints } from '../probe/watchpoint.ts';
import { agree } from './claims/claim.ts';
import { alias } from './copies/alias.ts';
import { POSITIONS, type Subject } from './copies/subject.ts';
import { touched } from './copies/touched.ts';

export { type StreamPair, untilArrived } from './copies/pair.ts';
export { PAYLOAD, type Subject } from './copies/subject.ts';

export interface CopiesFound {
  /** Copies of each payload byte by the CPU, in the sender's calls and until it has arrived. */
  readonly cpuCopies: Evidence;
  /** The same, and on until the byte is in the receiver's own memory. */
  readonly cpuCopiesTotal: Evidence;
  readonly evidence: readonly Finding[];
}

const UNIT = 'copies per byte';

interface Counted {
  readonly sender: number;
  readonly receiver: number;
}

type Answer = { readonly counted: Counted; readonly finding: Finding } | { readonly missing: string };

/** Five transfers. The file's content is as before afterwards. Throws SystemError if the transfer itself fails. */
export function measureCopies(subject: Subject): CopiesFound {
  const answers = { aliasing: byAliasing(subject), watchpoint: byWatchpoint(subject) };
  const figure = (of: (counted: Counted) => number) =>
    agree(
      UNIT,
      Object.entries(answers).map(([instrument, answer]) => ({
        instrument,
        value: 'missing' in answer ? answer : of(answer.counted),
      })),
    );
  return {
    cpuCopies: figure(({ sender }) => sender),
    cpuCopiesTotal: figure(({ sender, receiver }) => sender + receiver),
    evidence: Object.entries(answers).map(([instrument, answer]) =>
      'missing' in answer ? { instrument, saw: `nothing: ${answer.missing}` } : answer.finding,
    ),
  };
}

function byAliasing(subject: Subject): Answer {
  const { sender, receiver } = alias(subject);
  const counted = { sender: sender.reduce((sum, hop) => sum + copies(hop), 0), receiver: copies(receiver) };
  const hops = [...sender, receiver];
  return { counted, finding: { instrument: 'aliasing', saw: hops.map(told).join('; '), hops } };
}

function told({ hop, copied, aliased }: HopSeen): string {
  return copied > 0
    ? `${hop} copied (${copied} of ${copied + aliased})`
    : `${hop} by reference (${aliased} of ${aliased})`;
}

function byWatchpoint(subject: Subject): Answer {
  const capability = userWatchpoints().works ? pageWatchpoints() : userWatchpoints();
  if (!capability.works) return { missing: capability.cause };
  try {
    const seen = POSITIONS.map((position) => touched(subject, position));
    const [first, ...others] = seen as [Counted & { touches: readonly Touch[] }];
    // one byte stands for the payload only if all that were looked at fared alike
    if (others.some(({ sender, receiver }) => sender !== first.sender || receiver !== first.receiver))
      return { missing: `positions differ: ${seen.map((s) => `${s.sender} + ${s.receiver}`).join(', ')}` };
    const touches = first.touches.map(({ label, functions }) => ({ label, functions: functions.slice(0, DEPTH) }));
    const saw = touches.map(({ label, functions }) => `${label}: ${functions.slice(0, 3).join(' < ')}`).join('; ');
    return { counted: first, finding: { instrument: 'watchpoint', saw: saw || 'no touch at all', touches } };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

/** Functions of a call chain that are worth keeping. */
const DEPTH = 8;

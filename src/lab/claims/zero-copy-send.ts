/** One send with MSG_ZEROCOPY, or without: its completion, and whether the bytes were copied. */
import { check } from '../../io/errors.ts';
import { Mapping, PAGE_SIZE } from '../../io/mapping.ts';
import { type ControlMessage, controlMessages, decodeZeroCopy, ERROR_SPACE } from '../../sys/cmsg.ts';
import { poll } from '../../sys/poll.ts';
import {
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_ZEROCOPY,
  recvmsg,
  SO_ZEROCOPY,
  SOL_SOCKET,
  send,
  setsockopt,
} from '../../sys/socket.ts';
import { receiveInto, untilArrived } from '../copies/pair.ts';
import { openRoute, type Route, type RouteName, type RouteOptions } from '../routes.ts';
import { scrambled } from '../unnamed.ts';
import type { Finding, Reading } from './claim.ts';
import { copiesByAliasing, readsOf } from './moved-bytes.ts';

const BYTES = 8 * PAGE_SIZE;
const AT = PAGE_SIZE + 1234;

interface Completions {
  readonly count: number;
  /** Those that say that the kernel copied. */
  readonly copied: number;
}

export interface Sent extends Completions {
  /** What setting SO_ZEROCOPY answered; 0 if it was not asked for. */
  readonly option: number;
  readonly copies: Readonly<Record<string, Reading['value']>>;
  readonly finding: Finding;
}

/** Longer than a receiver holds an acknowledgement back (40 ms), and with it what was sent. */
const DELAYED_MS = 80;
const PATIENCE_MS = 1000;
const NOBODY = new Int32Array(2);

/** Those of one send. Where one is due it is waited for; where none is, for long enough to see one. */
function completionsOf({ sender }: Route, due: boolean): Completions {
  const space = new Uint8Array(ERROR_SPACE);
  const header = new Int32Array(3);
  const found: boolean[] = [];
  const end = performance.now() + (due ? PATIENCE_MS : DELAYED_MS);
  while (!(due && found.length > 0) && performance.now() < end) {
    // a UNIX socket has no error queue and ignores the flag: without the second it would wait for data
    const result = recvmsg(sender.fd, [], null, space, header, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (result < 0) poll(NOBODY, 0, 1);
    else for (const message of controlMessages(space, header[1])) found.push(...copiedIn(message));
  }
  return { count: found.length, copied: found.filter((copied) => copied).length };
}

function copiedIn(message: ControlMessage): boolean[] {
  const completion = decodeZeroCopy(message);
  return completion === undefined ? [] : [completion.copied];
}

export interface How {
  readonly route: RouteName;
  readonly options?: RouteOptions;
  readonly option: boolean;
  readonly flag: boolean;
}

/** One send of eight pages. Throws what opening the route throws. */
export function sent({ route: name, options = {}, option, flag }: How): Sent {
  using route = openRoute(name, options);
  const content = scrambled(BYTES);
  using memory = Mapping.anonymous(BYTES);
  memory.write(0, content);
  memory.lock();
  const asked = option ? setsockopt(route.sender.fd, SOL_SOCKET, SO_ZEROCOPY, Int32Array.of(1)) : 0;
  const { reads, finding } = readsOf(memory.address + AT, () => {
    const taken = check(send(route.sender.fd, memory.address, BYTES, flag ? MSG_ZEROCOPY : 0), 'send');
    if (taken !== BYTES) throw new Error(`${route.describe()}: one send took ${taken} of ${BYTES} bytes`);
    untilArrived(route, BYTES);
  });
  using received = Mapping.anonymous(BYTES);
  const aliasing = copiesByAliasing(
    'memory > socket',
    content,
    (p, byte) => void memory.write(p, Uint8Array.of(byte)),
    () => {
      receiveInto(route, received.address, BYTES);
      const bytes = new Uint8Array(BYTES);
      received.read(0, bytes);
      return bytes;
    },
  );
  const completions = completionsOf(route, option && flag && name !== 'unix');
  return { ...completions, option: asked, copies: { aliasing, watchpoint: reads }, finding };
}

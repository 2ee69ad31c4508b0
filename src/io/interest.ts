/** What an epoll set should look for in a descriptor: a mask, or an object in which no illegal set can be written. */
import {
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
} from '../sys/epoll.ts';

export interface PlainInterest {
  in?: boolean;
  out?: boolean;
  pri?: boolean;
  /** The peer has shut down its sending side. */
  rdhup?: boolean;
  /** Edge-triggered: told once per change, not as long as it lasts. */
  et?: boolean;
  /** Told once, then not before {@link Epoll.modify}. */
  oneshot?: boolean;
  exclusive?: false;
}

/** With `exclusive`, the kernel allows only these. Linux 4.5. */
export interface ExclusiveInterest {
  in?: boolean;
  out?: boolean;
  et?: boolean;
  /** Of several epoll sets that watch this descriptor, wake one or a few, not all. */
  exclusive: true;
  pri?: never;
  rdhup?: never;
  oneshot?: never;
}

/** Named flags, or `EPOLL*` numbers or-ed together (without EPOLLEXCLUSIVE, whose rules a number cannot show). */
export type Interest = PlainInterest | ExclusiveInterest | number;

const BITS = {
  in: EPOLLIN,
  out: EPOLLOUT,
  pri: EPOLLPRI,
  rdhup: EPOLLRDHUP,
  et: EPOLLET,
  oneshot: EPOLLONESHOT,
  exclusive: EPOLLEXCLUSIVE,
};
// EPOLLEXCLUSIVE_OK_BITS of the kernel's fs/eventpoll.c, as far as they can be asked for here
const WITH_EXCLUSIVE = (EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLET | EPOLLEXCLUSIVE) >>> 0;

function wrong(message: string): RangeError {
  return Object.assign(new RangeError(message), { code: 'ERR_OUT_OF_RANGE' });
}

/** The `EPOLL*` mask, unsigned. Sets that the kernel refuses with a bare EINVAL are refused here, with the reason. */
export function maskOf(interest: Interest): number {
  if (typeof interest === 'number') {
    // EPOLLET is the sign bit, so that EPOLLIN | EPOLLET comes as a negative number
    if (!Number.isInteger(interest) || interest < -(2 ** 31) || interest >= 2 ** 32 || Object.is(interest, -0))
      throw wrong(`events must be EPOLL* flags or-ed together, got ${interest}`);
    if ((interest & EPOLLEXCLUSIVE) !== 0)
      throw wrong('events must not have EPOLLEXCLUSIVE as a number: write { in: true, exclusive: true }');
    return interest >>> 0;
  }
  let mask = 0;
  for (const [name, on] of Object.entries(interest)) {
    const bit = BITS[name as keyof typeof BITS];
    if (bit === undefined) throw wrong(`events must have names of ${Object.keys(BITS).join(', ')}, got '${name}'`);
    if (on) mask |= bit;
  }
  mask >>>= 0;
  const excess = (mask & ~WITH_EXCLUSIVE) >>> 0;
  if ((mask & EPOLLEXCLUSIVE) !== 0 && excess !== 0) {
    const names = Object.entries(BITS).filter(([, bit]) => (bit & excess) !== 0);
    throw wrong(`events must not have ${names.map(([name]) => name).join(', ')} together with exclusive: the kernel \
allows only in, out and et`);
  }
  return mask;
}

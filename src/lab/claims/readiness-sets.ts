/** Sets and records in the hands of the claims about select(2) and poll(2). */
import { POLLFD_WORDS, POLLIN, poll, pollRevents, setPollFd } from '../../sys/poll.ts';
import { bitmap, isSet, pselect6, select, setBit } from '../../sys/select.ts';

/** Of most claims about them. */
export const SCOPE = 'raw calls of one thread on UNIX sockets, time-out 0';

export type Select = (nfds: number, readfds: Uint8Array | null, exceptfds: Uint8Array | null) => number;
export const viaSelect: Select = (nfds, readfds, exceptfds) => select(nfds, readfds, null, exceptfds, 0);
export const viaPselect6: Select = (nfds, readfds, exceptfds) => pselect6(nfds, readfds, null, exceptfds, 0, null);

export const setOf = (members: readonly number[], nfds: number): Uint8Array => {
  const set = bitmap(nfds);
  for (const fd of members) setBit(set, fd);
  return set;
};

export const leftIn = (set: Uint8Array, members: readonly number[]): number[] => members.filter((fd) => isSet(set, fd));

export function records(fds: readonly number[], events: number = POLLIN): Int32Array<ArrayBuffer> {
  const all = new Int32Array(fds.length * POLLFD_WORDS);
  for (const [i, fd] of fds.entries()) setPollFd(all, i, fd, events);
  return all;
}

/** How many of them have something to tell. */
export const count = (all: Int32Array): number => {
  let ready = 0;
  for (let i = 0; i < all.length / POLLFD_WORDS; i++) if (pollRevents(all, i) !== 0) ready++;
  return ready;
};

/** Those of `fds` that poll(2) says are readable. */
export function polled(fds: readonly number[]): number[] {
  const all = records(fds);
  poll(all, fds.length, 0);
  return fds.filter((_fd, i) => (pollRevents(all, i) & POLLIN) !== 0);
}

/**
 * select(2), pselect6(2): bitmaps of descriptors, scanned from 0 to the highest.
 * Raw calls: numbers in, `>= 0` or `-errno` out, nothing retried. See `docs/sys/select.md`.
 *
 * The bitmaps are the caller's and as large as needed. The kernel has no limit but RLIMIT_NOFILE; {@link FD_SETSIZE} is
 * the size of libc's fixed type, which is not used here. The friendly `select` of the io layer keeps that limit as its
 * contract; these calls do not.
 */
import { endianness } from 'node:os';
import { constant, native } from '../native.ts';

const { sys } = native;

/** How many descriptors libc's fixed type has room for (1024): a limit of libc's, not of the kernel's. */
export const FD_SETSIZE = constant<'select'>('FD_SETSIZE');

/** Memory for a set of descriptors: whole words of 64 bits, bit n of which is descriptor n. */
export type FdBitmap = Uint8Array | BigUint64Array;

// The kernel's unit is an unsigned long: on a big-endian machine the first descriptors are in its last byte.
const FLIP = endianness() === 'LE' ? 0 : 7;

/** How many bytes the kernel reads and writes of each set for this `nfds`: whole words of 64 bits. */
export function bitmapBytes(nfds: number): number {
  return Math.ceil(nfds / 64) * 8;
}

/** An empty set with room for the descriptors 0 to `nfds` - 1. */
export function bitmap(nfds: number): Uint8Array {
  return new Uint8Array(bitmapBytes(nfds));
}

function check(call: string, set: FdBitmap, fd: number): void {
  if (!Number.isInteger(fd)) throw new TypeError(`${call}: fd must be an integer, got ${String(fd)}`);
  const room = set.byteLength * 8;
  if (fd < 0 || fd >= room)
    throw new RangeError(
      `${call}: fd must be 0 to ${room - 1}, the room in this bitmap, got ${fd}; bitmap(nfds) makes a larger one`,
    );
}

/** Puts `fd` into the set. RangeError where the bitmap has no bit for it. */
export function setBit(set: FdBitmap, fd: number): void {
  check('setBit', set, fd);
  if (set instanceof Uint8Array) {
    const i = (fd >> 3) ^ FLIP;
    set[i] = (set[i] ?? 0) | (1 << (fd & 7));
  } else {
    set[fd >> 6] = (set[fd >> 6] ?? 0n) | (1n << BigInt(fd & 63));
  }
}

/** Takes `fd` out of the set. RangeError where the bitmap has no bit for it. */
export function clearBit(set: FdBitmap, fd: number): void {
  check('clearBit', set, fd);
  if (set instanceof Uint8Array) {
    const i = (fd >> 3) ^ FLIP;
    set[i] = (set[i] ?? 0) & ~(1 << (fd & 7));
  } else {
    set[fd >> 6] = (set[fd >> 6] ?? 0n) & ~(1n << BigInt(fd & 63));
  }
}

/** Whether `fd` is in the set. RangeError where the bitmap has no bit for it. */
export function isSet(set: FdBitmap, fd: number): boolean {
  check('isSet', set, fd);
  if (set instanceof Uint8Array) return (((set[(fd >> 3) ^ FLIP] ?? 0) >> (fd & 7)) & 1) === 1;
  return (((set[fd >> 6] ?? 0n) >> BigInt(fd & 63)) & 1n) === 1n;
}

/**
 * **Blocks the calling thread** for up to `timeout` (rounded up to whole microseconds).
 *
 * `int select(int nfds, fd_set *readfds, fd_set *writefds, fd_set *exceptfds, struct timeval *timeout)` - looks at the
 * descriptors 0 to `nfds` - 1 that are in the sets (`null`: none) and leaves those in that are ready. Answers how many
 * bits are left, 0 when the time is up: then the sets are empty and have to be filled again. Each set must have
 * {@link bitmapBytes} of room. The time that was left is not told.
 *
 * `-EBADF` (a descriptor in a set is not open; the sets are as they were), `-EINVAL` (negative `nfds`), `-EINTR` (a
 * signal; the sets are as they were). Since Linux 1.0; on arm64, which has no such call, it is {@link pselect6}.
 * select(2).
 */
export const select = sys.select;

/**
 * **Blocks the calling thread** for up to `timeout`.
 *
 * `int pselect6(int nfds, fd_set *readfds, fd_set *writefds, fd_set *exceptfds, const struct timespec *timeout,
 * const struct { const sigset_t *mask; size_t size; } *sigmask)` - {@link select} with nanoseconds, and with `sigmask`
 * (bit n - 1 is signal n, `null`: leave it) in force while it waits.
 * `-EBADF`, `-EINVAL`, `-EINTR` as {@link select}. Since Linux 2.6.16. select(2).
 */
export const pselect6 = sys.pselect6;

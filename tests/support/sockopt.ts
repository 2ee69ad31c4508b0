/** Socket options that are one int, as nearly all are. */
import { getsockopt, setsockopt } from '../../src/sys/socket.ts';

/** The option's value, or `-errno`. */
export function int(fd: number, level: number, name: number): number {
  const value = new Int32Array(1);
  const r = getsockopt(fd, level, name, value, Int32Array.of(4));
  return r === 0 ? (value[0] ?? -1) : r;
}

export function set(fd: number, level: number, name: number, value: number): number {
  return setsockopt(fd, level, name, Int32Array.of(value));
}

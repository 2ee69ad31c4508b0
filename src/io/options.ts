/** Socket options whose value is one int: nearly all of them. */
import { native } from '../native.ts';
import { check } from './errors.ts';

const { sys } = native;

// filled and read within one call, so one of each is enough for a thread
const value = new Int32Array(1);
const length = new Int32Array(1);

export function setIntOption(fd: number, level: number, name: number, to: number): void {
  if (!Number.isInteger(to) || to < -(2 ** 31) || to >= 2 ** 31)
    throw Object.assign(new RangeError(`value must be a 32-bit integer, got ${to}`), { code: 'ERR_OUT_OF_RANGE' });
  value[0] = to;
  check(sys.setsockopt(fd, level, name, value), 'setsockopt', { fd });
}

export function getIntOption(fd: number, level: number, name: number): number {
  length[0] = value.byteLength;
  value[0] = 0;
  check(sys.getsockopt(fd, level, name, value, length), 'getsockopt', { fd });
  return value[0];
}

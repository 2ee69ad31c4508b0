/** What may be mapped, and mmap(2) within that: the kernel's limits end the process if they are met unprepared. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Address, Flag } from '../native.ts';
import { mmap, PAGE_SIZE } from '../sys/mmap.ts';
import { ENOMEM, EPERM, SystemError } from './errors.ts';

const { EACCES, ENODEV } = constants.errno;

// V8 maps memory, too, and ends the process when it gets none
const SPARE_MAPPINGS = 2048;

/** Of this thread. */
export const budget = {
  /** Mapped now. */
  bytes: 0,
  count: 0,
  /** The most that may be. */
  byteLimit: 2 ** 40,
};
let countLimit: number | undefined;

function maxMapCount(): number {
  try {
    return Number(readFileSync('/proc/sys/vm/max_map_count', 'latin1'));
  } catch {
    return 65_530;
  }
}

export function refuseRange(name: string, value: number, wanted: string): never {
  throw Object.assign(new RangeError(`Mapping: ${name} must be ${wanted}, got ${value}`), { code: 'ERR_OUT_OF_RANGE' });
}

/** Why mmap(2) or mprotect(2) refused. */
export function mapHint(errno: number): string | undefined {
  switch (errno) {
    case ENOMEM:
      return (
        `iolab has ${budget.count} mappings of ${budget.bytes} bytes in this thread, and vm.max_map_count allows the ` +
        `process ${maxMapCount()}: close some, or raise it with sysctl -w vm.max_map_count=N; ` +
        'or RLIMIT_AS or memory is used up'
      );
    case EACCES:
      return 'the file must be open for reading, and with write: true by O_RDWR';
    case ENODEV:
      return 'only regular files, memfds and some devices can be mapped: read() it instead';
    case EPERM:
      return 'the file is sealed or its file system mounted noexec';
    default:
      return undefined;
  }
}

/** mmap(2), within the budget. Does not count the mapping: its owner does. */
export function map(length: number, prot: Flag<'prot'>, flags: Flag<'map'>, fd: number, offset: number): Address {
  if (!Number.isSafeInteger(length) || length < 1) {
    const empty = fd >= 0 && length === 0 ? '; an empty file cannot be mapped' : '';
    refuseRange('length', length, `a positive number of bytes${empty}`);
  }
  if (!Number.isSafeInteger(offset) || offset < 0 || offset % PAGE_SIZE !== 0)
    refuseRange(
      'offset',
      offset,
      `a multiple of the page size, ${PAGE_SIZE}: map from the one below and skip the rest`,
    );
  if (budget.bytes + length > budget.byteLimit) {
    const text = `${length} bytes more would be above the limit of ${budget.byteLimit} mapped bytes in this thread`;
    const hint = `${budget.bytes} are mapped: close some, or raise Mapping.byteLimit`;
    throw new SystemError(ENOMEM, 'mmap', { code: 'ERR_MAPPING_LIMIT', text, hint });
  }
  countLimit ??= maxMapCount() - SPARE_MAPPINGS;
  const address = budget.count < countLimit ? mmap(length, prot, flags, fd, offset) : -ENOMEM;
  if (address >= 0) return address;
  throw new SystemError(-address, 'mmap', { ...(fd >= 0 && { fd }), hint: mapHint(-address) });
}

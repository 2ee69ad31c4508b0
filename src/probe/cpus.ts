import { readFileSync } from 'node:fs';

/** Numbers of the CPUs that run: `0-1,3` of /sys/devices/system/cpu/online. */
export function onlineCpus(): number[] {
  return readFileSync('/sys/devices/system/cpu/online', 'utf8')
    .trim()
    .split(',')
    .flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

/** How much this process may have of what the lab needs, and what the machine is. */
import { readFileSync } from 'node:fs';
import { check as succeed } from '../../io/errors.ts';
import type { DoctorCheck } from '../../model/doctor.ts';
import type { Environment } from '../../model/environment.ts';
import type { Flag } from '../../native.ts';
import * as sys from '../../sys/index.ts';
import { check, fact } from './check.ts';

const limitBuffer = new BigUint64Array(sys.RLIMIT_SIZE / 8);

function limit(resource: Flag<'rlimit'>): sys.Rlimit {
  succeed(sys.prlimit(0, resource, null, limitBuffer), 'prlimit64');
  return sys.readRlimit(limitBuffer);
}

const amount = (n: bigint) => (n === sys.RLIM_INFINITY ? 'unlimited' : String(n));

/** First line of a file, or `undefined` where it cannot be read. */
export function line(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim().split('\n')[0];
  } catch {
    return undefined;
  }
}

const ENOUGH_FILES = 256n;
const ENOUGH_LOCKED = 64n * 1024n;

export function limitChecks(): DoctorCheck[] {
  return [
    check(
      'limits',
      'open files (RLIMIT_NOFILE)',
      () => {
        const { soft, hard } = limit(sys.RLIMIT_NOFILE);
        if (soft < ENOUGH_FILES) throw new Error(`${amount(soft)} are allowed, the bench wants ${ENOUGH_FILES}`);
        return `${amount(soft)}, up to ${amount(hard)}`;
      },
      { default: 'ulimit -n 1024' },
    ),
    check(
      'limits',
      'locked memory (RLIMIT_MEMLOCK)',
      () => {
        const { soft } = limit(sys.RLIMIT_MEMLOCK);
        if (soft < ENOUGH_LOCKED) throw new Error(`${amount(soft)} bytes are allowed, less than ${ENOUGH_LOCKED}`);
        return soft === sys.RLIM_INFINITY ? 'unlimited' : `${soft / 1024n} KiB`;
      },
      { default: 'ulimit -l 8192, or in a container --ulimit memlock=-1' },
    ),
    fact(
      'limits',
      'largest pipe of a user (fs.pipe-max-size)',
      `${line('/proc/sys/fs/pipe-max-size') ?? 'unknown'} bytes`,
    ),
    fact('limits', 'mappings of a process (vm.max_map_count)', line('/proc/sys/vm/max_map_count') ?? 'unknown'),
    fact('limits', 'CPU of the cgroup (cpu.max)', line('/sys/fs/cgroup/cpu.max') ?? 'not to be seen from here'),
    fact(
      'limits',
      'memory of the cgroup (memory.max)',
      line('/sys/fs/cgroup/memory.max') ?? 'not to be seen from here',
    ),
  ];
}

export function machineChecks(environment: Environment): DoctorCheck[] {
  const { cpu, steal, user, container, hypervisor } = environment;
  const taken = steal.ticks > 0 ? (100 * (steal.after - steal.before)) / steal.ticks : 0;
  return [
    check(
      'machine',
      'a CPU each for sender and receiver',
      () => {
        if (cpu.allowed < 2)
          throw new Error(`${cpu.allowed} of ${cpu.online} CPUs: they take turns, and switches are theirs`);
        return `${cpu.allowed} of ${cpu.online}, ${cpu.model}`;
      },
      { default: 'give the process two CPUs (taskset, cpuset, --cpus 2); figures of one are not those of two' },
    ),
    fact('machine', 'hypervisor', hypervisor ?? 'none to be seen'),
    fact('machine', 'CPU time that it took meanwhile (steal)', `${taken.toFixed(1)} %`),
    fact('machine', 'container', container ?? 'nothing says so'),
    fact('machine', 'user', `uid ${user.uid}, effective capabilities ${user.capabilities}`),
  ];
}

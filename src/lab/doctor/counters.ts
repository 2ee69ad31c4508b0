/** Which instruments count here, and the settings of the kernel that decide it. */
import { constants } from 'node:os';
import { SystemError } from '../../io/errors.ts';
import type { DoctorCheck } from '../../model/doctor.ts';
import type { InstrumentReport } from '../../model/environment.ts';
import { constant } from '../../native.ts';
import * as sys from '../../sys/index.ts';
import { check, fact, from } from './check.ts';
import { line } from './limits.ts';

const REMEDY =
  'run as root, or with CAP_PERFMON and CAP_DAC_READ_SEARCH, or set kernel.perf_event_paranoid to 1 and make tracefs readable';

/** Where {@link REMEDY} would not help. */
const REMEDIES: Readonly<Record<string, string>> = {
  'watchpoint-page': 'run as root (CAP_SYS_ADMIN, CAP_SYSLOG) outside a container',
  'cpu-clock-samples': 'run as root: the names of kernel functions need CAP_SYSLOG',
  'copy-breakpoints': 'a kernel with CONFIG_KPROBES, and root; the copies themselves are counted without it',
  'schedstat-thread': 'a kernel with CONFIG_SCHED_INFO',
  'page-cache': 'a file that you own, and Linux 6.5 for cachestat',
};

const TITLES: Readonly<Record<string, string>> = {
  'proc-io': 'bytes through calls (proc-io)',
  'proc-thread-io': 'bytes through calls of one thread',
  rusage: 'CPU, faults, switches (rusage)',
  'rusage-thread': 'CPU, faults, switches of one thread',
  'perf-software': 'faults, switches (perf-software)',
  'perf-user-faults': 'faults in user mode (perf-user-faults)',
  'perf-sys-enter': 'system calls (perf-sys-enter)',
  'perf-fault-tracepoints': 'faults, by tracepoint',
  'perf-sched-tracepoints': 'switches and wakings, by tracepoint',
  'perf-net-tracepoints': 'copies to receivers, packets sent',
  'schedstat-thread': 'CPU and waiting for one (schedstat)',
  'watchpoint-user': 'touches of a byte of a buffer',
  'watchpoint-page': 'touches of a byte of the page cache',
  'tracepoint-records': 'calls, copies, packets one by one',
  'tracepoint-records-cpus': 'the same of whole CPUs',
  'page-cache': 'pages in memory (mincore, cachestat)',
  device: 'offloads of a network device',
  'cpu-clock-samples': 'CPU time by function (cpu-clock)',
  'copy-breakpoints': 'bytes of each copy in the kernel',
};

export function counterChecks(instruments: readonly InstrumentReport[]): DoctorCheck[] {
  return [
    ...instruments.map(({ name, capability, overheadNs }) => {
      const known = from('counters', TITLES[name] ?? name, capability, REMEDIES[name] ?? REMEDY);
      return overheadNs === null ? known : { ...known, seen: `${Math.round(overheadNs)} ns a reading` };
    }),
    check('counters', 'hardware cycles (a PMU)', cycles, {
      default: 'most virtual machines have no PMU: run on the metal, or enable it in the hypervisor',
    }),
    fact('counters', 'kernel.perf_event_paranoid', line('/proc/sys/kernel/perf_event_paranoid') ?? 'not there'),
    fact('counters', 'kernel lockdown', line('/sys/kernel/security/lockdown') ?? 'cannot be read'),
    fact('counters', 'kernel.yama.ptrace_scope', line('/proc/sys/kernel/yama/ptrace_scope') ?? 'not there: no Yama'),
    fact(
      'counters',
      'kernel.io_uring_disabled (not used so far)',
      line('/proc/sys/kernel/io_uring_disabled') ?? 'not there',
    ),
  ];
}

function cycles(): void {
  const attr = sys.encodePerfEvent({
    type: sys.PERF_TYPE_HARDWARE,
    config: BigInt(constant('PERF_COUNT_HW_CPU_CYCLES')),
    flags: sys.PERF_ATTR_EXCLUDE_KERNEL | sys.PERF_ATTR_EXCLUDE_HV,
  });
  const fd = sys.perfEventOpen(attr, 0, -1, -1, 0);
  if (fd < 0)
    throw new SystemError(-fd, 'perf_event_open', fd === -constants.errno.ENOENT ? { text: 'no such event' } : {});
  sys.close(fd);
}

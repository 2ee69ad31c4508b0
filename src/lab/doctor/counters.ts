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
};

export function counterChecks(instruments: readonly InstrumentReport[]): DoctorCheck[] {
  return [
    ...instruments.map(({ name, capability, overheadNs }) => {
      const known = from('counters', TITLES[name] ?? name, capability, REMEDY);
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

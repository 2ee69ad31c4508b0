/** Collects what a result has to carry about the machine that it comes from. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../model/environment.ts';
import { instrumentReports } from '../probe/index.ts';

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));

/** Trimmed; null where it cannot be read. */
function text(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

const SYSCTLS = [
  'kernel.perf_event_paranoid',
  'kernel.yama.ptrace_scope',
  'net.core.rmem_max',
  'net.core.wmem_max',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
  'net.ipv4.tcp_congestion_control',
  'fs.pipe-max-size',
  'fs.pipe-user-pages-soft',
  'vm.swappiness',
];

function sysctls(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of SYSCTLS) {
    const value = text(`/proc/sys/${name.replaceAll('.', '/')}`);
    if (value !== null) found[name] = value.replace(/\s+/g, ' ');
  }
  return found;
}

function mitigations(): Record<string, string> {
  const directory = '/sys/devices/system/cpu/vulnerabilities';
  if (!existsSync(directory)) return {};
  return Object.fromEntries(readdirSync(directory).map((name) => [name, text(join(directory, name)) ?? 'unreadable']));
}

function distribution(): string | null {
  return text('/etc/os-release')?.match(/^PRETTY_NAME="?([^"\n]*)"?$/m)?.[1] ?? null;
}

function container(): string | null {
  if (existsSync('/.dockerenv')) return '/.dockerenv exists';
  if (existsSync('/run/.containerenv')) return '/run/.containerenv exists';
  if (process.env.container) return `the environment says container=${process.env.container}`;
  const cgroup = text('/proc/1/cgroup');
  return cgroup !== null && /docker|kubepods|lxc|containerd/.test(cgroup) ? `/proc/1/cgroup: ${cgroup}` : null;
}

function hypervisor(): string | null {
  const vendor = text('/sys/class/dmi/id/sys_vendor');
  const flagged = /^flags\s*:.*\bhypervisor\b/m.test(text('/proc/cpuinfo') ?? '');
  if (flagged) return vendor ?? 'the CPU says that there is one';
  return text('/sys/hypervisor/type');
}

function git(): string | null {
  if (!existsSync(join(PACKAGE, '.git'))) return null;
  try {
    const id = execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=40'], {
      cwd: PACKAGE,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return id.trim();
  } catch {
    return null;
  }
}

/** Magic numbers of include/uapi/linux/magic.h, of the file systems that temporary directories are found on. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  16914836: 'tmpfs',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  2035054128: 'overlay',
  801189825: 'zfs',
  4076150800: 'f2fs',
  1702057286: 'fuse',
  26985: 'nfs',
};

export function fileSystem(directory: string): string {
  const { type } = statfsSync(directory);
  return FILE_SYSTEMS[type >>> 0] ?? `0x${(type >>> 0).toString(16)}`;
}

export interface Ticks {
  steal: number;
  all: number;
}

/** Clock ticks since boot, all CPUs together. proc_stat(5). */
export function ticks(): Ticks {
  const fields = (text('/proc/stat')?.split('\n')[0] ?? '').trim().split(/\s+/).slice(1, 9).map(Number);
  return { steal: fields[7] ?? 0, all: fields.reduce((sum, n) => sum + n, 0) };
}

function version(): string {
  return (JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { version: string }).version;
}

/** `before`: {@link ticks} when the measuring began. */
export function describeEnvironment(directory: string, before: Ticks): Environment {
  const after = ticks();
  const all = cpus();
  return {
    iolab: version(),
    git: git(),
    node: process.version,
    kernel: `${release()} ${text('/proc/sys/kernel/version') ?? ''}`.trim(),
    architecture: process.arch,
    distribution: distribution(),
    container: container(),
    hypervisor: hypervisor(),
    cpu: {
      model: all[0]?.model.trim() || 'unknown',
      online: Math.max(1, all.length),
      allowed: availableParallelism(),
      clocksource: text('/sys/devices/system/clocksource/clocksource0/current_clocksource'),
    },
    memoryBytes: totalmem(),
    mitigations: mitigations(),
    sysctls: sysctls(),
    steal: { before: before.steal, after: after.steal, ticks: after.all - before.all },
    user: {
      uid: process.getuid?.() ?? -1,
      capabilities: text('/proc/self/status')?.match(/^CapEff:\s*(\S+)/m)?.[1] ?? 'unknown',
    },
    fileSystem: fileSystem(directory),
    instruments: instrumentReports(),
  };
}

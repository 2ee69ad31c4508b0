/** `doctor`: what this kernel, container, user and file system allow, each question tried for real. See `docs/cli.md`. */
import { statSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { DOCTOR_SCHEMA, type DoctorCheck, type DoctorReport } from '../model/doctor.ts';
import type { InstrumentReport } from '../model/environment.ts';
import { callChecks } from './doctor/calls.ts';
import { fact } from './doctor/check.ts';
import { counterChecks } from './doctor/counters.ts';
import { fileChecks } from './doctor/files.ts';
import { limitChecks, machineChecks } from './doctor/limits.ts';
import { kernelRisks } from './doctor/risks.ts';
import { describeEnvironment, ticks } from './environment.ts';

export interface DoctorOptions {
  /** Where the bench would make its files. Default: os.tmpdir(). */
  directory?: string;
}

/** Figures of the tables, and the counter that gives each: every instrument that has it is a witness. */
const FIGURES: Readonly<Record<string, string>> = {
  'system calls, mode switches': 'syscalls',
  'CPU time': 'userUs',
  'context switches': 'voluntarySwitches',
  'page faults': 'minorFaults',
  'bytes through calls': 'readCallBytes',
  'copies by the CPU': 'copies',
  'copies to a receiver, packets, disk requests': 'copiedToReceiver',
  'pages in memory': 'residentPages',
  'share of CPU time in copies': 'copyingShare',
  'bytes of each copy in the kernel': 'copiedBytes',
};

/** Asks everything. Leaves nothing behind; takes a second or two. */
export function runDoctor({ directory = tmpdir() }: DoctorOptions = {}): DoctorReport {
  const startedAt = new Date().toISOString();
  const before = ticks();
  const calls = callChecks(directory);
  const files = bothDirectories(process.cwd(), directory);
  const environment = describeEnvironment(directory, before);
  const { instruments, node, iolab, architecture, kernel } = environment;
  return {
    schema: DOCTOR_SCHEMA,
    startedAt,
    environment,
    checks: [
      fact('runtime', 'iolab', `${iolab}, addon for Node-API ${process.versions.napi} loaded by Node ${node}`),
      fact('runtime', 'kernel', `Linux ${kernel}, ${architecture}`),
      ...calls,
      ...counterChecks(instruments),
      ...limitChecks(),
      ...files,
      ...machineChecks(environment),
    ],
    evidence: Object.entries(FIGURES).map(([figure, counter]) => witnesses(figure, counter, instruments)),
    warnings: kernelRisks(release()),
  };
}

/** Files are made and sent in each directory; on one and the same file system that would be asking twice. */
function bothDirectories(working: string, bench: string): DoctorCheck[] {
  const here = fileChecks('working directory', working);
  if (working === bench) return here;
  const writable = here.every(({ capability }) => capability === null || capability.works);
  if (writable && statSync(working).dev === statSync(bench).dev)
    return [...here, fact('files', 'files of the bench', `${bench} (the same file system)`)];
  return [...here, ...fileChecks('files of the bench', bench)];
}

function witnesses(
  figure: string,
  counter: string,
  instruments: readonly InstrumentReport[],
): DoctorReport['evidence'][0] {
  // those of one thread are parts of those of the process
  const able = instruments.filter(({ name, counts }) => counts.includes(counter) && !name.includes('thread'));
  const from = able.filter(({ capability }) => capability.works).map(({ name }) => name);
  // needs nothing of the kernel's, so there is no instrument to ask whether it works
  if (counter === 'copies') from.unshift('aliasing');
  if (from.length > 0) return { figure, from };
  const causes = able.map(({ name, capability }) => (capability.works ? name : `${name}: ${capability.cause}`));
  return { figure, from, missing: causes.join('; ') };
}

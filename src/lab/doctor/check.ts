/** One question of the doctor's: tried for real, answered with a cause. */
import { SystemError } from '../../io/errors.ts';
import { type Capability, refused, works } from '../../model/capability.ts';
import type { CheckGroup, DoctorCheck } from '../../model/doctor.ts';

/** What helps, by the errno that the trial failed with; `default` for any other. */
export type Remedies = Readonly<
  Partial<Record<'ENOSYS' | 'EPERM' | 'EACCES' | 'EINVAL' | 'EOPNOTSUPP' | 'default', string>>
>;

const COMMON: Remedies = {
  ENOSYS: 'a newer kernel, or a container whose seccomp profile knows the call',
  EPERM: 'a seccomp profile or security module forbids it: run outside the container, or with a profile that allows it',
  EACCES: 'run as a user who may, or ask the administrator',
};

/** Runs the trial. Text that it answers is shown beside the yes; what it throws is the cause of the no. */
export function check(group: CheckGroup, what: string, trial: () => unknown, remedies: Remedies = {}): DoctorCheck {
  try {
    return { group, what, capability: works, seen: shown(trial()) };
  } catch (error) {
    const code = error instanceof SystemError ? error.code : '';
    const own = remedies as Record<string, string>;
    const remedy = own[code] ?? own.default ?? (COMMON as Record<string, string>)[code];
    const no: DoctorCheck = { group, what, capability: refused(cause(error)), seen: '' };
    return remedy === undefined ? no : { ...no, remedy };
  }
}

const shown = (answer: unknown) => (typeof answer === 'string' ? answer : '');

function cause(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)) || 'no reason was given';
}

/** A finding that is neither a yes nor a no of the kernel's, only good to know. */
export function fact(group: CheckGroup, what: string, seen: string): DoctorCheck {
  return { group, what, capability: null, seen };
}

export function from(group: CheckGroup, what: string, capability: Capability, remedy: string): DoctorCheck {
  const known: DoctorCheck = { group, what, capability, seen: '' };
  return capability.works ? known : { ...known, remedy };
}

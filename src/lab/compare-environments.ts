/** What two results have to have in common before a difference in their figures can be said to come from anything else. */
import type { Difference } from '../model/compare.ts';
import type { Results } from '../model/results.ts';

/** Field to value. Versions of iolab are what one compares; users and instruments only decide what is missing. */
function facts({ environment, pinning }: Results): Record<string, string> {
  const { kernel, architecture, node, cpu, hypervisor, mitigations, sysctls, fileSystem } = environment;
  const under = (name: string, all: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(all).map(([key, value]) => [`${name}.${key}`, value]));
  return {
    kernel,
    architecture,
    node,
    'cpu.model': cpu.model,
    'cpu.online': String(cpu.online),
    'cpu.allowed': String(cpu.allowed),
    hypervisor: hypervisor ?? 'none',
    ...under('mitigations', mitigations),
    // those of the kernel itself say who may count, not how fast bytes go
    ...under('sysctls', Object.fromEntries(Object.entries(sysctls).filter(([key]) => !key.startsWith('kernel.')))),
    fileSystem,
    pinning: pinning === null ? 'none' : `sender on CPU ${pinning.sender}, receiver on CPU ${pinning.receiver}`,
  };
}

export function differences(a: Results, b: Results): Difference[] {
  const [ofA, ofB] = [facts(a), facts(b)];
  return [...new Set([...Object.keys(ofA), ...Object.keys(ofB)])].flatMap((field) => {
    const [mine, other] = [ofA[field] ?? 'nothing', ofB[field] ?? 'nothing'];
    return mine === other ? [] : [{ field, a: mine, b: other }];
  });
}

/**
 * The machine, kernel and limits that a result was measured under: a figure without them says little.
 */
import { z } from 'zod';
import { capability } from './capability.ts';

const text = z.string();
const unknownable = z.union([z.string(), z.null()]);

export const instrumentReport = z.strictObject({
  name: z.string().min(1),
  counts: z.array(z.string()).describe('which figures it supplies'),
  capability,
  overheadNs: z
    .union([z.number(), z.null()])
    .describe('median cost of one reading, measured at the start; null where it does not work'),
});
export type InstrumentReport = z.infer<typeof instrumentReport>;

export const environment = z.strictObject({
  iolab: text.describe('version of the package'),
  git: unknownable.describe('commit of the checkout it ran from'),
  node: text,
  kernel: text,
  architecture: text,
  distribution: unknownable,
  container: unknownable.describe('what says that this is a container; null if nothing does'),
  hypervisor: unknownable,
  cpu: z.strictObject({
    model: text,
    online: z.int().positive(),
    allowed: z.int().positive().describe('CPUs that the affinity mask leaves to this process'),
    clocksource: unknownable,
  }),
  memoryBytes: z.int().positive(),
  mitigations: z.record(text, text).describe('/sys/devices/system/cpu/vulnerabilities'),
  sysctls: z.record(text, text),
  steal: z
    .strictObject({ before: z.number(), after: z.number(), ticks: z.number() })
    .describe('clock ticks that the hypervisor took, from /proc/stat, and all ticks that passed in between'),
  user: z.strictObject({ uid: z.int(), capabilities: text.describe('CapEff of /proc/self/status') }),
  fileSystem: text.describe('type of the file system that held the files'),
  instruments: z.array(instrumentReport),
});

export type Environment = z.infer<typeof environment>;

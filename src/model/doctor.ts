/** What `doctor` found, schema `iolab/doctor@1`: see `docs/cli.md`. */
import { z } from 'zod';
import { capability } from './capability.ts';
import { environment } from './environment.ts';

export const DOCTOR_SCHEMA = 'iolab/doctor@1';

export const CHECK_GROUPS = ['runtime', 'calls', 'counters', 'limits', 'files', 'machine'] as const;
export type CheckGroup = (typeof CHECK_GROUPS)[number];

export const doctorCheck = z.strictObject({
  group: z.enum(CHECK_GROUPS),
  what: z.string().min(1),
  capability: z.union([capability, z.null()]).describe('null: a finding, to which there is no yes or no'),
  seen: z.string().describe('what was found, in a few words; empty if there is nothing to add to a yes'),
  remedy: z.string().exactOptional().describe('what to do about a no'),
});
export type DoctorCheck = z.infer<typeof doctorCheck>;

export const doctorReport = z.strictObject({
  schema: z.literal(DOCTOR_SCHEMA),
  startedAt: z.iso.datetime(),
  environment,
  checks: z.array(doctorCheck),
  evidence: z.array(
    z.strictObject({ figure: z.string(), from: z.array(z.string()), missing: z.string().exactOptional() }),
  ),
  warnings: z.array(z.string()),
});
export type DoctorReport = z.infer<typeof doctorReport>;

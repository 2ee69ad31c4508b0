/** Every arm by its name. */
import { type PathName, paths } from '../../paths/index.ts';
import type { ArmName } from '../options.ts';
import type { OpenArm } from '../protocol.ts';
import type { Arm } from './arm.ts';
import { type BaselineName, openBaseline } from './baseline.ts';
import { openOurs } from './ours.ts';
import { openPump, type PumpName } from './pump.ts';

function isOurs(name: ArmName): name is PathName {
  return Object.hasOwn(paths, name);
}

/** Opens the file and connects. */
export function openArm(request: OpenArm): Promise<Arm> {
  const { arm } = request;
  if (isOurs(arm)) return openOurs(arm, request);
  if (arm.startsWith('pump-')) return openPump(arm as PumpName, request);
  return openBaseline(arm as BaselineName, request);
}

export type { Arm };

/** Which functions of the kernel touch a payload byte, and in which call: found by watchpoints in a second transfer. */
import type { PathName } from '../../paths/index.ts';
import { isCopyFunction } from '../../probe/sampling.ts';
import { pageWatchpoints, userWatchpoints } from '../../probe/watchpoint.ts';
import { POSITIONS } from '../copies/subject.ts';
import { touched } from '../copies/touched.ts';
import { PAYLOAD } from '../copies.ts';
import { openRoute, type RouteName } from '../routes.ts';
import { scrambled, unnamedFile } from '../unnamed.ts';

export interface CopyingCall {
  /** Name of the system call, or `no call` where the kernel copied of itself (an interrupt, a worker). */
  readonly during: string;
  readonly function: string;
}

/** `__x64_sys_splice`, `ksys_write`, `__sys_recvfrom`: where a call chain enters a system call, whatever was inlined. */
const ENTRY = /^(?:__(?:x64|arm64|se)_sys_|ksys_|__sys_)(\w+)$/;
/** Where the kernel's name for it is not the one that programs use. */
const USUAL: Readonly<Record<string, string>> = { sendfile64: 'sendfile' };

/** `null` reads no file, so that there is no byte of it to watch. */
export async function copyingCalls(
  path: PathName,
  routeName: RouteName,
): Promise<{ calls: CopyingCall[] } | { missing: string }> {
  if (path === 'null') return { missing: 'this path sends bytes of no file' };
  for (const capability of [userWatchpoints(), pageWatchpoints()])
    if (!capability.works) return { missing: capability.cause };
  const file = unnamedFile('disk', scrambled(PAYLOAD));
  const route = openRoute(routeName);
  try {
    const { touches } = touched({ path, pair: route, file }, POSITIONS[0] as number);
    const seen = new Map<string, CopyingCall>();
    for (const { functions } of touches) {
      const entered = functions.map((name) => ENTRY.exec(name)?.[1]).find((name) => name !== undefined) ?? 'no call';
      const during = USUAL[entered] ?? entered;
      const name = functions.find(isCopyFunction) ?? functions[0] ?? 'user mode';
      seen.set(`${during} ${name}`, { during, function: name });
    }
    return { calls: [...seen.values()] };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  } finally {
    route.close();
    file.close();
  }
}

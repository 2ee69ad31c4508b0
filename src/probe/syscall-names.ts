/** Names for the numbers of system calls, which differ between architectures: from the headers that the addon was built with. */
import { native } from '../native.ts';

const names = new Map(
  Object.entries(native.constants).flatMap(([name, value]): [number, string][] =>
    name.startsWith('SYS_') ? [[value, name.slice('SYS_'.length)]] : [],
  ),
);

/** `call 424` for one that neither a transfer nor the runtime around it is known to make. */
export function syscallName(number: number): string {
  return names.get(number) ?? `call ${number}`;
}

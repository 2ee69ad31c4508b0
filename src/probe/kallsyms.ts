/** Names for addresses in the kernel, from /proc/kallsyms: for people to read, never to decide by. */
import { readFileSync } from 'node:fs';
import { type Capability, refused, works } from '../model/works.ts';
import { once } from './instrument.ts';

/** Functions only, sorted by address. */
interface Symbols {
  readonly addresses: BigUint64Array;
  readonly names: readonly string[];
}

let symbols: Symbols | undefined;

function load(): Symbols {
  if (symbols !== undefined) return symbols;
  const found: [bigint, string][] = [];
  for (const [, address = '', name = ''] of readFileSync('/proc/kallsyms', 'utf8').matchAll(
    /^([0-9a-f]+) [tTwW] ([^\s]+)/gm,
  )) {
    found.push([BigInt(`0x${address}`), name]);
  }
  found.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  symbols = { addresses: BigUint64Array.from(found, ([address]) => address), names: found.map(([, name]) => name) };
  return symbols;
}

/** Whether this user sees addresses: without CAP_SYSLOG they are all 0 (kernel.kptr_restrict, kallsyms_show_value()). */
export const kallsyms: () => Capability = once(() => {
  const { addresses } = load();
  if (addresses.length === 0) return refused('/proc/kallsyms names no function');
  if (addresses[addresses.length - 1] === 0n)
    return refused('/proc/kallsyms shows no addresses to this user: needs root (CAP_SYSLOG), see kernel.kptr_restrict');
  return works;
});

/** The function that an address lies in; its hexadecimal digits where no name is known. */
export function functionAt(address: bigint): string {
  if (!kallsyms().works) return `0x${address.toString(16)}`;
  const { addresses, names } = load();
  let [low, high] = [0, addresses.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((addresses[middle] as bigint) <= address) low = middle + 1;
    else high = middle;
  }
  return low === 0 || address >> 63n === 0n ? `0x${address.toString(16)}` : (names[low - 1] as string);
}

/** Where a function of that name begins; undefined if there is none. */
export function addressOf(name: string): bigint | undefined {
  if (!kallsyms().works) return undefined;
  const { addresses, names } = load();
  const i = names.indexOf(name);
  return i < 0 ? undefined : addresses[i];
}

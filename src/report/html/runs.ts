/** Runs by what they have in common: a setting is all but path and size, a group is a setting at one size. */
import type { Estimate, Measured } from '../../model/evidence.ts';
import type { Controls, Run } from '../../model/results.ts';
import { isControl } from '../leaders.ts';
import { size } from '../text.ts';
import { both } from './both.ts';
import type { Markup } from './markup.ts';

export interface Group {
  readonly fileBytes: number;
  /** As large as the same arm against itself came out: nothing within it is a difference. */
  readonly noise: Estimate;
  readonly runs: readonly Run[];
}

export interface Setting {
  readonly sink: Run['sink'];
  readonly chunkBytes: number;
  readonly cache: Run['cache'];
  readonly groups: readonly Group[];
  /** In the order of the result, without the controls. */
  readonly paths: readonly string[];
}

function byKey<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const list = found.get(key(item));
    if (list === undefined) found.set(key(item), [item]);
    else list.push(item);
  }
  return [...found.values()];
}

export function settings(runs: readonly Run[], controls: Controls): Setting[] {
  return byKey(runs, ({ sink, chunkBytes, cache }) => [sink, chunkBytes, cache].join()).map((some) => {
    const { sink, chunkBytes, cache } = some[0] as Run;
    const groups = byKey(some, ({ fileBytes }) => String(fileBytes))
      .map((runs) => {
        const { fileBytes } = runs[0] as Run;
        const noise =
          controls.groups.find((one) => one.sink === sink && one.fileBytes === fileBytes)?.aa ?? controls.aa;
        return { fileBytes, noise, runs };
      })
      .sort((a, b) => a.fileBytes - b.fileBytes);
    const paths = [...new Set(some.map(({ path }) => path))].filter((path) => !isControl(path));
    return { sink, chunkBytes, cache, groups, paths };
  });
}

export function settingName({ sink, chunkBytes, cache }: Setting): Markup {
  return both(
    `${sink === 'tcp' ? 'TCP loopback' : 'UNIX socket'}, ${size(chunkBytes)} a call, ${cache} page cache`,
    `${sink === 'tcp' ? 'TCP 回环' : 'UNIX 套接字'}，每次调用 ${size(chunkBytes)}，页缓存${cache === 'warm' ? '已热' : '未热'}`,
  );
}

/**
 * The quotient with the widest interval that both intervals allow: wider than one of paired samples would be, so that a
 * difference is rather missed than made up.
 */
export function quotient(over: Measured, under: Measured): Estimate | undefined {
  const [low, high] = over.ci ?? [over.value, over.value];
  const [least, most] = under.ci ?? [under.value, under.value];
  if (least <= 0 || under.value <= 0) return undefined;
  return { value: over.value / under.value, ci: [low / most, high / least] };
}

const KNOWN = ['read-write', 'mmap-write', 'sendfile', 'splice', 'vmsplice', 'node-stream', 'node-buffer'];
export const TONES = 10;

/** The same path has the same colour in all charts: the number of a custom property of the style sheet. */
export function toneOf(path: string): number {
  const at = KNOWN.indexOf(path);
  if (at >= 0) return at;
  const sum = [...path].reduce((sum, sign) => (sum * 31 + (sign.codePointAt(0) ?? 0)) % 997, 7);
  return KNOWN.length + (sum % (TONES - KNOWN.length));
}

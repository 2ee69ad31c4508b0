/** What tracefs says of a tracepoint: its number and its fields. It may not be mounted, or not for everybody. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const MOUNTS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];

export interface Field {
  /** Bytes from the start of a sample's raw data. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  readonly signed: boolean;
}

export interface TracepointFormat {
  /** `GROUP/NAME`, as in /sys/kernel/tracing/events. */
  readonly event: string;
  /** `config` of a perf event. Differs between kernels, and from one start to the next if it is a module's. */
  readonly id: number;
  readonly fields: Readonly<Record<string, Field>>;
}

/** The number of one. Throws an Error that says why it cannot be had. */
export function tracepointId(event: string, mounts: readonly string[] = MOUNTS): number {
  return tracepointFormat(event, mounts).id;
}

const known = new Map<string, TracepointFormat>();

/** Read once: none of it changes while a kernel runs. Throws as {@link tracepointId}. */
export function tracepointFormat(event: string, mounts: readonly string[] = MOUNTS): TracepointFormat {
  if (mounts !== MOUNTS) return lookUp(event, mounts);
  const format = known.get(event) ?? lookUp(event, mounts);
  known.set(event, format);
  return format;
}

/** Looks several up at once: where tracefs has to be mounted for it, that is done once. */
export function tracepointFormats(events: readonly string[]): TracepointFormat[] {
  const unknown = events.filter((event) => !known.has(event));
  if (unknown.length > 1 && !readable(unknown)) {
    try {
      for (const format of privately(unknown)) known.set(format.event, format);
    } catch (error) {
      const places = `tracefs is not readable at ${MOUNTS.join(' or ')}`;
      throw new Error(
        `the numbers of tracepoints ${unknown.join(', ')} cannot be read: ${places}; ${(error as Error).message}`,
      );
    }
  }
  return events.map((event) => tracepointFormat(event));
}

function readable(events: readonly string[]): boolean {
  try {
    for (const event of events) tracepointFormat(event, MOUNTS);
    return true;
  } catch {
    return false;
  }
}

function lookUp(event: string, mounts: readonly string[]): TracepointFormat {
  const causes: string[] = [];
  for (const mount of mounts) {
    try {
      return parse(event, readFileSync(join(mount, 'events', event, 'format'), 'utf8'));
    } catch (error) {
      causes.push((error as Error).message);
    }
  }
  try {
    const [format] = privately([event]);
    if (format !== undefined) return format;
    causes.push('in a mount namespace of its own: it is not there');
  } catch (error) {
    causes.push((error as Error).message);
  }
  throw new Error(`the number of tracepoint ${event} cannot be read: ${causes.join('; ')}`);
}

function parse(event: string, text: string): TracepointFormat {
  const id = Number(/^ID: (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
  if (!Number.isInteger(id))
    throw new Error(`${event}: this format has no number: ${JSON.stringify(text.slice(0, 80))}`);
  const fields: Record<string, Field> = {};
  // `char comm[16]` and `__data_loc char[] name`: the name is the last word, without its brackets
  for (const [, declaration = '', offset, size, signed] of text.matchAll(
    /^\tfield:(.+);\toffset:(\d+);\tsize:(\d+);\tsigned:([01]);$/gm,
  )) {
    const name = /(\w+)(\[\w*\])?$/.exec(declaration)?.[1];
    if (name !== undefined) fields[name] = { offset: Number(offset), size: Number(size), signed: signed === '1' };
  }
  return { event, id, fields };
}

/**
 * Mounts tracefs where only one short-lived child can see it, over a directory that is there anyway: the machine is left
 * as it was found, even if we are killed meanwhile.
 */
function privately(events: readonly string[]): TracepointFormat[] {
  const script =
    'mount -t tracefs iolab /sys && cd /sys/events && for e; do test -r "$e/format" && echo "= $e" && cat "$e/format"; done; :';
  const child = spawnSync('unshare', ['--mount', 'sh', '-c', script, 'sh', ...events], { encoding: 'utf8' });
  if (child.error) throw new Error(`unshare: ${child.error.message}`);
  if (child.status !== 0 || child.stderr !== '')
    throw new Error(`in a mount namespace of its own: ${child.stderr.trim().split('\n')[0]}`);
  return child.stdout
    .split(/^= /m)
    .slice(1)
    .map((text) => {
      const end = text.indexOf('\n');
      return parse(text.slice(0, end), text.slice(end + 1));
    });
}

/** An integer field of a sample's raw data. */
export function field({ event, fields }: TracepointFormat, { raw }: { readonly raw?: DataView }, name: string): bigint {
  const place = fields[name];
  if (place === undefined) throw new Error(`tracepoint ${event} of this kernel has no field ${name}`);
  if (raw === undefined) throw new Error(`tracepoint ${event}: the sample has no raw data`);
  const { offset, size, signed } = place;
  if (size === 8) return signed ? raw.getBigInt64(offset, true) : raw.getBigUint64(offset, true);
  if (size === 4) return BigInt(signed ? raw.getInt32(offset, true) : raw.getUint32(offset, true));
  if (size === 2) return BigInt(signed ? raw.getInt16(offset, true) : raw.getUint16(offset, true));
  if (size === 1) return BigInt(signed ? raw.getInt8(offset) : raw.getUint8(offset));
  throw new Error(`tracepoint ${event}: ${name} of ${size} bytes is no integer`);
}

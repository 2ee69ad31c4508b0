/** The number that the kernel gave a tracepoint. It stands in tracefs, which may not be mounted, or not for everybody. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MOUNTS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];

/** Throws an Error that says why it cannot be had. */
export function tracepointId(event: string, mounts: readonly string[] = MOUNTS): number {
  const causes: string[] = [];
  for (const mount of mounts) {
    try {
      return parse(readFileSync(join(mount, 'events', event, 'id'), 'utf8'));
    } catch (error) {
      causes.push((error as Error).message);
    }
  }
  try {
    return parse(privately(event));
  } catch (error) {
    causes.push((error as Error).message);
  }
  throw new Error(`the number of tracepoint ${event} cannot be read: ${causes.join('; ')}`);
}

function parse(text: string): number {
  const id = Number(text.trim());
  if (text.trim() === '' || !Number.isInteger(id)) throw new Error(`no number: ${JSON.stringify(text)}`);
  return id;
}

/** Mounts tracefs where only one short-lived child can see it, so that the machine is left as it was found. */
function privately(event: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'iolab-tracefs-'));
  try {
    const script = 'mount -t tracefs nodev "$1" && cat "$1/events/$2/id"';
    const child = spawnSync('unshare', ['--mount', 'sh', '-c', script, 'sh', directory, event], { encoding: 'utf8' });
    if (child.error) throw new Error(`unshare: ${child.error.message}`);
    if (child.status !== 0) throw new Error(`in a mount namespace of its own: ${child.stderr.trim().split('\n')[0]}`);
    return child.stdout;
  } finally {
    rmdirSync(directory);
  }
}

/**
 * Directories that a run makes for itself. Whoever is killed cannot remove his; so a directory's name says whose it is, and
 * the next run removes those whose owner is gone.
 */
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'iolab-run-';
const NAME = /^iolab-run-(\d+)-(\d+)-(\d+)-[^-/]{6}$/;
/** Field 22 of /proc/PID/stat, counted after the command's name, which may hold spaces and brackets. */
const START_TIME = 19;

/** Clock ticks after boot at which a process began: with its number it names one process for good. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_TIME];
  } catch {
    return undefined;
  }
}

/** Process numbers mean something within one namespace only: /tmp may be shared with another container. */
function pidNamespace(): string {
  return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
}

/** A fresh directory under `parent`, or the system's temporary one. Remove it with {@link removeDirectory}. */
export function makeDirectory(parent: string = tmpdir()): string {
  sweep(parent);
  return mkdtempSync(join(parent, `${PREFIX}${pidNamespace()}-${process.pid}-${startTime(process.pid)}-`));
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

function sweep(parent: string): void {
  const namespace = pidNamespace();
  for (const name of readdirSync(parent)) {
    const [, where, pid, started] = NAME.exec(name) ?? [];
    if (where !== namespace || startTime(Number(pid)) === started) continue;
    try {
      removeDirectory(join(parent, name));
    } catch {
      // another user's: theirs to remove
    }
  }
}

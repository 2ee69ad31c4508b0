/** Killed at any moment: nothing is left behind, or the next start removes it. IOLAB_KILLS=100 for more than a few. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { Mapping } from '../../src/io/mapping.ts';
import { makeDirectory, removeDirectory } from '../../src/lab/owned-directory.ts';
import { userWatchpoints, Watchpoints } from '../../src/probe/watchpoint.ts';
import { descendants, eventually, isAlive } from '../support/processes.ts';
import { tempPath } from '../support/temp.ts';
import { iolab } from './iolab.ts';

const KILLS = Number(process.env.IOLAB_KILLS ?? 4);
/** Long enough for what is killed to be in the midst of it. */
const LATEST_MS = KILLS > 10 ? 20_000 : 4000;

function listed(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

/** What of the machine's state the lab could have changed. */
function machine() {
  return {
    mounts: readFileSync('/proc/self/mounts', 'utf8'),
    devices: listed('/sys/class/net'),
    instances: listed('/sys/kernel/tracing/instances'),
    enabled: ['/sys/kernel/tracing/events/enable', '/sys/kernel/tracing/tracing_on'].map((file) => {
      try {
        return readFileSync(file, 'utf8');
      } catch {
        return '';
      }
    }),
    networks: [
      ...new Set(
        listed('/proc')
          .filter((name) => /^\d+$/.test(name))
          .flatMap(networkOf),
      ),
    ].sort(),
  };
}

function networkOf(pid: string): string[] {
  try {
    return [String(readFileSync(`/proc/${pid}/net/dev`, 'utf8').match(/^\s*\w+:/gm))];
  } catch {
    return [];
  }
}

/** All four registers can be had: none is held by somebody who is gone. */
function takeRegisters(): void {
  if (!userWatchpoints().works) return;
  const memory = Mapping.anonymous(4);
  const places = [0, 1, 2, 3].map((i) => ({ label: `${i}`, address: memory.address + i, access: 'rw' as const }));
  new Watchpoints(places).close();
  memory.close();
}

async function killedAfter(ms: number, args: readonly string[], TMPDIR: string): Promise<number[]> {
  let below: number[] = [];
  const { code } = await iolab(args, {
    env: { TMPDIR },
    running: (child) => {
      const timer = setTimeout(() => {
        below = descendants(child.pid as number);
        child.kill('SIGKILL');
      }, ms);
      child.on('exit', () => clearTimeout(timer));
    },
  });
  expect([null, 0, 1]).toContain(code);
  return below;
}

test.each([
  ['verify', ['verify', '--json']],
  ['bench paths', ['bench', 'paths', '--sizes', '64KiB', '--time', '30s', '--json']],
])(
  `%s, killed ${KILLS} times: no process, device, namespace, register or file stays`,
  async (_name, args) => {
    const directory = tempPath();
    mkdirSync(directory);
    takeRegisters();
    const before = machine();
    for (let i = 0; i < KILLS; i++) {
      const ms = 100 + Math.random() * LATEST_MS;
      const below = await killedAfter(ms, args, directory);
      expect(await eventually(() => !below.some(isAlive)), `processes after ${ms} ms: ${below}`).toBe(true);
      // namespaces go a little after the last process of theirs, and other tests may be at work
      let after = machine();
      await eventually(() => {
        after = machine();
        return isDeepStrictEqual(after, before);
      }, 5000);
      expect(after, `killed after ${ms} ms`).toEqual(before);
      takeRegisters();
    }
    removeDirectory(makeDirectory(directory));
    expect(listed(directory)).toEqual([]);
  },
  30_000 + KILLS * 30_000,
);

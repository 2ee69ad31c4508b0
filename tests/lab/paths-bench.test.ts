import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ARM_NAMES, type PathsBenchProgress, runPathsBench } from '../../src/lab/paths-bench.ts';
import { type Evidence, isMeasured } from '../../src/model/evidence.ts';
import { type Run, results as schema } from '../../src/model/results.ts';
import { childrenOf, eventually, isAlive } from '../support/processes.ts';
import { tempDir } from '../support/temp.ts';

const SIZE = 65_536;
const compiled = new URL('../../dist/lab/paths-bench.js', import.meta.url);

/** The files of a bench under way. */
function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.bytes'))
    .map((name) => join(directory, name));
}

function figure(evidence: Evidence): number {
  if (!isMeasured(evidence)) throw new Error(evidence.missing);
  return evidence.value;
}

test('all arms, both sinks: every byte proved, every figure there or its absence explained', {
  timeout: 120_000,
}, async () => {
  const heard: PathsBenchProgress[] = [];
  const got = await runPathsBench(
    { sizes: [SIZE], sinks: ['tcp', 'unix'], time: 2, rounds: 2, counted: 11, seed: 7, directory: tempDir() },
    (progress) => heard.push(progress),
  );

  expect(schema.parse(JSON.parse(JSON.stringify(got)))).toEqual(got);
  expect(got.runs.map(({ sink, path }) => `${sink} ${path}`)).toEqual(
    ['tcp', 'unix'].flatMap((sink) => ARM_NAMES.map((path) => `${sink} ${path}`)),
  );
  expect(new Set(heard.map(({ phase }) => phase))).toEqual(new Set(['verify', 'count', 'time']));
  // the passes do not overlap
  expect(heard.map(({ phase }) => phase).join(' ')).toMatch(/^(verify ?)+(count ?)+(time ?)+$/);

  const hashes = new Set(got.runs.filter((run) => !run.path.endsWith('null')).map((run) => run.verified.sha256));
  expect(hashes.size).toBe(1);
  for (const run of got.runs) {
    expect(run.verified.transfers, run.path).toBeGreaterThan(0);
    expect(run.samples.time, run.path).toHaveLength(2);
    expect(run.samples.count, run.path).toHaveLength(11);
    expect(figure(run.metrics.throughput), run.path).toBeGreaterThan(0);
    expect(figure(run.metrics.senderCpuPerGiB), run.path).toBeGreaterThan(0);
  }

  // whatever the privilege: with less of it one instrument fewer says the same
  for (const run of got.runs) {
    const known = { 'read-write': [2, 3], 'mmap-write': [1, 2], sendfile: [0, 1], splice: [0, 1], vmsplice: [1, 2] };
    const wanted = known[run.path as keyof typeof known];
    const { cpuCopies, cpuCopiesTotal } = run.metrics;
    if (wanted === undefined) expect(cpuCopies, run.path).toHaveProperty('missing');
    else expect([figure(cpuCopies), figure(cpuCopiesTotal)], run.path).toEqual(wanted);
  }

  const find = (path: string, sink: string) => got.runs.find((r) => r.path === path && r.sink === sink) as Run;
  for (const sink of ['tcp', 'unix']) {
    const { metrics, overPump } = find('sendfile', sink);
    expect(figure(metrics.syscalls), sink).toBe(1);
    expect(figure(metrics.modeSwitches), sink).toBe(2);
    expect(figure(overPump), sink).toBeGreaterThan(0);
    expect(find('node-stream', sink).overPump).toEqual({ missing: expect.stringContaining('no loop in C++') });
    const through = find('read-write', sink).metrics;
    expect(figure(through.readCallBytes), sink).toBe(SIZE);
    expect(figure(through.writeCallBytes), sink).toBe(SIZE);
    expect(figure(through.diskBytes), sink).toBe(0);
  }
  expect(got.controls.groups).toHaveLength(2);
  expect(got.controls.receiverHeadroom.value).toBeGreaterThan(0);
  expect(childrenOf(process.pid), 'processes left behind').toEqual([]);
  expect(readdirSync(tempDir()), 'files left behind').toEqual([]);
});

test('one wrong byte of a file ends the bench, and names the arm', { timeout: 60_000 }, async () => {
  const directory = tempDir();
  const running = runPathsBench({ paths: ['splice', 'sendfile'], sizes: [SIZE], directory }, ({ phase, done }) => {
    if (phase !== 'verify' || done !== 1) return;
    const [made] = filesIn(directory);
    const fd = openSync(made as string, 'r+');
    writeSync(fd, Uint8Array.of(1, 2, 3), 0, 3, SIZE - 3);
    closeSync(fd);
  });
  await expect(running).rejects.toThrow(
    /^splice \(65536 bytes, tcp\) delivered other bytes than the file's in transfer 1/,
  );
  expect(childrenOf(process.pid)).toEqual([]);
});

describe('being called off', () => {
  test.each(['verify', 'count', 'time'] as const)(
    'during %s leaves no process and no file',
    { timeout: 60_000 },
    async (phase) => {
      const controller = new AbortController();
      const running = runPathsBench(
        {
          paths: ['sendfile', 'node-stream'],
          sizes: [SIZE],
          time: 30,
          directory: tempDir(),
          signal: controller.signal,
        },
        (progress) => {
          if (progress.phase === phase) setTimeout(() => controller.abort(new Error('enough')), 5);
        },
      );
      await expect(running).rejects.toThrow('enough');
      expect(childrenOf(process.pid)).toEqual([]);
      expect(readdirSync(tempDir())).toEqual([]);
    },
  );

  test('before it began does nothing', async () => {
    await expect(runPathsBench({ signal: AbortSignal.abort(new Error('never mind')) })).rejects.toThrow('never mind');
  });

  test.each(['SIGKILL', 'SIGINT'] as const)('by %s: the children go, too', { timeout: 60_000 }, async (signal) => {
    expect(existsSync(compiled), 'run `npm run build` first').toBe(true);
    const script = `
      const { runPathsBench } = await import(${JSON.stringify(compiled.href)});
      const options = { paths: ['sendfile', 'node-stream'], sizes: [65536], time: 30, directory: process.argv[1] };
      runPathsBench(options, ({ phase }) => { if (phase === 'time') console.log(phase); });`;
    const bench = spawn(process.execPath, ['--input-type=module', '-e', script, tempDir()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = once(bench, 'close');
    await Promise.race([once(bench.stdout, 'data'), closed]);
    const children = childrenOf(bench.pid as number);
    expect(children.length, 'processes of a bench under way').toBeGreaterThan(3);
    bench.kill(signal);
    await closed;
    expect(await eventually(() => !children.some(isAlive)), 'they are gone').toBe(true);
  });
});

describe('bad options', () => {
  test.each([
    [{ paths: ['teleport'] }, /paths must be of null, .*got teleport/],
    [{ paths: [] }, /paths must be one or more/],
    [{ sizes: [0] }, /sizes must be an integer of 1 to/],
    [{ sizes: [1.5] }, /sizes must be an integer .* got 1\.5/],
    [{ chunk: 0 }, /chunk must be/],
    [{ sinks: ['pigeon'] }, /sinks must be tcp or unix, got pigeon/],
    [{ cache: ['cold'] }, /cache must be warm/],
    [{ time: Number.NaN }, /time must be seconds/],
    [{ rounds: 1 }, /rounds must be an integer of 2/],
    [{ seed: -1 }, /seed must be/],
  ])('%j', async (options, message) => {
    await expect(runPathsBench(options as never)).rejects.toThrow(message);
  });
});

import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callsResults } from '../../src/model/calls.ts';
import { doctorReport } from '../../src/model/doctor.ts';
import { results } from '../../src/model/results.ts';
import { verifyReport } from '../../src/model/verify.ts';
import { descendants } from '../support/processes.ts';
import { tempDir, tempPath } from '../support/temp.ts';
import { iolab, widest } from './iolab.ts';

const SMALL = ['bench', 'paths', '--sizes', '64KiB', '--paths', 'read-write,sendfile', '--no-pumps'];

function emptyDirectory(): string {
  const path = tempPath();
  mkdirSync(path);
  return path;
}

/** Sends the signal as soon as stderr says `phase`, and answers what ran below the process then. */
function interruptAt(phase: string, signal: NodeJS.Signals, seen: number[]): (child: ChildProcess) => void {
  return (child) => {
    let said = '';
    child.stderr?.on('data', (text: string) => {
      said += text;
      if (!said.includes(phase) || child.pid === undefined || seen.length > 0) return;
      seen.push(...descendants(child.pid), child.pid);
      child.kill(signal);
    });
  };
}

test('bench paths --json: a valid result on stdout, words and progress on stderr', async () => {
  const { code, stdout, stderr } = await iolab([...SMALL, '--time', '1s', '--json']);
  expect(stderr).toContain('Checking every byte\nCounting calls, switches and faults\nTiming\n');
  expect(code).toBe(0);
  const { runs } = results.parse(JSON.parse(stdout));
  expect(runs.map(({ path }) => path)).toEqual(['read-write', 'sendfile']);
  expect(stderr).toContain('64 KiB over TCP loopback');
  expect(stderr).not.toContain('\x1b');
  expect(widest(stderr)).toBeLessThanOrEqual(80);
});

test('bench paths --seed repeats the order, --sink and --chunk are obeyed', async () => {
  const file = tempPath();
  const { code, stdout } = await iolab([
    ...SMALL,
    '--time',
    '1s',
    '--seed',
    '23',
    '--sink',
    'unix',
    '--chunk',
    '16KiB',
    '--json',
    file,
  ]);
  expect(code).toBe(0);
  const { seed, runs } = results.parse(JSON.parse(readFileSync(file, 'utf8')));
  expect(seed).toBe(23);
  expect(runs.map(({ sink, chunkBytes }) => [sink, chunkBytes])).toEqual(Array(2).fill(['unix', 16384]));
  expect((await iolab(['report', file])).stdout).toBe(stdout);
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s during bench paths ends every process and removes the files',
  async (signal) => {
    const directory = emptyDirectory();
    const seen: number[] = [];
    const { code, stdout, stderr } = await iolab([...SMALL, '--time', '20s', '--directory', directory, '--json'], {
      running: interruptAt('Timing', signal, seen),
    });
    expect(stderr).toContain(`interrupted by ${signal}`);
    expect([code, stdout]).toEqual([signal === 'SIGINT' ? 130 : 143, '']);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  },
);

test('bench calls --json: a valid result; each ratio says what it is of', async () => {
  const { code, stdout, stderr } = await iolab([
    'bench',
    'calls',
    '--only',
    'gettid,epollWait',
    '--rounds',
    '5',
    '--batch',
    '50',
    '--json',
  ]);
  expect(code).toBe(0);
  const { calls, rounds, batch } = callsResults.parse(JSON.parse(stdout));
  expect([rounds, batch, calls.map(({ call }) => call).sort()]).toEqual([5, 50, ['epollWait', 'gettid']]);
  expect(stderr).toMatch(/TypeScript\s+TypeScript/);
  expect(widest(stderr)).toBeLessThanOrEqual(80);
});

test('SIGINT during bench calls stores the rounds until then, with a warning', async () => {
  const file = tempPath();
  const { code } = await iolab(['bench', 'calls', '--only', 'gettid', '--rounds', '100000', '--json', file], {
    running: interruptAt('Timing single calls', 'SIGINT', []),
  });
  expect(code).toBe(130);
  const { rounds, warnings } = callsResults.parse(JSON.parse(readFileSync(file, 'utf8')));
  expect(rounds).toBeLessThan(100_000);
  expect(warnings.join()).toMatch(/interrupted after \d+ of 100000 rounds/);
});

test('bare iolab stores all results in one directory', async () => {
  const cwd = emptyDirectory();
  const { code, stdout, stderr } = await iolab(['--time', '2s'], { cwd });
  expect(stderr).not.toMatch(/iolab:/);
  expect(code).toBe(0);
  const stored = (name: string) => JSON.parse(readFileSync(join(cwd, 'iolab-report', name), 'utf8'));
  doctorReport.parse(stored('doctor.json'));
  callsResults.parse(stored('calls.json'));
  const verified = verifyReport.parse(stored('verify.json'));
  const { runs, claims } = results.parse(stored('results.json'));
  expect(claims).toEqual(verified.claims);
  expect(claims.length).toBeGreaterThan(0);
  expect([...new Set(runs.map(({ fileBytes }) => fileBytes))]).toEqual([2 ** 16, 2 ** 20, 2 ** 26]);
  expect(widest(stdout)).toBeLessThanOrEqual(80);
  expect(readFileSync(join(cwd, 'iolab-report', 'report.html'), 'utf8')).toContain('</html>');
  expect(readdirSync(cwd)).toEqual(['iolab-report']);
}, 170_000);

test('SIGINT during bare iolab keeps what was finished', async () => {
  const output = join(tempDir(), 'kept');
  const seen: number[] = [];
  const { code } = await iolab(['--output', output], { running: interruptAt('Checking every byte', 'SIGINT', seen) });
  expect(code).toBe(130);
  doctorReport.parse(JSON.parse(readFileSync(join(output, 'doctor.json'), 'utf8')));
  expect(seen.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
});

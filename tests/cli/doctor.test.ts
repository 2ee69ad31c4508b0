import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { doctorReport } from '../../src/model/doctor.ts';
import { tempDir, tempPath } from '../support/temp.ts';
import { iolab, widest } from './iolab.ts';

test('is a table of 80 columns without colour, and leaves nothing behind', async () => {
  const directory = tempDir();
  const before = readdirSync(directory);
  const { code, stdout, stderr } = await iolab(['doctor', '--directory', directory], { cwd: directory });
  expect([code, stderr]).toEqual([0, '']);
  expect(widest(stdout)).toBeLessThanOrEqual(80);
  expect(stdout).not.toContain('\x1b');
  expect(stdout).toContain('Evidence at hand');
  expect(readdirSync(directory)).toEqual(before);
});

test("--json: stdout is JSON alone, the table goes to stderr; options after the command are the command's", async () => {
  const { code, stdout, stderr } = await iolab(['doctor', '--json']);
  expect(code).toBe(0);
  const report = doctorReport.parse(JSON.parse(stdout));
  expect(stderr).toContain('Evidence at hand');
  for (const { what, capability } of report.checks)
    if (capability && !capability.works) expect(stderr, what).toContain(`no ${what}`);
  for (const { from, missing } of report.evidence) expect(from.length > 0).toBe(missing === undefined);
});

test('--json FILE: the table goes to stdout, and `report` shows the same again', async () => {
  const file = tempPath();
  const { code, stdout } = await iolab(['doctor', '--json', file]);
  expect(code).toBe(0);
  doctorReport.parse(JSON.parse(readFileSync(file, 'utf8')));
  expect((await iolab(['report', file])).stdout).toBe(stdout);
});

test('a directory that is not writable is a no with a way out', async (context) => {
  if (process.getuid?.() === 0) context.skip('root may write everywhere');
  const { stdout } = await iolab(['doctor', '--json'], { cwd: '/' });
  const { checks } = doctorReport.parse(JSON.parse(stdout));
  const no = checks.find(({ what }) => what === 'write to the working directory');
  expect(no).toMatchObject({ capability: { works: false }, remedy: expect.stringContaining('TMPDIR') });
});

test('a reader that leaves early (head) is no error', async () => {
  const { spawnSync } = await import('node:child_process');
  const bin = join(import.meta.dirname, '..', '..', 'bin', 'iolab.js');
  const { status, stderr } = spawnSync(
    'bash',
    ['-o', 'pipefail', '-c', '"$0" "$1" doctor | head -1', process.execPath, bin],
    {
      encoding: 'utf8',
    },
  );
  expect([status, stderr]).toEqual([0, '']);
});

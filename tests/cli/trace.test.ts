import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { traceReport } from '../../src/model/trace.ts';
import { tempPath } from '../support/temp.ts';
import { iolab, widest } from './iolab.ts';

describe('iolab trace', { timeout: 60_000 }, () => {
  test('is a timeline of two columns on 80, without colour, with its totals; and `report` shows it again', async () => {
    const file = tempPath();
    const { code, stdout, stderr } = await iolab(['trace', 'read-write', '--route', 'unix', '--json', file]);
    expect([code, stderr]).toEqual([0, '']);
    expect(widest(stdout)).toBeLessThanOrEqual(80);
    expect(stdout).not.toContain('\x1b');
    expect(stdout).toMatch(/^ +us {2}sender +receiver$/m);
    expect(stdout).toMatch(/^system calls +4 +\d+$/m);
    const report = traceReport.parse(JSON.parse(readFileSync(file, 'utf8')));
    if (report.traced) {
      expect(stdout).toMatch(/[<>] pread64/);
      expect(stdout).toMatch(/agree: the sender's system calls: sys_enter 4, read-write's own count 4/);
    } else expect(stdout).toMatch(/Missing: what the kernel does in each call, because/);
    expect((await iolab(['report', file])).stdout).toBe(stdout);
  });

  test('--json: stdout is JSON alone', async () => {
    const { code, stdout, stderr } = await iolab(['trace', 'sendfile', '--size', '4KiB', '--route', 'unix', '--json']);
    expect(code).toBe(0);
    expect(traceReport.parse(JSON.parse(stdout))).toMatchObject({ path: 'sendfile', size: 4096, cache: 'warm' });
    expect(stderr).toContain('Totals');
  });

  test.each([
    [['nothing'], /There is no nothing; there are null, read-write/],
    [['sendfile', '--route', 'mail'], /There is no mail; there are tcp, unix, veth/],
    [['sendfile', '--size', '0'], /At least 1 byte/],
    [['sendfile', '--cache', 'tepid'], /There is no tepid; there are warm, cold/],
  ])('refuses %j', async (args, words) => {
    const { code, stderr } = await iolab(['trace', ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(words);
  });
});

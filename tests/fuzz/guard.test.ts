import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

test('the leak guard fails a test that leaves something behind, and only that', { timeout: 120_000 }, async () => {
  const config = join(import.meta.dirname, 'guard', 'vitest.config.ts');
  const child = spawn(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', config, '--reporter=json'],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  await new Promise((resolve) => child.on('close', resolve));
  const report = JSON.parse(text.slice(text.indexOf('{')));
  const tests: { title: string; status: string; failureMessages: string[] }[] = report.testResults[0].assertionResults;
  expect(tests.map((t) => [t.title, t.status])).toEqual([
    ['keeps a descriptor', 'failed'],
    ['keeps a mapping', 'failed'],
    ['keeps a thread', 'failed'],
    ['keeps nothing', 'passed'],
  ]);
  expect(tests[0]?.failureMessages.join()).toMatch(/descriptors that the test left open/);
  expect(tests[1]?.failureMessages.join()).toMatch(/mappings that the test left behind/);
  // of a Worker the descriptors of its loop are seen first
  expect(tests[2]?.failureMessages.join()).toMatch(/that the test left (open|running)/);
});

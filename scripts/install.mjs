// npm's install step: take the prebuilt binary that fits, or build the addon. Where that cannot work, one clear sentence.
import { spawnSync } from 'node:child_process';

if (process.platform !== 'linux') {
  console.log(`iolab: ${process.platform} has none of these system calls: importing works, calling throws ENOSYS.`);
  process.exit(0);
}
const has = (tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0;
const built = spawnSync('node-gyp-build', { stdio: 'inherit', shell: true });
if (built.status !== 0) {
  const missing = [
    !has(process.env.CXX ?? 'c++') && !has('g++') && 'a C++20 compiler (Debian: apt-get install g++)',
    !has('make') && 'make (Debian: apt-get install make)',
    !has('python3') && 'python3 (Debian: apt-get install python3)',
  ].filter(Boolean);
  console.error(
    missing.length > 0
      ? `iolab: the addon could not be built, because this machine lacks ${missing.join(' and ')}.`
      : 'iolab: the addon could not be built; the compiler says why above.',
  );
  process.exit(1);
}

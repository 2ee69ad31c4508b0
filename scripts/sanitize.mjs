// Runs vitest on a sanitizer build of the addon: `sanitize.mjs asan | tsan [arguments of vitest]`.
//
// Node itself is not instrumented, so the sanitizer's runtime has to be loaded before it, by LD_PRELOAD. Leaks are left
// to the tests' own guard (descriptors, mappings, threads): LeakSanitizer sees only what V8's heap, which it cannot
// read, does not point to any more, and reports what lives there.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const [variant = '', ...rest] = process.argv.slice(2);
const libraries = { asan: ['libasan.so', 'libubsan.so'], tsan: ['libtsan.so'] }[variant];
if (!libraries) {
  console.error('usage: sanitize.mjs asan | tsan [arguments of vitest]');
  process.exit(2);
}
const preload = libraries.map((name) =>
  spawnSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout?.trim(),
);
const absent = libraries.filter((_, i) => !preload[i]?.startsWith('/'));
if (absent.length > 0) {
  console.error(`iolab: gcc has no ${absent.join(' and ')} here (Debian: apt-get install gcc g++).`);
  process.exit(3);
}
const addon = (name) => join(root, `build-${variant}`, 'Debug', `${name}.node`);
if (!existsSync(addon('iolab'))) {
  console.error(`iolab: ${addon('iolab')} is not there; npm run build:${variant} makes it.`);
  process.exit(3);
}
const { status, signal } = spawnSync(
  process.execPath,
  [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...rest],
  {
    stdio: 'inherit',
    cwd: root,
    env: {
      ...process.env,
      LD_PRELOAD: preload.join(' '),
      // Node handles SIGSEGV for its own purposes (WebAssembly), and iolab SIGBUS
      ASAN_OPTIONS: 'detect_leaks=0:handle_segv=0:handle_sigbus=0:allow_user_segv_handler=1:abort_on_error=1',
      UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1:abort_on_error=1',
      TSAN_OPTIONS: `suppressions=${join(root, 'tests', 'sanitize', 'tsan.supp')}:report_signal_unsafe=0:ignore_noninstrumented_modules=1`,
      IOLAB_ADDON: addon('iolab'),
      IOLAB_GATE_ADDON: addon('iolab_gate'),
      IOLAB_SANITIZER: variant,
    },
  },
);
if (signal) console.error(`iolab: vitest ended by ${signal}`);
process.exit(status ?? 1);

#!/usr/bin/env node
// Only what must work before anything is built or loaded: everything else is in src/cli.
import { existsSync } from 'node:fs';

const main = new URL('../dist/cli/main.js', import.meta.url);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

/** Exit 3: this environment cannot run it. */
function refuse(sentence) {
  process.stderr.write(`iolab: ${sentence}\n`);
  process.exitCode = 3;
}

if (major < 20 || (major === 20 && minor < 19)) {
  refuse(`Node 20.19 or later is needed, this is ${process.versions.node}`);
} else if (!existsSync(main)) {
  refuse('dist/ is missing: this is a checkout that was not built yet; run `npm run build` in it');
} else {
  const { run } = await import(main.href);
  process.exitCode = await run(process.argv.slice(2));
}

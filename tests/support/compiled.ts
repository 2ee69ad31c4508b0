/**
 * The library as JavaScript files, for Workers and child processes: vitest's own transformation does not reach them, and
 * Node 20 reads no TypeScript. `dist/` would do, but may be older than the source under test.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { tempDir } from './temp.ts';

const root = join(import.meta.dirname, '..', '..');

/** What a Worker or child needs in its environment to load the same binary as this test. */
export const addonEnv = { IOLAB_ADDON: process.env.IOLAB_ADDON ?? join(root, 'build', 'Release', 'iolab.node') };

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};

let made: string | undefined;

/** URL of the compiled module, say `io/index`. */
export function compiled(module: string): string {
  made ??= compile();
  return pathToFileURL(join(made, 'src', `${module}.js`)).href;
}

function compile(): string {
  const out = join(tempDir(), 'compiled');
  for (const path of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!/^(native|sys|io|model)\b.*\.ts$/.test(path)) continue;
    const { outputText } = ts.transpileModule(readFileSync(join(root, 'src', path), 'utf8'), {
      compilerOptions: options,
      fileName: path,
    });
    const to = join(out, 'src', path.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, outputText);
  }
  writeFileSync(join(out, 'package.json'), '{"type":"module"}');
  return out;
}

let serial = 0;

/** A module file of this source; `$io`, `$sys/x` and so on in its import specifiers stand for compiled modules. */
export function script(source: string): string {
  const path = join(tempDir(), `script-${serial++}.mjs`);
  writeFileSync(
    path,
    source.replace(/'\$([\w/]+)'/g, (_, module: string) => `'${compiled(module === 'io' ? 'io/index' : module)}'`),
  );
  return path;
}

/**
 * `node --import tests/support/typescript.mjs file.ts`: lets Node 20, which reads no TypeScript, and Node 22,
 * which takes the types away but knows no `using`, run the sources as they are. Later versions need no help.
 */
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

// the hooks are loaded in a thread of their own, from this same file
const reads = Number.parseInt(process.versions.node, 10) >= 24;
if (!reads && !import.meta.url.endsWith('?hooks')) register(`${import.meta.url}?hooks`);

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const { default: ts } = await import('typescript');
  const { outputText: source } = ts.transpileModule(readFileSync(new URL(url), 'utf8'), {
    fileName: fileURLToPath(url),
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
    },
  });
  return { format: 'module', source, shortCircuit: true };
}

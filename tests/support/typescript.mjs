/**
 * `node --import tests/support/typescript.mjs file.ts`: lets Node 20, which reads no TypeScript, run the sources as they
 * are. Later versions take the types away themselves.
 */
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

// the hooks are loaded in a thread of their own, from this same file
if (!process.features.typescript && !import.meta.url.endsWith('?hooks')) register(`${import.meta.url}?hooks`);

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

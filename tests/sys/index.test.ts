import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/native.ts';
import * as sys from '../../src/sys/index.ts';

const exported: Readonly<Record<string, unknown>> = { ...sys };
const families = Object.keys(native.families);

describe.each(families)('family %s', (family) => {
  test.each(native.families[family] ?? [])(
    '%s is the call itself, exported by its family and by the index',
    async (name) => {
      const own: Readonly<Record<string, unknown>> = await import(`../../src/sys/${family}.ts`);
      const call = (native.sys as unknown as Readonly<Record<string, unknown>>)[name];
      expect(call).toBeTypeOf('function');
      expect(own[name]).toBe(call);
      expect(exported[name]).toBe(call);
    },
  );
});

test('every constant that C exports can be had by its name, with its value', () => {
  const missing = Object.entries(native.constants)
    // numbers of calls: nobody makes a call by its number, src/probe/syscall-names.ts names them
    .filter(([name]) => !name.startsWith('SYS_'))
    .filter(([name, value]) => exported[name] !== value);
  expect(missing).toEqual([]);
});

test('adopt, disown and owns come along', () => {
  expect([sys.adopt, sys.disown, sys.owns]).toEqual([native.runtime.adopt, native.runtime.disown, native.runtime.owns]);
});

test('elsewhere than on Linux it can be imported, and a call says what is the matter', () => {
  const script = `
    Object.defineProperty(process, 'platform', { value: 'darwin' });
    const sys = await import('${new URL('../../src/sys/index.ts', import.meta.url)}');
    try { sys.openat(0, '/', 0, 0); } catch ({ code, message }) { console.log(code, message); }`;
  const loader = fileURLToPath(new URL('../support/typescript.mjs', import.meta.url));
  const out = execFileSync(process.execPath, ['--import', loader, '--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect(out).toBe('ENOSYS iolab: these are Linux system calls; this is darwin\n');
});

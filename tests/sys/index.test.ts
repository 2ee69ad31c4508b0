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

// always set, so nothing to ask for; of no use to a program that does not keep a telephone awake
const withheld = ['EPOLL_CLOEXEC', 'EPOLLWAKEUP'];

test('every constant that C exports can be had by its name, with its value', () => {
  const missing = Object.entries(native.constants).filter(
    ([name, value]) => exported[name] !== value && !withheld.includes(name),
  );
  expect(missing).toEqual([]);
});

test('adopt, disown and owns come along', () => {
  expect([sys.adopt, sys.disown, sys.owns]).toEqual([native.runtime.adopt, native.runtime.disown, native.runtime.owns]);
});

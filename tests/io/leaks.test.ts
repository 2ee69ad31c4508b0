import { describe, expect, test } from 'vitest';
import { run } from '../support/child.ts';

describe('forgotten objects', () => {
  const source = `
    import { readdirSync } from 'node:fs';
    import { setTimeout } from 'node:timers/promises';
    import { File } from '$io/file';
    import { Mapping } from '$io/mapping';
    import { leaks } from '$io/leaks';
    import { native } from '$native';
    const warnings = [];
    process.on('warning', (w) => warnings.push([w.code, w.message]));
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    function forgetfulFunction() {
      for (let i = 0; i < 1000; i++) File.open(process.argv[1]);
      for (let i = 0; i < 100; i++) Mapping.anonymous(4096);
      for (let i = 0; i < 50; i++) File.open(process.argv[1]).close();
      for (let i = 0; i < 50; i++) Mapping.anonymous(4096).close();
    }
    forgetfulFunction();
    for (let turn = 0; turn < 20 && (leaks().File ?? 0) + (leaks().Mapping ?? 0) < 1100; turn++) { gc(); await setTimeout(5); }
    console.log(JSON.stringify({ leaks: leaks(), warnings, opened: open() - before, mapped: native.runtime.mappings() }));
  `;
  const forget = (level: string | undefined) =>
    JSON.parse(run(source, { flags: ['--expose-gc', '--no-warnings'], env: { IOLAB_LEAKS: level } }).stdout) as {
      leaks: Record<string, number>;
      warnings: [string, string][];
      opened: number;
      mapped: number;
    };

  test('are counted and warned about, and never closed by the garbage collector', () => {
    const { leaks, warnings, opened, mapped } = forget(undefined);
    expect(leaks).toEqual({ File: 1000, Mapping: 100 });
    expect(warnings).toHaveLength(1100);
    expect(new Set(warnings.map(([code]) => code))).toEqual(new Set(['IOLAB_LEAK']));
    expect(warnings.some(([, text]) => /^File \(fd \d+\) was .* without close\(\).*IOLAB_LEAKS=1/.test(text))).toBe(
      true,
    );
    expect([opened, mapped]).toEqual([1000, 100]);
  });

  test('are named with the place where they were made, with IOLAB_LEAKS=1', () => {
    const { warnings } = forget('1');
    expect(warnings).toHaveLength(1100);
    for (const [, text] of warnings) expect(text).toContain('forgetfulFunction');
  });

  test('go unnoticed with IOLAB_LEAKS=0', () => {
    expect(forget('0')).toMatchObject({ leaks: {}, warnings: [] });
  });
});

test('a Worker that ends gives back what it forgot', () => {
  run(`
    import { readdirSync, readFileSync } from 'node:fs';
    import { Worker, isMainThread } from 'node:worker_threads';
    import { File } from '$io/file';
    import { Mapping } from '$io/mapping';
    const state = () => [readdirSync('/proc/self/fd').length, readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((l) => l.includes('script-')).length];
    if (isMainThread) {
      const oneWorker = () =>
        new Promise((resolve, reject) => new Worker(process.argv[1]).on('exit', resolve).on('error', reject));
      // Node keeps a few descriptors of its own after the first
      await oneWorker();
      const before = state();
      for (let i = 0; i < 4; i++) await oneWorker();
      const after = state();
      if (String(before) !== String(after)) throw new Error(before + ' became ' + after);
    } else {
      for (let i = 0; i < 100; i++) {
        const file = File.open(process.argv[1]);
        Mapping.file(file);
      }
    }
  `);
});

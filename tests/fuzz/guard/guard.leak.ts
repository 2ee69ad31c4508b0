import { openSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { test } from 'vitest';
import { native } from '../../../src/native.ts';

const { sys, constants } = native;
const c = (name: string) => constants[name] ?? 0;

test('keeps a descriptor', () => {
  openSync('/dev/null', 'r');
});

test('keeps a mapping', () => {
  sys.mmap(4096, c('PROT_READ'), c('MAP_PRIVATE') | c('MAP_ANONYMOUS'), -1, 0);
});

test('keeps a thread', () => {
  new Worker('setInterval(() => {}, 1000)', { eval: true });
});

test('keeps nothing', () => {});

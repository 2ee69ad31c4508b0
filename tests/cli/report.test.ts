/** `report --out page.html`, as a user types it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runDoctor } from '../../src/lab/doctor.ts';
import { whole } from '../report/page.ts';
import { tempPath } from '../support/temp.ts';
import { iolab } from './iolab.ts';

function stored(result: unknown): string {
  const file = tempPath();
  writeFileSync(file, JSON.stringify(result));
  return file;
}

test('--out with a name that ends in .html writes a page, in the language that is asked for', async () => {
  const [file, out] = [stored(whole()), `${tempPath()}.html`];
  expect(await iolab(['report', file, '--out', out, '--lang', 'zh'])).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(readFileSync(out, 'utf8')).toMatch(/^<!doctype html>\n<html lang="zh-CN" data-lang="zh">[\s\S]*<\/html>\n$/);
});

test('--format html writes it to stdout, --format text wins over the name', async () => {
  const [file, out] = [stored(whole()), `${tempPath()}.html`];
  expect((await iolab(['report', file, '--format', 'html'])).stdout).toMatch(/^<!doctype html>\n<html lang="en"/);
  await iolab(['report', file, '--format', 'text', '--out', out]);
  expect(readFileSync(out, 'utf8')).toMatch(/^64 KiB over TCP loopback/);
});

test('refuses what no page is made of, and languages that it has not', async () => {
  const doctor = await iolab(['report', stored(runDoctor()), '--format', 'html']);
  expect(doctor).toMatchObject({ code: 2, stdout: '' });
  expect(doctor.stderr).toMatch(/FILE.*iolab\/doctor@1.*iolab\/results@1 and iolab\/verify@1/);
  const french = await iolab(['report', stored(whole()), '--lang', 'fr']);
  expect(french).toMatchObject({ code: 2, stdout: '' });
  expect(french.stderr).toMatch(/--lang.*fr.*en, zh/);
});

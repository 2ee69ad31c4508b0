/** The ledger as a whole: what every claim has to have, and its page. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ledger } from '../../../src/lab/claims/ledger.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const pages = join(root, 'docs', 'claims');
const page = (id: string) => join(pages, `${id}.md`);

/** Sections of a claim's page, in their order: each heading begins so. */
const SECTIONS = [
  'Statement and source',
  'Scope',
  'Prediction',
  'Workload',
  'Instruments',
  'Control',
  'Verdict rule',
  'Result',
];

const CHINESE = /\p{Script=Han}/u;

test('ids are unique', () => {
  const ids = ledger.map(({ id }) => id);
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
});

test('every page belongs to a claim', () => {
  const ids = new Set(ledger.map(({ id }) => id));
  const there = existsSync(pages) ? readdirSync(pages) : [];
  expect(there.filter((name) => !ids.has(name.replace(/\.md$/, '')))).toEqual([]);
});

describe.each(ledger.map((claim) => [claim.id, claim] as const))('%s', (id, claim) => {
  test('has an id in kebab case, both languages, a source, a scope and an expectation', () => {
    expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    for (const wording of [claim.statement, claim.note]) {
      if (wording === undefined) continue;
      expect(wording.en).toMatch(/^\S.*\S$/);
      expect(wording.en).not.toMatch(CHINESE);
      expect(wording.zh).toMatch(CHINESE);
    }
    expect(claim.source).not.toBe('');
    expect(claim.scope).not.toBe('');
    expect(Object.keys(claim.expected)).not.toEqual([]);
    for (const wanted of Object.values(claim.expected))
      if (typeof wanted !== 'number') expect(Object.keys(wanted)).not.toEqual([]);
  });

  test('has a page with every section, which says what the claim says', () => {
    const text = existsSync(page(id)) ? readFileSync(page(id), 'utf8') : '';
    const headings = [...text.matchAll(/^##+ (.+)$/gm)].map((match) => match[1] ?? '');
    expect(SECTIONS.filter((section) => !headings.some((heading) => heading.startsWith(section)))).toEqual([]);
    expect(text).toMatch(/\b20\d\d-\d\d-\d\d\b/);
  });
});

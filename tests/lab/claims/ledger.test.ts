/** The ledger as a whole: what every claim has to have, and its page. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blockingClaims } from '../../../src/lab/claims/blocking.ts';
import { copiesClaims } from '../../../src/lab/claims/copies.ts';
import { epollClaims } from '../../../src/lab/claims/epoll.ts';
import { ledger, topics } from '../../../src/lab/claims/ledger.ts';
import { memoryClaims } from '../../../src/lab/claims/memory.ts';
import { selectPollClaims } from '../../../src/lab/claims/select-poll.ts';

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

test('every claim there is has a topic', () => {
  const ids = new Set(ledger.map(({ id }) => id));
  const all = [...copiesClaims, ...memoryClaims, ...selectPollClaims, ...epollClaims, ...blockingClaims];
  expect(all.filter(({ id }) => !ids.has(id)).map(({ id }) => id)).toEqual([]);
  for (const { name } of topics) expect([name.en, name.zh]).not.toContain('');
});

/** The index of all pages: `npx vitest run tests/lab/claims/ledger.test.ts -u` writes it anew. */
test('the index of the pages has every claim, by topic, with the verdict that is recorded', async () => {
  const counts = new Map<string, number>();
  for (const { recorded } of ledger) counts.set(recorded, (counts.get(recorded) ?? 0) + 1);
  const verdicts = [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', ');
  const text = [
    '# All claims',
    '',
    `${ledger.length} claims, with the verdicts of 2026-11-22 (Linux 6.18.44, 2 CPUs of an AMD EPYC in a VM, as root): ${verdicts}.`,
    'They may be others on your machine: `iolab verify`. [How a verdict comes about](../claims.md).',
    ...topics.flatMap(({ name, claims }) => [
      '',
      `## ${name.en}${name.zh === name.en ? '' : ` (${name.zh})`}`,
      '',
      '| verdict | claim | what is said |',
      '| --- | --- | --- |',
      ...claims.map(
        ({ id, recorded, statement }) => `| ${recorded} | [${id}](${id}.md) | ${statement.en}<br>${statement.zh} |`,
      ),
    ]),
    '',
  ];
  await expect(text.join('\n')).toMatchFileSnapshot(join(pages, 'README.md'));
});

test('every page belongs to a claim', () => {
  const ids = new Set(ledger.map(({ id }) => id));
  const there = readdirSync(pages).filter((name) => name !== 'README.md');
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

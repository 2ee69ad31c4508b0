import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runDoctor } from '../../src/lab/doctor.ts';
import type { ClaimCase } from '../../src/model/claim.ts';
import { lacking } from '../../src/model/evidence.ts';
import { VERIFY_SCHEMA } from '../../src/model/verify.ts';
import { renderHtml } from '../../src/report/html/index.ts';
import { looks, wayOf } from '../../src/report/html/way.ts';
import { claim, looked, whole } from './page.ts';
import { measured, resultsOf, run } from './results.ts';

/** Stored and read again, as the command has it. */
const pageOf = (stored: unknown) => renderHtml(JSON.parse(JSON.stringify(stored)));
const tags = (page: string) => page.match(/<[^>]*>/g) ?? [];
const words = (page: string) =>
  page
    .replace(/<(style|script)>[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ');
const cpu = (value: number, half: number) => ({ senderCpuPerGiB: measured(value, [value - half, value + half]) });

describe('the answer', () => {
  test('names the cheapest path, and how it compares with read-write and with Node', () => {
    const text = words(pageOf(whole()));
    expect(text).toContain('at 64 KiB and 1 MiB splice costs the sender the least CPU');
    // 0.45 / 1.1 to 0.55 / 0.9
    expect(text).toContain('CPU against read and write: splice × 0.500 (0.409 to 0.611) at 64 KiB');
    expect(text).toContain('CPU against Node’s streams: splice × 0.250 (0.205 to 0.306) at 64 KiB');
  });

  test.each([
    ['intervals touch', cpu(1, 0.6), [0.98, 1.02]],
    ['the same arm differs from itself as much', cpu(1, 0.1), [0.4, 1.1]],
  ] as const)('has no winner where %s', (_, first, noise) => {
    const runs = [run('sendfile', first), run('read-write', cpu(2, 0.6))];
    const text = words(pageOf(resultsOf(runs, [...noise])));
    expect(text).toContain('at 64 KiB nobody wins: sendfile and read-write lie within the noise');
    expect(text).toContain('sendfile at 64 KiB within the noise');
    expect(text).not.toContain('costs the sender the least CPU');
  });

  test('says so where nothing was timed', () => {
    expect(words(pageOf(resultsOf([run('sendfile', {})])))).toContain('No CPU cost was measured.');
  });

  test('of verify alone counts verdicts', () => {
    const { environment } = runDoctor();
    const report = { startedAt: new Date(0).toISOString(), seconds: 1, warnings: [], notes: [] };
    const page = pageOf({
      schema: VERIFY_SCHEMA,
      ...report,
      environment,
      claims: [claim(), claim({ verdict: 'fails' })],
    });
    expect(words(page)).toContain(
      'Of 2 claims 1 hold here, 1 fail, 0 depend on conditions, and 0 could not be judged.',
    );
    expect(page).not.toContain('id="figures"');
  });
});

describe('the way of a byte', () => {
  const seen = (...evidence: ReturnType<typeof looked>[]) =>
    looks([claim({ cases: evidence.map((one) => ({ ...(claim().cases[0] as ClaimCase), evidence: [one] })) })]);
  const passings = (...args: Parameters<typeof wayOf>) => wayOf(...args).map(({ passing }) => passing);

  test('is what was seen of the same path over the same socket', () => {
    const readWrite = run('read-write', { diskBytes: measured(0) });
    expect(passings(readWrite, seen(looked('read-write')))).toEqual(['none', 'copied', 'copied', 'copied']);
    expect(passings(readWrite, seen(looked('read-write', 'unix')))).toEqual(['none', 'unknown', 'unknown', 'unknown']);
  });

  test('leads through the pipe where one hop was seen from end to end', () => {
    const [, hop] = wayOf(run('splice', {}), seen(looked('splice')));
    expect(hop).toMatchObject({ over: ['file', 'pipe', 'socket'], passing: 'reference' });
  });

  test('is unknown where two looks differ, or the hops are not those of the path', () => {
    const other = {
      ...looked('splice'),
      hops: looked('splice').hops.map((hop) => ({ ...hop, copied: 4, aliased: 0 })),
    };
    const strange = { ...looked('splice'), hops: [{ hop: 'file > moon', copied: 0, aliased: 4 }] };
    for (const all of [seen(looked('splice'), other), seen(strange)])
      expect(passings(run('splice', {}), all)).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
  });

  test('follows from a number of copies only where no other way has that number', () => {
    const counted = (path: string, sender: number) =>
      passings(run(path, { cpuCopies: measured(sender), cpuCopiesTotal: measured(sender + 1) }), []).slice(1);
    expect(counted('splice', 0)).toEqual(['reference', 'reference', 'copied']);
    expect(counted('mmap-write', 1)).toEqual(['unknown', 'unknown', 'copied']);
    expect(counted('sendfile', 1)).toEqual(['copied', 'copied']);
  });

  test('from disk: what was read from it, nothing, or unknown', () => {
    const first = (diskBytes?: number) =>
      passings(run('splice', diskBytes === undefined ? {} : { diskBytes: measured(diskBytes) }), [])[0];
    expect([first(4096), first(0), first()]).toEqual(['device', 'none', 'unknown']);
  });
});

test('what is missing is a sign with its cause, never 0', () => {
  const page = pageOf(whole());
  expect(words(page)).toContain('inside Node’s streams');
  // sendfile has no counts: a sign where the bar would be
  expect(page).toMatch(/>\?<\/text>/);
  expect(page).toContain('<td class="n">–<sup>1</sup></td>');
});

test('claims: every figure, control and command is there', () => {
  const text = words(pageOf(whole()));
  for (const part of [
    'It is said so.',
    'Mind the words.',
    '≥ 1',
    'nobody counts it',
    'a window with 23',
    'iolab verify --only a-claim',
  ])
    expect(text).toContain(part);
});

test('asks for nothing from anywhere', () => {
  const page = pageOf(whole());
  expect(page.replaceAll(/xmlns(:xlink)?="[^"]*"/g, '')).not.toMatch(/https?:|\bsrc=|url\(|@import|<link|<iframe/);
  expect(tags(page).filter((tag) => /\shref="(?!#)/.test(tag))).toEqual([]);
});

test('is the same in both languages but for what is shown first', () => {
  const stored = whole();
  const [en, zh] = [renderHtml(stored), renderHtml(stored, { language: 'zh' })];
  expect(zh).toContain('<html lang="zh-CN" data-lang="zh">');
  // echarts numbers its styles
  const bare = (page: string) => tags(page.slice(page.indexOf('<main'))).map((tag) => tag.replace(/ class="zr\S*/, ''));
  expect(bare(zh)).toEqual(bare(en));
  expect(en.match(/ class="zh\b/g)?.length).toBe(en.match(/ class="en\b/g)?.length);
});

test('of another schema there is no page', () => {
  expect(() => renderHtml(runDoctor())).toThrow(/iolab\/doctor@1.*iolab\/results@1/);
  const wrong = { ...whole(), seed: -1 };
  expect(() => renderHtml(wrong)).toThrow(/at seed/);
});

describe('whatever a result says stays text', () => {
  const fixed = new Set(['schema', 'startedAt', 'sink', 'cache', 'verdict', 'recorded', 'sha256']);
  const named = new Set(['expected', 'measured', 'mitigations', 'sysctls']);
  /** Every string that a result may choose, and every name of a figure or setting, with something behind it. */
  const tainted = (value: unknown, suffix: string, key = ''): unknown => {
    if (typeof value === 'string') return fixed.has(key) || value === '' ? value : value + suffix;
    if (Array.isArray(value)) return value.map((one) => tainted(one, suffix, key));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([name, one]) => [
      named.has(key) && !('value' in value || 'missing' in value) ? name + suffix : name,
      tainted(one, suffix, name),
    ]);
    return Object.fromEntries(entries);
  };
  /** Names of tags and attributes, in order: what a browser would make of it, but for the text. */
  const shape = (page: string) => tags(page.slice(page.indexOf('<body'))).map((tag) => tag.replace(/"[^"]*"/g, '""'));
  // which instruments work may change from one look to the next
  const stored = whole();
  const plain = shape(renderHtml(tainted(stored, 'x')));

  const hostile = [
    '</script><script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '</style><style>*{display:none}',
    '</svg></text><svg onload=alert(1)>',
    '<!--',
    ']]>',
    '&lt;script&gt;',
    '{a|b}{b}{c}',
    '\0\u2028\ufffe',
  ];
  test.each(hostile)('%j', (suffix) => {
    expect(shape(renderHtml(tainted(stored, suffix)))).toEqual(plain);
  });

  test('anything', () => {
    const suffix = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }),
      fc
        .array(fc.constantFrom('<', '>', '"', "'", '&', '/', '=', '`', 'script', '\n', '-', '!'), { minLength: 1 })
        .map((all) => all.join('')),
    );
    fc.assert(
      fc.property(suffix, (text) => {
        expect(shape(renderHtml(tainted(stored, text)))).toEqual(plain);
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

test('1,000 runs make a page of less than 3 MB', { timeout: 60_000 }, () => {
  const [some, sizes] = [whole().runs.slice(0, 5), 50];
  const settings = [65536, 4096].flatMap((chunkBytes) =>
    (['tcp', 'unix'] as const).map((sink) => ({ chunkBytes, sink })),
  );
  const runs = Array.from({ length: sizes }, (_, i) => 1024 * 1.25 ** i).flatMap((bytes) =>
    settings.flatMap((setting) =>
      some.map((one) => ({ ...one, ...setting, fileBytes: Math.round(bytes), overPump: lacking('no loop') })),
    ),
  );
  expect(runs).toHaveLength(1000);
  const page = renderHtml(whole({ runs }));
  expect(Buffer.byteLength(page)).toBeLessThan(3_000_000);
  expect(words(page)).toContain('splice costs the sender the least CPU');
});

import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { runDoctor } from '../../src/lab/doctor.ts';
import type { Claim, ClaimCase, Verdict } from '../../src/model/claim.ts';
import { type Evidence, lacking } from '../../src/model/evidence.ts';
import { VERIFY_SCHEMA, type VerifyReport, verifyReport } from '../../src/model/verify.ts';
import { renderClaimList, renderStored, renderVerify } from '../../src/report/index.ts';

const seen = (value: number): Evidence => ({ value, unit: 'copies per byte', instrument: 'aliasing + watchpoint' });

function tried(verdict: Verdict, measured: Record<string, Evidence>, condition = ''): ClaimCase {
  return { condition, verdict, because: 'expected cpuCopies 0, measured 1', measured, controls: [], evidence: [] };
}

function claim(id: string, verdict: Verdict, cases: ClaimCase[], more: Partial<Claim> = {}): Claim {
  return {
    id,
    statement: {
      en: 'sendfile needs no copy by the CPU where the device of the route can gather what it sends from many places.',
      zh: '如果网卡支持 SG-DMA，sendfile 就不需要 CPU 拷贝，数据由 DMA 直接从内核缓冲区（page cache）拷贝到网卡。',
    },
    source: 'a test',
    scope: 'one transfer',
    verdict,
    because: verdict === 'unknown' ? 'expected cpuCopies 0, not measured: no tracefs' : 'so',
    recorded: verdict,
    expected: { cpuCopies: 0, modeSwitches: { min: 2, max: 4 } },
    measured: cases[0]?.measured ?? {},
    conditions: [],
    cases,
    wanting: verdict === 'unknown' ? ['no tracefs'] : [],
    evidence: [],
    repeat: `iolab verify --only ${id}`,
    seconds: 0.1,
    ...more,
  };
}

const environment = runDoctor().environment;

function report(claims: Claim[]): VerifyReport {
  return verifyReport.parse({
    schema: VERIFY_SCHEMA,
    startedAt: new Date(0).toISOString(),
    seconds: 1,
    environment,
    claims,
    warnings: ['It was interrupted after 1 of 2 claims.'],
    notes: ['modeSwitches are two for each call.'],
  });
}

const columns = (text: string) => Math.max(...text.split('\n').map((line) => stringWidth(line)));

const all = report([
  claim('held', 'holds', [tried('holds', { cpuCopies: seen(0), modeSwitches: seen(2), contextSwitches: seen(0) })]),
  claim('refuted', 'fails', [tried('fails', { cpuCopies: seen(1), modeSwitches: seen(2) })]),
  claim('both', 'depends', [
    tried('holds', { cpuCopies: seen(0) }, 'scatter-gather on'),
    tried('fails', { cpuCopies: seen(1) }, 'scatter-gather off'),
  ]),
  claim('open-1', 'unknown', [tried('unknown', { cpuCopies: lacking('no tracefs') })]),
  claim('open-2', 'unknown', []),
  claim('a-very-long-id-that-says-everything-and-has-an-outcome-nobody-expected', 'holds', [], { recorded: 'fails' }),
]);

describe('as text', () => {
  const text = renderVerify(all);

  test('expected stands beside measured, with who measured it', () => {
    expect(text).toMatch(/cpuCopies\s+0\s+1\s+aliasing \+ watchpoint/);
    expect(text).toMatch(/modeSwitches\s+2 to 4\s+2\s+aliasing/);
    // what nothing was expected of is shown, and left blank
    expect(text).toMatch(/contextSwitches\s+0\s+aliasing/);
  });

  test('each case has its verdict; another verdict than recorded is told', () => {
    expect(text).toContain('scatter-gather on: holds');
    expect(text).toContain('scatter-gather off: fails');
    expect(text).toContain('The ledger records another verdict: fails.');
  });

  test('an unknown figure is no 0, and causes are told once with the claims that they leave open', () => {
    expect(text).toMatch(/cpuCopies\s+0\s+-\s+not measured, see below/);
    expect(text).toContain('Unknown, because\n  no tracefs\n      open-1, open-2\n');
  });

  test('the verdicts are counted', () => expect(text).toContain('2 hold, 1 fail, 1 depend, 2 unknown.'));

  test('a stored one reads the same', () => {
    expect(renderStored(JSON.parse(JSON.stringify(all)))).toBe(text);
    expect(() => renderStored({ ...all, claims: [{}] })).toThrow(/does not follow its schema at claims\.0/);
  });
});

test.each(['en', 'zh'] as const)('%s is never wider than told, in columns of the terminal', (language) => {
  for (const width of [80, 100, 120]) {
    expect(columns(renderVerify(all, width, language))).toBeLessThanOrEqual(width);
    expect(columns(renderClaimList(all.claims, width, language))).toBeLessThanOrEqual(width);
  }
});

test('in Chinese columns stay aligned: a sign is two wide', () => {
  const lines = renderVerify(all, 80, 'zh').split('\n');
  expect(lines[2]).toMatch(/^成立 {6}held$/);
  const statement = lines.find((line) => line.includes('SG-DMA'));
  expect(statement?.startsWith(' '.repeat(10))).toBe(true);
  expect(lines.join('\n')).toContain('2 条成立，1 条不成立，1 条视条件而定，2 条未知。');
  // no line begins with a sign that closes
  expect(lines.filter((line) => /^\s*[，。、）」]/u.test(line))).toEqual([]);
});

test('of a claim in one language only, that one is shown', () => {
  const one = report([claim('mine', 'holds', [], { statement: { en: 'It is so.' }, recorded: null })]);
  expect(renderVerify(one, 80, 'zh')).toContain('It is so.');
});

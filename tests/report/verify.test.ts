import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { runDoctor } from '../../src/lab/doctor.ts';
import type { Claim, ClaimCase, Verdict } from '../../src/model/claim.ts';
import { type Evidence, lacking } from '../../src/model/evidence.ts';
import { VERIFY_SCHEMA, type VerifyReport, verifyReport } from '../../src/model/verify.ts';
import { renderClaimList, renderStored, renderVerify } from '../../src/report/index.ts';
import { conditionInChinese } from '../../src/report/verify-chinese.ts';

const seen = (value: number): Evidence => ({ value, unit: 'copies per byte', instrument: 'aliasing + watchpoint' });

function tried(verdict: Verdict, measured: Record<string, Evidence>, condition = ''): ClaimCase {
  return { condition, verdict, because: 'expected cpuCopies 0, measured 1', measured, controls: [], evidence: [] };
}

function claim(id: string, verdict: Verdict, cases: ClaimCase[], more: Partial<Claim> = {}): Claim {
  return {
    id,
    topic: { en: 'epoll', zh: 'epoll' },
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

describe('with all figures', () => {
  const text = renderVerify(all, 80, { details: true });

  test('expected stands beside measured, with who measured it', () => {
    expect(text).toMatch(/cpuCopies\s+0\s+1\s+aliasing \+ watchpoint$/m);
    expect(text).toMatch(/modeSwitches\s+2 to 4\s+2 copies per byte\s+aliasing/);
    // what nothing was expected of is shown, and left blank
    expect(text).toMatch(/contextSwitches\s+0 copies per byte\s+aliasing/);
  });

  test('each case has its verdict; another verdict than recorded is told', () => {
    expect(text).toContain('scatter-gather on: holds');
    expect(text).toContain('scatter-gather off: fails');
    expect(text).toContain('The ledger records another verdict: fails.');
  });

  test('an unknown figure is no 0, and its cause is told once', () => {
    expect(text).toMatch(/cpuCopies\s+0\s+-\[1\]$/m);
    expect(text).toContain('  unknown: -[1]\n');
    expect(text).toContain('Not measured, because:\n-[1] no tracefs\n\n');
    expect(text.split('no tracefs\n')).toHaveLength(2);
  });

  test('a control that went wrong is told where it counts', () => {
    const control = { what: 'a window with 23 calls', expected: 23, measured: seen(22) };
    const one = report([
      claim('off', 'unknown', [{ ...tried('unknown', { cpuCopies: seen(0) }), controls: [control] }]),
    ]);
    const said = 'unknown: control "a window with 23 calls": expected 23, measured 22';
    for (const details of [true, false])
      expect(renderVerify(one, 120, { details }).replace(/\s+/g, ' ')).toContain(said);
    expect(renderVerify(one, 120, { language: 'zh' })).toContain(
      '未知：对照“a window with 23 calls”：预期 23，实测 22',
    );
  });

  test('shown without being asked for where there are few claims', () => {
    const few = { ...all, claims: all.claims.slice(0, 5) };
    expect(renderVerify(few)).toBe(renderVerify(few, 80, { details: true }));
    expect(renderVerify(all)).toBe(renderVerify(all, 80, { details: false }));
  });
});

describe('in brief', () => {
  const text = renderVerify(all);
  const lines = text.split('\n');

  test('verdict, sentence, id and the decisive figures', () => {
    expect(lines.slice(0, 8)).toEqual([
      'epoll',
      '-----',
      'HOLDS    sendfile needs no copy by the CPU where the device of the route can',
      '         gather what it sends from many places. [held]',
      '         expected cpuCopies 0, modeSwitches 2 to 4; measured 0, 2',
      'FAILS    sendfile needs no copy by the CPU where the device of the route can',
      '         gather what it sends from many places. [refuted]',
      // what was as expected did not refute it
      '         expected cpuCopies 0, measured 1 (aliasing + watchpoint)',
    ]);
  });

  test('one instrument is told to have been alone', () => {
    const one = { ...seen(0), instrument: 'aliasing (one instrument)' };
    const some = report([{ ...claim('a', 'holds', [tried('holds', { cpuCopies: one })]), expected: { cpuCopies: 0 } }]);
    expect(renderVerify(some, 80, { details: false })).toContain('expected cpuCopies 0, measured 0 (aliasing alone)');
    expect(renderVerify(some, 80, { details: false, language: 'zh' })).toContain('实测 0（仅 aliasing）');
    expect(renderVerify(some)).toMatch(/ aliasing \(one instrument\)$/m);
  });

  test('what depends has a line for the cases of each verdict', () => {
    expect(text).toContain('  expected cpuCopies 0 (aliasing + watchpoint)\n');
    expect(text).toContain('  holds, measured 0: scatter-gather on\n');
    expect(text).toContain('  fails, measured 1: scatter-gather off\n');
  });

  test('cases of a verdict that are many are counted', () => {
    const cases = Array.from({ length: 40 }, (_, i) => tried('fails', { cpuCopies: seen(i + 1) }, `on device ${i}`));
    const one = claim('many', 'depends', [...cases, tried('holds', { cpuCopies: seen(0) }, 'over loopback')]);
    const said = renderVerify(report([one]), 80, { details: false });
    expect(said).toMatch(/fails, measured 1 to 40: on device 0; [^\n]*\n[^\n]*; \d\d more\n/);
  });

  test('a cause that several claims have is told once, by its number; one of its own in its place', () => {
    const shared = (id: string) => claim(id, 'unknown', [tried('unknown', { cpuCopies: lacking('no tracefs') })]);
    const own = claim('own', 'unknown', [tried('unknown', { cpuCopies: lacking('no watchpoints') })]);
    const said = renderVerify(report([shared('a'), shared('b'), own]), 80, { details: false });
    expect(said.match(/unknown: -\[1\]/g)).toHaveLength(2);
    expect(said).toContain('Not measured, because:\n-[1] no tracefs\n\n');
    expect(said).toContain('unknown: no watchpoints\n');
  });

  test('another verdict than recorded, the counts and the way to the details are told', () => {
    expect(text).toContain('The ledger records another verdict: fails.');
    expect(text.replace(/\s+/g, ' ')).toContain('2 hold, 1 fail, 1 depend, 2 unknown.');
    expect(text).toContain('iolab verify --details');
  });

  test('a stored one reads the same', () => {
    expect(renderStored(JSON.parse(JSON.stringify(all)))).toBe(text);
    expect(() => renderStored({ ...all, claims: [{}] })).toThrow(/does not follow its schema at claims\.0/);
  });
});

test('topics are headings, in the order in which they come; claims without one have none', () => {
  const about = (id: string, en: string, zh: string) => claim(id, 'holds', [], { topic: { en, zh } });
  const own = { ...claim('own', 'holds', []) };
  delete own.topic;
  const some = report([about('a', 'mmap', 'mmap'), about('b', 'memory', '内存'), about('c', 'mmap', 'mmap'), own]);
  for (const details of [true, false]) {
    const text = renderVerify(some, 80, { details });
    expect(text.match(/^\w+\n-+$/gm)).toEqual(['mmap\n----', 'memory\n------']);
    expect(renderVerify(some, 80, { details, language: 'zh' })).toContain('\n内存\n----\n');
  }
});

test('colour only where it is asked for, and it changes nothing else', () => {
  const plain = renderVerify(all);
  expect(plain).not.toContain('\x1b');
  const coloured = renderVerify(all, 80, { colour: true });
  expect(coloured).toContain('\x1b[31mFAILS\x1b[39m');
  expect(stripVTControlCharacters(coloured)).toBe(plain);
});

test.each(['en', 'zh'] as const)('%s is never wider than told, in columns of the terminal', (language) => {
  for (const width of [80, 100, 120]) {
    for (const details of [true, false])
      expect(columns(renderVerify(all, width, { language, details }))).toBeLessThanOrEqual(width);
    expect(columns(renderClaimList(all.claims, width, language))).toBeLessThanOrEqual(width);
  }
});

test('long names, expectations and units give way to who measured it', () => {
  const name = 'bytesThatAreNeverEverReadAgain';
  const evidence = { value: 123456789012, unit: 'descriptors of the process', instrument: 'select + pselect6 + poll' };
  const cases = [tried('holds', { [name]: evidence })];
  const one = report([
    claim('wide', 'holds', cases, { expected: { [name]: { min: 123456789000, max: 123456789999 } } }),
  ]);
  for (const language of ['en', 'zh'] as const)
    expect(columns(renderVerify(one, 80, { language }))).toBeLessThanOrEqual(80);
});

test('in Chinese columns stay aligned: a sign is two wide', () => {
  for (const details of [true, false]) {
    const text = renderVerify(all, 80, { language: 'zh', details });
    const lines = text.split('\n');
    expect(lines[2]).toMatch(details ? /^成立 {5}held$/ : /^成立 {5}如果网卡/);
    expect(lines.filter((line) => line.startsWith('不成立'))[0]).toMatch(/^不成立 {3}\S/);
    expect(text.replace(/\n/g, '')).toContain('2 条成立，1 条不成立，1 条视条件而定，2 条未知。');
    // no line begins with a sign that closes, or ends with one that opens
    expect(lines.filter((line) => /^\s*[，。、）」]|[（「]$/u.test(line))).toEqual([]);
  }
  expect(renderVerify(all, 80, { language: 'zh' })).toContain('不成立，实测 1：scatter-gather 关');
});

test.each([
  ['over a veth pair, scatter-gather off', 'veth，scatter-gather 关'],
  ['cold page cache, over TCP loopback', '冷页缓存，TCP 回环'],
  ['sendfile over a UNIX socket', 'sendfile，UNIX 套接字'],
  ["4 KiB, TCP, the sender's part alone", '4 KiB，TCP，仅发送方'],
  ['splice, 512 bytes, UNIX socket', 'splice，512 字节，UNIX 套接字'],
  ['epoll_wait (one instrument)', 'epoll_wait（单一仪器）'],
  ['/dev/zero', '/dev/zero'],
])('%s is told in Chinese', (text, chinese) => expect(conditionInChinese(text)).toBe(chinese));

test('of a claim in one language only, that one is shown', () => {
  const one = report([claim('mine', 'holds', [], { statement: { en: 'It is so.' }, recorded: null })]);
  expect(renderVerify(one, 80, { language: 'zh' })).toContain('It is so.');
});

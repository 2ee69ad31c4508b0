import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csv, csvOfResults } from '../../src/report/csv.ts';
import { escaped, markdownOfResults, markdownTable } from '../../src/report/markdown.ts';
import { measured, resultsOf, run } from './results.ts';

/** What RFC 4180, section 2, says that these characters mean: written from it, not from what writes them. */
function parsed(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (let at = 0; at < text.length; ) {
    let field = '';
    if (text[at] === '"') {
      for (at++; text[at] !== '"' || text[at + 1] === '"'; at++) {
        if (text[at] === '"') at++;
        if (at >= text.length) throw new Error('a quote that never ends');
        field += text[at];
      }
      at++;
    } else {
      const end = text.slice(at).search(/,|\r\n/);
      field = text.slice(at, at + end);
      if (end < 0 || /["\r\n]/.test(field)) throw new Error(`not quoted: ${field}`);
      at += end;
    }
    row.push(field);
    if (text[at] === ',') at++;
    else if (text.startsWith('\r\n', at)) {
      at += 2;
      rows.push(row);
      row = [];
    } else throw new Error(`after a field stands ${JSON.stringify(text.slice(at, at + 5))}`);
  }
  return rows;
}

describe('CSV', () => {
  test('any cells come back as they were', () => {
    const cell = fc.oneof(fc.string({ unit: fc.constantFrom(...'",\r\n a€=') }), fc.string());
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 1 })), (rows) => {
        expect(parsed(csv(rows))).toEqual(rows);
      }),
    );
  });

  test('a number comes back to the last bit, and what is undefined is empty', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        const [[number, nothing] = []] = parsed(csv([[value, undefined]]));
        // String(-0) is '0'
        expect(Number(number) === value).toBe(true);
        expect(nothing).toBe('');
      }),
    );
  });

  test('a line for each run and metric; an absence has its reason and no value', () => {
    const reason = 'EACCES: "denied", kernel.perf_event_paranoid is 2';
    const results = resultsOf([run('sendfile', { throughput: measured(7.5, [7, 8]), cpuCopies: measured(0) }, reason)]);
    const [head = [], ...rows] = parsed(csvOfResults(results));
    const by = (metric: string) => {
      const row = rows.find((cells) => cells[head.indexOf('metric')] === metric) ?? [];
      return Object.fromEntries(head.map((name, i) => [name, row[i]]));
    };
    expect(rows).toHaveLength(Object.keys(results.runs[0]?.metrics ?? {}).length + 1);
    expect(by('throughput')).toEqual({
      path: 'sendfile',
      sink: 'tcp',
      fileBytes: '65536',
      chunkBytes: '65536',
      cache: 'warm',
      metric: 'throughput',
      value: '7.5',
      unit: 'x',
      instrument: 'test',
      ci_lo: '7',
      ci_hi: '8',
      missing: '',
    });
    expect(by('cpuCopies')).toMatchObject({ value: '0', ci_lo: '', missing: '' });
    expect(by('syscalls')).toMatchObject({ value: '', unit: '', missing: reason });
  });
});

describe('Markdown', () => {
  test('no cell breaks its table, and no text turns into markup', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), (cells) => {
        const lines = markdownTable(
          cells.map((head) => ({ head })),
          [cells],
        ).split(/[\r\n]+/);
        expect(lines).toHaveLength(3);
        for (const line of lines) expect(line.replace(/\\[\\|]/g, '').match(/\|/g)).toHaveLength(cells.length + 1);
      }),
    );
    expect(escaped('<b> *x* `y` [z](u) a|b')).toBe('\\<b\\> \\*x\\* \\`y\\` \\[z\\](u) a\\|b');
  });

  test('a table for each socket and size, with the reasons and the environment below', () => {
    const unix = { ...run('splice', {}), sink: 'unix' as const };
    const text = markdownOfResults(resultsOf([run('sendfile', { syscalls: measured(17) }), unix]));
    expect(text).toMatch(/^## 64 KiB over TCP loopback, 64 KiB a call, warm page cache$/m);
    expect(text).toMatch(/^## 64 KiB over a UNIX socket/m);
    expect(text).toMatch(/^\| sendfile \| -\\\[1\\\] \| -\\\[1\\\] \| 17 \|/m);
    expect(text).toMatch(/^- -\\\[1\\\] not counted here$/m);
    expect(text).toMatch(/^- Warning: it was warm$/m);
    expect(text).toContain(process.version);
  });
});

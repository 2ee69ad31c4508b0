/** A result with claims, small and with something of everything that a page shows. */
import type { Claim } from '../../src/model/claim.ts';
import { lacking } from '../../src/model/evidence.ts';
import type { Results } from '../../src/model/results.ts';
import { measured, resultsOf, run } from './results.ts';

const MIB = 2 ** 20;
const HOPS: Record<string, readonly (readonly [string, boolean])[]> = {
  'read-write': [
    ['file > user buffer', true],
    ['user buffer > socket', true],
    ['socket > receiver', true],
  ],
  splice: [
    ['file > socket', false],
    ['socket > receiver', true],
  ],
};

export function looked(path: string, via = 'tcp') {
  const hops = (HOPS[path] ?? []).map(([hop, copies]) => ({ hop, copied: copies ? 4 : 0, aliased: copies ? 0 : 4 }));
  return { instrument: 'aliasing', saw: 'what it saw', transfer: { path, via, storage: 'disk' }, hops };
}

export function claim(given: Partial<Claim> = {}): Claim {
  return {
    id: 'a-claim',
    topic: { en: 'sendfile', zh: 'sendfile' },
    statement: { en: 'It is said so.', zh: '据说如此。' },
    source: 'notes, section 2',
    scope: 'one transfer',
    verdict: 'holds',
    because: 'expected cpuCopies 2, measured 2',
    recorded: 'holds',
    expected: { cpuCopies: 2, gain: { min: 1 } },
    measured: { cpuCopies: measured(2) },
    conditions: ['over TCP loopback'],
    cases: [
      {
        condition: 'over TCP loopback',
        verdict: 'holds',
        because: 'expected cpuCopies 2, measured 2',
        measured: { cpuCopies: measured(2), other: lacking('nobody counts it') },
        controls: [{ what: 'a window with 23', expected: 23, measured: measured(23) }],
        evidence: [looked('read-write'), looked('splice'), looked('splice', 'unix')],
      },
    ],
    wanting: [],
    evidence: [],
    note: { en: 'Mind the words.', zh: '注意用词。' },
    repeat: 'iolab verify --only a-claim',
    seconds: 0.1,
    ...given,
  };
}

const figuresOf = (cost: number) => ({
  throughput: measured(100 * MIB, [90 * MIB, 110 * MIB]),
  senderCpuPerGiB: measured(cost, [cost * 0.9, cost * 1.1]),
  syscalls: measured(4),
  modeSwitches: measured(10),
  voluntarySwitches: measured(0),
  involuntarySwitches: measured(1),
  minorFaults: measured(1),
  majorFaults: measured(0),
  diskBytes: measured(0),
});

/** `read-write` costs twice what `splice` does; `node-stream` four times; of `sendfile` only the copies are known. */
export function whole(given: Partial<Results> = {}): Results {
  const made = [65536, MIB].flatMap((fileBytes) =>
    [
      run('read-write', { ...figuresOf(1), cpuCopies: measured(2), cpuCopiesTotal: measured(3) }),
      run('splice', { ...figuresOf(0.5), cpuCopies: measured(0), cpuCopiesTotal: measured(1) }),
      run('sendfile', { cpuCopies: measured(0), cpuCopiesTotal: measured(1) }),
      run('node-stream', figuresOf(2), 'inside Node’s streams'),
      run('pump-splice', figuresOf(0.1)),
    ].map((one) => ({ ...one, fileBytes })),
  );
  const verdicts = ['holds', 'fails', 'depends', 'unknown'] as const;
  const claims = verdicts.map((verdict) => claim({ id: `it-${verdict}`, verdict }));
  return { ...resultsOf(made), claims, notes: ['read it slowly'], ...given };
}

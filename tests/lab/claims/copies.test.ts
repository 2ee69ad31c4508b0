import { describe, expect, test } from 'vitest';
import { copiesClaims } from '../../../src/lab/claims/copies.ts';
import { pageWatchpoints } from '../../../src/probe/watchpoint.ts';
import { judged } from './judged.ts';

const judge = (id: string) => judged(copiesClaims, id);
const watchpoints = pageWatchpoints();
const both = watchpoints.works ? 'aliasing + watchpoint' : 'aliasing (one instrument)';

describe('read and write', () => {
  test('four copies: from a cold file the disk supplies each byte once, from a warm one none', async () => {
    const { verdict, figures, because } = await judge('traditional-four-copies');
    expect(verdict).toBe('depends');
    expect(figures).toMatchObject({ cpuCopies: 2, cpuCopiesTotal: 3, diskTransfers: 1 });
    expect(figures.cardTransfers).toMatch(/^no card lies on this route/);
    expect(because).toMatch(
      /warm page cache, over TCP loopback: expected diskTransfers 1, measured 0 by proc-thread-io/,
    );
  });

  test('two copies by the CPU, and a third by the receiver', async () => {
    const { verdict, figures, measured } = await judge('traditional-two-cpu-copies');
    expect(verdict).toBe('holds');
    expect(figures).toEqual({ cpuCopies: 2, cpuCopiesTotal: 3, receiverCopies: 1 });
    expect(measured.cpuCopies).toMatchObject({ instrument: both });
    expect(await judge('traditional-receiver-copies-too')).toMatchObject({ verdict: 'holds' });
  });

  test('four mode switches and no context switch', async () => {
    expect(await judge('traditional-four-switches')).toMatchObject({
      verdict: 'holds',
      figures: { modeSwitches: 4, contextSwitches: 0, syscalls: 2, userFaults: 0 },
    });
    expect(await judge('traditional-four-context-switches')).toMatchObject({ verdict: 'fails' });
  });
});

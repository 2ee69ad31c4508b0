import { existsSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { File, Mapping } from '../../../src/io/index.ts';
import type { ClaimDefinition } from '../../../src/lab/claims/claim.ts';
import { memoryClaims } from '../../../src/lab/claims/memory.ts';
import { OwnMemory, whileRead, whileWritten } from '../../../src/lab/claims/memory-address.ts';
import { faults } from '../../../src/lab/claims/memory-faults.ts';
import { blockedCalls, READ } from '../../../src/probe/blocked.ts';
import { judged } from './verdicts.ts';

const TMPFS = 0x01021994;
const onDisk = statfsSync(tmpdir()).type !== TMPFS;
/** ASan and TSan fault in memory of their own (shadow, quarantine), in any window that calls into the addon. */
const sanitized = /[at]san/.test(process.env.LD_PRELOAD ?? '');

function cannot({ scope, expected }: ClaimDefinition): string | undefined {
  if (/disk/.test(scope) && !onDisk) return 'the temporary directory is in memory';
  const counted = Object.keys(expected).some((figure) => /faults|pagesCopied/i.test(figure));
  return counted && sanitized ? "the sanitizer's own memory faults, too" : undefined;
}

describe.each(memoryClaims)('$id', (claim) => {
  const cause = cannot(claim);
  const name = `is judged as recorded: ${claim.recorded}`;
  test.skipIf(cause)(cause ? `${name} (skipped: ${cause})` : name, async () => {
    expect(await judged(claim)).toMatchObject({ verdict: claim.recorded });
  });

  test('has a page, which names its figures', () => {
    expect(existsSync(join(import.meta.dirname, '../../../docs/claims', `${claim.id}.md`))).toBe(true);
  });
});

test('the address that /proc tells of a Buffer is where its mapping is', async () => {
  using mapping = Mapping.anonymous(4096);
  const buffer = Buffer.from(mapping.view());
  expect(await whileRead(buffer, (address) => address)).toBe(mapping.address);
  expect(await whileRead(buffer.subarray(23), (address) => address)).toBe(mapping.address + 23);
  expect(await whileWritten(buffer.subarray(23, 46), (...given) => given)).toEqual([mapping.address + 23, 23]);
});

test('of its own calls the kernel names the thread and the arguments', async () => {
  const buffer = Buffer.alloc(23);
  const seen = await whileRead(buffer, (address) =>
    blockedCalls().filter(({ number, args }) => number === READ && args[1] === BigInt(address)),
  );
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({ number: READ, args: expect.arrayContaining([23n]) });
  expect(blockedCalls().some(({ tid }) => tid === process.pid)).toBe(false);
});

test('memory is read by its address, and nothing else is taken for it', async () => {
  const buffer = Buffer.from('these bytes and no others');
  using memory = new OwnMemory();
  await whileRead(buffer, (address) => {
    expect(memory.holds(address, buffer)).toBe(true);
    expect(memory.holds(address, Buffer.alloc(buffer.length))).toBe(false);
    expect(() => memory.holds(1, buffer)).toThrow(/EIO|EFAULT/);
  });
});

test.skipIf(sanitized)(
  '23 faults are counted as 23, and none as none (skipped under sanitizers: they fault, too)',
  () => {
    using zero = File.open('/dev/zero');
    const prepare = () => Mapping.anonymous(23 * 4096);
    // not by process_vm_writev(2), whose faults perf does not count
    const touch = ({ address }: Mapping) => {
      for (let i = 0; i < 23; i++) zero.pread(address + i * 4096, 0, 1);
    };
    const { rusage, perf } = faults(prepare, touch);
    expect([rusage, typeof perf === 'number' ? perf : 23]).toEqual([23, 23]);
    expect(faults(prepare, () => {}).rusage).toBe(0);
  },
);

import { describe, expect, test } from 'vitest';
import { File } from '../../src/io/file.ts';
import { Listener } from '../../src/io/listener.ts';
import { Socket } from '../../src/io/socket.ts';
import { Counters, procIo, syscalls } from '../../src/probe/index.ts';
import { functionAt, kallsyms } from '../../src/probe/kallsyms.ts';
import { cpuRecorder, TracepointRecorder, threadRecorder } from '../../src/probe/recorder.ts';
import type { TracepointName } from '../../src/probe/tracepoints.ts';
import { O_CREAT, O_RDWR, read } from '../../src/sys/fd.ts';
import { PAGE_SIZE } from '../../src/sys/mmap.ts';
import { gettid } from '../../src/sys/process.ts';
import { recv, send } from '../../src/sys/socket.ts';
import { fresh, open } from '../support/raw.ts';
import { pattern, tempPath } from '../support/temp.ts';
import { because, causeOf } from './cause.ts';

const cause = causeOf(threadRecorder);
const sanitized = /[at]san/.test(process.env.LD_PRELOAD ?? '') ? "the sanitizer's own memory faults, too" : undefined;

/** Rounds until one has nothing in it but what was done: the runtime's own doing only adds. */
function fewest<T>(rounds: number, records: () => readonly T[]): readonly T[] {
  return Array.from({ length: rounds }, records).reduce((a, b) => (b.length < a.length ? b : a));
}

describe.skipIf(cause)(`a recorder of this thread ${because(cause)}`, () => {
  test('23 calls are 23 entries and 23 exits in turn, each with its answer', () => {
    using recorder = TracepointRecorder.open(['raw_syscalls/sys_enter', 'raw_syscalls/sys_exit']);
    const records = fewest(11, () =>
      recorder.during(() => {
        for (let i = 0; i < 23; i++) gettid();
      }),
    );
    expect(records.map(({ event }) => event.slice(-5))).toEqual(Array(23).fill(['enter', '_exit']).flat());
    for (const record of records)
      if (record.event === 'raw_syscalls/sys_exit') expect(record.fields.ret).toBe(gettid());
    expect(new Set(records.map(({ fields }) => fields.id)).size).toBe(1);
  });

  test('an empty window has nothing in it, and the counter of the same tracepoint agrees about a full one', () => {
    using recorder = TracepointRecorder.open(['raw_syscalls/sys_enter']);
    expect(fewest(11, () => recorder.during(() => {}))).toHaveLength(0);
    const counters = Counters.open([syscalls]);
    const apart = Array.from({ length: 11 }, () => {
      counters.begin();
      const records = recorder.during(() => {
        for (let i = 0; i < 23; i++) gettid();
      });
      counters.end();
      // start, stop and the look at the count are calls of the recorder's own
      return (counters.difference()['perf-sys-enter.ownThread'] ?? Number.NaN) - records.length;
    });
    counters.close();
    expect(Math.min(...apart)).toBe(3);
  });

  test.skipIf(sanitized)(`23 faults at 23 addresses, taken in a copy of the kernel's ${because(sanitized)}`, () => {
    using recorder = TracepointRecorder.open(['exceptions/page_fault_kernel'], { tids: [0] }, { callchain: true });
    const zero = open('/dev/zero');
    const address = fresh(23);
    const records = recorder.during(() => {
      for (let i = 0; i < 23; i++) read(zero, address + i * PAGE_SIZE, 1);
    });
    const ours = records
      .map((record) => Number(record.fields.address))
      .filter((at) => at >= address && at < address + 23 * PAGE_SIZE);
    expect(ours).toEqual(Array.from({ length: 23 }, (_, i) => address + i * PAGE_SIZE));
    if (kallsyms().works) expect(records[0]?.functions.join(' ')).toMatch(/read/);
  });

  test('what a receiver copies sums up to the bytes that it received', async () => {
    const listener = Listener.tcp({ host: '127.0.0.1' });
    const connecting = Socket.connect(listener.address(), { timeout: 5000 });
    const accepted = await listener.acceptAsync({ timeout: 5000 });
    const from = await connecting;
    if (accepted === undefined) throw new Error('nobody connected');
    const message = new Uint8Array(1009);
    using recorder = TracepointRecorder.open(['skb/skb_copy_datagram_iovec', 'net/net_dev_start_xmit']);
    const records = recorder.during(() => {
      for (let i = 0; i < 23; i++) {
        send(from.fd, message, 1009, 0);
        // on loopback the packet has arrived when send() returns, mostly; else this is EAGAIN
        while (recv(accepted.fd, message, 1009, 0) < 0);
      }
    });
    let [copied, sent] = [0, 0];
    for (const record of records) {
      if (record.event === 'skb/skb_copy_datagram_iovec') copied += record.fields.len;
      else sent += record.fields.len;
    }
    expect(copied).toBe(23 * 1009);
    // with headers, and acknowledgements
    expect(sent).toBeGreaterThanOrEqual(23 * 1009);
    for (const socket of [from, accepted]) socket.close();
    listener.close();
  });

  test('a small ring and a flood: records were lost, and that is an error', () => {
    using recorder = TracepointRecorder.open(['raw_syscalls/sys_enter'], { tids: [0] }, { pages: 1 });
    expect(() =>
      recorder.during(() => {
        for (let i = 0; i < 1000; i++) gettid();
      }),
    ).toThrow(/^records were lost: \d+ of \d+ events were read/);
    // what was lost stays lost: the recorder does not come back to life
    expect(() => recorder.during(() => {})).toThrow(/records were lost/);
  });

  test('a thread that is not there, a tracepoint that is not there', () => {
    expect(() => TracepointRecorder.open(['raw_syscalls/sys_enter'], { tids: [2 ** 22 + 1] })).toThrow(/ESRCH/);
    expect(() => TracepointRecorder.open(['raw_syscalls/nobody' as TracepointName])).toThrow(/raw_syscalls\/nobody/);
  });
});

describe.skipIf(cause)(`the disk and who waits for it ${because(cause)}`, () => {
  test('a cold file: what was asked of the disk is what the accounting says', () => {
    const content = pattern(37 * PAGE_SIZE);
    const buffer = Buffer.alloc(content.length);
    using file = File.open(tempPath(), O_RDWR | O_CREAT);
    for (let done = 0; done < content.length; ) done += file.pwrite(content, done, content.length - done, done);
    using recorder = TracepointRecorder.open(['block/block_rq_issue', 'filemap/mm_filemap_add_to_page_cache']);
    const io = Counters.open([procIo('thread')]);
    const rounds = Array.from({ length: 7 }, () => {
      file.dropCache();
      io.begin();
      const records = recorder.during(() => file.pread(buffer, 0));
      io.end();
      let issued = 0;
      for (const record of records) if (record.event === 'block/block_rq_issue') issued += record.fields.bytes;
      return { accounted: io.difference()['proc-thread-io.diskReadBytes'] ?? Number.NaN, issued, records };
    });
    io.close();
    expect(buffer.equals(content)).toBe(true);
    for (const { accounted, issued } of rounds) expect(issued).toBe(accounted);
    // a file system in memory asks no disk; whatever it is, its pages went into the page cache, each at its place once
    for (const { records, accounted } of rounds) {
      const added = records.filter(({ event }) => event === 'filemap/mm_filemap_add_to_page_cache');
      if (accounted > 0) expect(added.length).toBeGreaterThan(0);
    }
  });
});

describe.skipIf(causeOf(cpuRecorder))(`a recorder of all CPUs ${because(causeOf(cpuRecorder))}`, () => {
  test('has the 23 calls of this thread among those of everybody, or says that it lost some', (context) => {
    using recorder = TracepointRecorder.open(['raw_syscalls/sys_enter'], 'cpus', { pages: 256 });
    const ofOurs: number[] = [];
    for (let round = 0; round < 11; round++) {
      try {
        const records = recorder.during(() => {
          for (let i = 0; i < 23; i++) gettid();
        });
        ofOurs.push(records.filter(({ tid }) => tid === gettid()).length);
      } catch (error) {
        // everybody's calls go into these rings; what is lost stays lost
        expect((error as Error).message).toMatch(/^records were lost/);
        break;
      }
    }
    if (ofOurs.length === 0) context.skip('the first window lost records: nothing is concluded from it');
    expect(Math.min(...ofOurs)).toBeGreaterThanOrEqual(23);
    if (ofOurs.length === 11) expect(Math.min(...ofOurs)).toBe(23);
  });
});

test('what does not work says why', () => {
  for (const capability of [threadRecorder(), cpuRecorder()])
    if (!capability.works) expect(capability.cause).toMatch(/tracepoint|perf_event_open|it is there|records were lost/);
  expect(functionAt(0n)).toBe('0x0');
});

/** What O_NONBLOCK means for sendfile(2) where the file has to come from the disk. */
import { constants } from 'node:os';
import { check } from '../../io/errors.ts';
import type { File } from '../../io/file.ts';
import { Mapping } from '../../io/mapping.ts';
import { procIo } from '../../probe/proc-io.ts';
import { TracepointRecorder, threadRecorder } from '../../probe/recorder.ts';
import { rusage } from '../../probe/rusage.ts';
import { F_GETFL, F_SETFL, fcntl, O_NONBLOCK, preadv2, RWF_NOWAIT } from '../../sys/fd.ts';
import { sendfile } from '../../sys/sendfile.ts';
import { scrambled, unnamedFile } from '../unnamed.ts';
import type { Case, ClaimDefinition, Reading } from './claim.ts';
import { control, Descriptors, errno, figure } from './readiness.ts';

const BYTES = 65_536;
const TRIES = 5;

function resident(file: File): number {
  using mapping = Mapping.file(file);
  return mapping.resident();
}

/** Pages that somebody else uses or reads ahead stay: so it is looked at, and tried again. */
function forget(file: File): void {
  for (let i = 0; i < TRIES; i++) {
    file.dropCache();
    if (resident(file) === 0) return;
  }
  throw new Error(
    `the page cache keeps ${resident(file)} pages of a file in the temporary directory: on tmpfs nothing is ever cold; set TMPDIR to a disk`,
  );
}

interface Sent {
  readonly answer: number;
  /** 1 if the thread went to sleep inside the call. */
  readonly slept: Readonly<Record<string, Reading['value']>>;
  readonly diskBytes: Readonly<Record<string, Reading['value']>>;
}

function nonblocking(fd: number): void {
  check(fcntl(fd, F_SETFL, check(fcntl(fd, F_GETFL, 0), 'fcntl') | O_NONBLOCK), 'fcntl');
}

/** To a socket that is closed afterwards: what lies in its queue would keep the pages in memory. */
function once(file: File): Sent {
  using own = new Descriptors();
  const [to] = own.pair();
  nonblocking(to);
  return send(to, file);
}

/** One call, between the readings. */
function send(to: number, file: File): Sent {
  const usage = rusage('thread').open();
  const io = procIo('thread');
  const counted = io.capability();
  const bytes = counted.works ? io.open() : undefined;
  const recording = threadRecorder();
  using recorder = recording.works ? TracepointRecorder.open(['sched/sched_switch']) : undefined;
  recorder?.start();
  bytes?.begin();
  usage.begin();
  const answer = sendfile(to, file.fd, 0, BYTES);
  usage.end();
  bytes?.end();
  recorder?.stop();
  const used = usage.difference();
  // state 0 was preempted, and would have gone on
  const waits = recorder?.drain().filter(({ fields }) => fields.prev_state !== 0).length;
  const found = {
    answer,
    slept: {
      getrusage: Number((used.voluntarySwitches ?? 0) > 0),
      sched_switch: waits === undefined ? { missing: recording.works ? '' : recording.cause } : Number(waits > 0),
    },
    diskBytes: {
      getrusage: used.diskReadBytes ?? Number.NaN,
      '/proc/thread-self/io': bytes?.difference().diskReadBytes ?? { missing: counted.works ? '' : counted.cause },
    },
  };
  usage.close();
  bytes?.close();
  return found;
}

function cold(): Case[] {
  using file = unnamedFile('disk', scrambled(BYTES));
  nonblocking(file.fd);
  // run once, so that what is measured is not code of ours being compiled
  once(file);
  const warm = once(file);
  forget(file);
  const nowait = preadv2(file.fd, [new Uint8Array(BYTES)], 0, RWF_NOWAIT);
  forget(file);
  const miss = once(file);
  const onlyOne = (readings: Sent['slept']) => readings.getrusage ?? Number.NaN;
  return [
    {
      condition: '',
      measured: {
        sleptInside: figure('1 if it did', miss.slept),
        diskBytesInside: figure('bytes', miss.diskBytes),
        errnoOfNowaitRead: figure('errno', { 'preadv2(RWF_NOWAIT)': errno(nowait) }),
      },
      controls: [
        control('the file in the page cache: slept', 0, 'getrusage', onlyOne(warm.slept)),
        control('the file in the page cache: bytes from disk', 0, 'getrusage', onlyOne(warm.diskBytes)),
        control('both answer the bytes at once', 2 * BYTES, 'sendfile', warm.answer + miss.answer),
      ],
      evidence: [
        {
          instrument: 'sendfile',
          saw: `socket and file O_NONBLOCK, no page of the file in memory: ${miss.answer} bytes, no EAGAIN`,
        },
        { instrument: 'preadv2', saw: `RWF_NOWAIT on the same file: errno ${errno(nowait)}` },
      ],
    },
  ];
}

export const coldCacheClaims: readonly ClaimDefinition[] = [
  {
    id: 'sendfile-nonblock-never-waits',
    statement: {
      en: 'With O_NONBLOCK set, sendfile never waits: it answers EAGAIN where it would have to.',
      zh: '设置了 O_NONBLOCK 之后，sendfile 不会阻塞：需要等待时返回 EAGAIN。',
    },
    source: 'what EAGAIN in sendfile(2), ERRORS, is taken to promise',
    scope:
      "one call of the calling thread, 64 KiB to a UNIX socket with room; O_NONBLOCK on both descriptors, the file's pages not in memory",
    expected: { sleptInside: 0, diskBytesInside: 0 },
    recorded: 'fails',
    note: {
      en: `O_NONBLOCK governs the socket. A page that is not in memory is waited for, whatever the descriptor says; only RWF_NOWAIT answers EAGAIN (errno ${constants.errno.EAGAIN}).`,
      zh: `O_NONBLOCK 只对套接字有效。页不在内存时总要等磁盘，与描述符标志无关；只有 RWF_NOWAIT 会返回 EAGAIN（errno ${constants.errno.EAGAIN}）。`,
    },
    judge: cold,
  },
];

/** What a record of poll(2) is made of, and what of it goes in and out. */
import { Mapping } from '../../io/mapping.ts';
import { layout, offsetOf } from '../../native.ts';
import { POLLIN, POLLRDHUP, poll, pollRevents } from '../../sys/poll.ts';
import { SHUT_WR, shutdown } from '../../sys/socket.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import { control, Descriptors, figure, send } from './readiness.ts';
import { bytesNeeded, kernelTouches } from './readiness-memory.ts';
import { count, records, SCOPE } from './readiness-sets.ts';

const RECORD = layout('pollfd');
const REVENTS = offsetOf(RECORD, 'revents');

const RECORDS = 1009;

function eightBytes(): Case[] {
  using own = new Descriptors();
  const [silent] = own.pair();
  const fds = own.duplicates(silent, RECORDS);
  const filled = records(fds);
  const bytes = new Uint8Array(filled.buffer);
  const needed = bytesNeeded(bytes.length, 4, (memory, there) => {
    memory.set(bytes.subarray(0, there));
    return poll(memory, RECORDS, 0);
  });
  // ones where the answer goes: nothing is ready, so the kernel's zeros show where it wrote
  for (let i = 0; i < RECORDS; i++) bytes.fill(0xff, i * RECORD.size + REVENTS, (i + 1) * RECORD.size);
  const before = bytes.slice();
  poll(filled, RECORDS, 0);
  const changed = bytes.filter((byte, i) => byte !== before[i]).length;

  using memory = Mapping.anonymous(RECORD.size);
  memory.lock();
  const watched = new Uint8Array(memory.view(), 0, RECORD.size);
  watched.set(bytes.subarray(0, RECORD.size));
  const one = () => poll(watched, 1, 0);
  const [fd, revents] = [kernelTouches(memory.address, one), kernelTouches(memory.address + REVENTS, one)];
  return [
    {
      condition: '',
      measured: {
        bytesInEach: figure('bytes', { 'sizeof in C': RECORD.size, 'EFAULT at an edge': needed / RECORDS }),
        bytesOutEach: figure('bytes', { 'bytes that changed': changed / RECORDS }),
        descriptorRead: figure('reads by the kernel', { watchpoint: fd.reads }),
        descriptorWritten: figure('writes by the kernel', { watchpoint: fd.writes }),
        answerWritten: figure('writes by the kernel', { watchpoint: revents.writes }),
      },
      controls: [
        control(
          'bytes needed for no record',
          0,
          'EFAULT at an edge',
          bytesNeeded(RECORD.size, 4, (at) => poll(at, 0, 0)),
        ),
      ],
      evidence: [...fd.chains, ...revents.chains].map((chain) => ({
        instrument: 'watchpoint',
        saw: chain.join(' < '),
        functions: [...chain],
      })),
    },
  ];
}

/** Bytes of a record in which the kernel neither looks for something nor leaves its answer: there a link could be. */
function bytesOfNoUse(fd: number): number {
  const asked = new Uint8Array(records([fd], POLLIN | POLLRDHUP).buffer);
  const answerTo = (record: Uint8Array<ArrayBuffer>) => {
    poll(record, 1, 0);
    return pollRevents(new Int32Array(record.buffer), 0);
  };
  const usual = answerTo(asked.slice());
  return asked.filter((byte, at) => {
    const altered = asked.slice();
    altered[at] = byte ^ 0xff;
    return answerTo(altered) === usual && altered[at] === (byte ^ 0xff);
  }).length;
}

function linkedList(): Case[] {
  using own = new Descriptors();
  const [readable, peer] = own.pair();
  send(peer);
  // so that both bytes of what is asked for have something to tell
  shutdown(peer, SHUT_WR);
  // before any other descriptor is a duplicate of it, and answers alike
  const ofNoUse = bytesOfNoUse(readable);
  const fds = own.duplicates(readable, RECORDS);
  const forward = records(fds);
  const answer = poll(forward, RECORDS, 0);
  // an int and two shorts: what is not theirs would have to be the link's
  const fields = { fd: 4, events: 2, revents: 2 };
  const used = Object.values(fields).reduce((sum, size) => sum + size, 0);
  const starts = Object.keys(fields).map((name) => offsetOf(RECORD, name));
  return [
    {
      condition: '',
      measured: {
        bytesForLink: figure('bytes', {
          'layout in C': RECORD.size - used,
          'bytes altered one by one': ofNoUse,
        }),
        foundByPosition: figure('records', { "poll's answer": answer, 'revents that are set': count(forward) }),
      },
      controls: [
        control(
          'of the same records with a negative descriptor are found',
          0,
          'poll',
          poll(records(fds.map(() => -1)), RECORDS, 0),
        ),
      ],
      evidence: [
        {
          instrument: 'layout in C',
          saw: `struct pollfd: ${RECORD.size} bytes; fd, events and revents begin at ${starts.join(', ')}`,
        },
      ],
    },
  ];
}

export const pollRecordClaims: readonly ClaimDefinition[] = [
  {
    id: 'poll-8-bytes',
    statement: {
      en: 'poll takes 8 bytes for each descriptor from its caller at each call, and writes 2 of them back.',
      zh: '每次调用 poll，内核为每个描述符读入 8 字节，并写回其中的 2 字节。',
    },
    source: 'poll(2), struct pollfd; docs/sys/poll.md',
    scope: `${SCOPE}; ${RECORDS} records`,
    expected: { bytesInEach: 8, bytesOutEach: 2 },
    recorded: 'holds',
    judge: eightBytes,
  },
  {
    id: 'poll-linked-list',
    statement: {
      en: 'poll is handed the watched descriptors as a linked list.',
      zh: 'poll 以链表形式来组织所关注的文件描述符。',
    },
    source: 'xiaolincoder CS-Base, selete_poll_epoll.md',
    scope: `${SCOPE}; what the caller passes`,
    expected: { bytesForLink: { min: 4 } },
    recorded: 'fails',
    note: {
      en: 'The caller passes an array. Inside the kernel it is held, for the length of the call, in chunks of about a page, and those are linked (struct poll_list): that may be where the word comes from.',
      zh: '调用者传入的是数组。内核在调用期间把它分成约一页大小的块，块与块之间用链表（struct poll_list）相连，“链表”之说可能由此而来。',
    },
    judge: linkedList,
  },
];

/** What sendfile(2) takes, what it refuses, and how much it moves: counted, beside what is said of it. */
import { constants } from 'node:os';
import { check } from '../../io/errors.ts';
import { File } from '../../io/file.ts';
import { PAGE_SIZE } from '../../io/mapping.ts';
import { Pipe } from '../../io/pipe.ts';
import {
  F_GETFL,
  F_SETFL,
  fcntl,
  fionread,
  lseek,
  O_APPEND,
  O_RDONLY,
  O_WRONLY,
  read,
  SEEK_CUR,
} from '../../sys/fd.ts';
import { splice } from '../../sys/pipe.ts';
import { copyFileRange, MAX_RW_COUNT, sendfile } from '../../sys/sendfile.ts';
import { scrambled, unnamedFile } from '../unnamed.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import { contentOf } from './moved-bytes.ts';
import { control, Descriptors, errno, figure } from './readiness.ts';

const { EBADF, EINVAL } = constants.errno;
const BYTES = 23;
/** More than a call takes, by a prime number of pages. */
const REST = 23 * PAGE_SIZE;

function most(): Case[] {
  using sink = File.open('/dev/null', O_WRONLY);
  // a hole: no memory is taken, and the one page of zeros is read over and over
  using source = unnamedFile('tmpfs', new Uint8Array(0));
  source.truncate(MAX_RW_COUNT + REST);
  const position = () => check(lseek(source.fd, 0, SEEK_CUR), 'lseek');
  const answer = check(sendfile(sink.fd, source.fd, null, MAX_RW_COUNT + REST), 'sendfile');
  const after = position();
  const second = check(sendfile(sink.fd, source.fd, null, MAX_RW_COUNT), 'sendfile');
  return [
    {
      condition: '',
      measured: {
        bytesOfOneCall: figure('bytes', { sendfile: answer, "the file's position": after }),
        asked: figure('bytes', { 'the call': MAX_RW_COUNT + REST }),
      },
      controls: [
        control('the second call takes the rest', REST, 'sendfile', second),
        control('the third finds the end', 0, 'sendfile', sendfile(sink.fd, source.fd, null, MAX_RW_COUNT)),
      ],
      evidence: [{ instrument: 'sendfile', saw: `asked for ${MAX_RW_COUNT + REST} bytes it moved ${answer}` }],
    },
  ];
}

function append(): Case[] {
  const content = scrambled(BYTES);
  using source = unnamedFile('tmpfs', content);
  using target = unnamedFile('tmpfs', new Uint8Array(0));
  using pipe = Pipe.open();
  const plain = sendfile(target.fd, source.fd, 0, BYTES);
  const before = target.size();
  check(fcntl(target.fd, F_SETFL, check(fcntl(target.fd, F_GETFL, 0), 'fcntl') | O_APPEND), 'fcntl');
  const bySendfile = sendfile(target.fd, source.fd, 0, BYTES);
  check(splice(source.fd, 0, pipe.writeEnd.fd, null, BYTES, 0), 'splice');
  const bySplice = splice(pipe.readEnd.fd, null, target.fd, null, BYTES, 0);
  const byCopy = copyFileRange(source.fd, 0, target.fd, null, BYTES, 0);
  const grown = target.size() - before;
  return [
    {
      condition: '',
      measured: {
        errnoOfSendfile: figure('errno', { sendfile: errno(bySendfile) }),
        bytesAppended: figure('bytes', { fstat: grown }),
        errnoOfSplice: figure('errno', { splice: errno(bySplice) }),
        errnoOfCopyFileRange: figure('errno', { copy_file_range: errno(byCopy) }),
      },
      controls: [
        control('the same call without O_APPEND', BYTES, 'sendfile', plain),
        control('write appends to the same descriptor', BYTES, 'write', target.pwrite(content, 0)),
      ],
      evidence: [{ instrument: 'fstat', saw: `the file grew by ${grown} bytes in three calls` }],
    },
  ];
}

function otherOutputs(): Case[] {
  const content = scrambled(BYTES);
  using source = unnamedFile('tmpfs', content);
  using disk = unnamedFile('disk', new Uint8Array(0));
  using memory = unnamedFile('tmpfs', new Uint8Array(0));
  using pipe = Pipe.open();
  using own = new Descriptors();
  const [socket, peer] = own.pair();
  const outputs: [string, number, () => Uint8Array][] = [
    ['a file on disk', disk.fd, () => contentOf(disk, BYTES)],
    ['a file in memory', memory.fd, () => contentOf(memory, BYTES)],
    ['a pipe', pipe.writeEnd.fd, () => taken(pipe.readEnd.fd)],
  ];
  const found = outputs.map(([name, fd, arrived]) => {
    const answer = sendfile(fd, source.fd, 0, BYTES);
    return { name, answer, same: Buffer.compare(content, arrived()) === 0 };
  });
  using readOnly = File.open('/dev/null', O_RDONLY);
  return [
    {
      condition: '',
      measured: {
        otherOutputs: figure('kinds of output', {
          sendfile: found.filter(({ answer }) => answer === BYTES).length,
          'content read back': found.filter(({ same }) => same).length,
        }),
      },
      controls: [
        control('a socket takes them', BYTES, 'sendfile', sendfile(socket, source.fd, 0, BYTES)),
        control('and they arrive', BYTES, 'FIONREAD', fionread(peer)),
        control(
          'what is open for reading only takes none (EBADF)',
          EBADF,
          'sendfile',
          errno(sendfile(readOnly.fd, source.fd, 0, BYTES)),
        ),
      ],
      evidence: found.map(({ name, answer }) => ({ instrument: 'sendfile', saw: `${name} took ${answer} bytes` })),
    },
  ];
}

function taken(fd: number): Uint8Array {
  const bytes = new Uint8Array(BYTES);
  return bytes.subarray(0, Math.max(0, read(fd, bytes)));
}

const PIECE = 16_384;
const CUT = PIECE + 5003;

function shrunk(): Case[] {
  using own = new Descriptors();
  const [to, from] = own.pair();
  using file = unnamedFile('disk', scrambled(4 * PIECE));
  const first = sendfile(to, file.fd, 0, PIECE);
  file.truncate(CUT);
  const rest = sendfile(to, file.fd, first, PIECE);
  const atEnd = [1, 2, 3].map(() => sendfile(to, file.fd, first + rest, PIECE));
  const arrived = fionread(from);
  file.truncate(CUT + BYTES);
  return [
    {
      condition: '',
      measured: {
        answerAtEnd: figure('bytes', { 'sendfile, 1st': atEnd[0] ?? -1, '2nd': atEnd[1] ?? -1, '3rd': atEnd[2] ?? -1 }),
        delivered: figure('bytes', { sendfile: first + rest, FIONREAD: arrived }),
      },
      controls: [
        control('a failure is seen as one (EBADF)', EBADF, 'sendfile', errno(sendfile(to, 2 ** 20, 0, PIECE))),
        control('grown by 23 bytes it answers them', BYTES, 'sendfile', sendfile(to, file.fd, CUT, PIECE)),
      ],
      evidence: [
        {
          instrument: 'sendfile',
          saw: `of ${4 * PIECE} bytes promised, ${CUT} were left after a truncation: answers ${[first, rest, ...atEnd].join(', ')}`,
        },
      ],
    },
  ];
}

const SCOPE = "the calling thread's calls, warm cache";

export const sendfileLimitClaims: readonly ClaimDefinition[] = [
  {
    id: 'sendfile-2gib-a-call',
    statement: {
      en: 'One sendfile moves at most 0x7ffff000 bytes (2,147,479,552), whatever it is asked for.',
      zh: '一次 sendfile 最多传送 0x7ffff000（2,147,479,552）字节，要求再多也一样。',
    },
    source: 'sendfile(2), NOTES',
    scope: `${SCOPE}; a file of holes to /dev/null`,
    expected: { bytesOfOneCall: 0x7ffff000 },
    recorded: 'holds',
    judge: most,
  },
  {
    id: 'sendfile-refuses-append',
    statement: {
      en: 'sendfile refuses an output that was opened with O_APPEND: EINVAL.',
      zh: '输出描述符带有 O_APPEND 时，sendfile 会拒绝并返回 EINVAL。',
    },
    source: 'sendfile(2), NOTES; splice(2), ERRORS',
    scope: SCOPE,
    expected: { errnoOfSendfile: EINVAL, errnoOfSplice: EINVAL, bytesAppended: 0 },
    recorded: 'holds',
    judge: append,
  },
  {
    id: 'sendfile-only-to-sockets',
    statement: {
      en: 'sendfile can only send to a socket.',
      zh: 'sendfile 只能把数据发送到套接字。',
    },
    source: 'sendfile(2) of Linux 2.6.0 to 2.6.32, and texts that follow it',
    scope: SCOPE,
    expected: { otherOutputs: 0 },
    recorded: 'fails',
    note: {
      en: 'It was so from Linux 2.6.0 to 2.6.32. Since 2.6.33 the output may be any file.',
      zh: '这在 Linux 2.6.0 到 2.6.32 是对的；自 2.6.33 起输出可以是任意文件。',
    },
    judge: otherOutputs,
  },
  {
    id: 'sendfile-shrunk-file-is-no-error',
    statement: {
      en: 'Where a file ends before the bytes that were promised, sendfile answers 0 for ever, and no error.',
      zh: '文件比约定的长度先结束时，sendfile 每次都返回 0，而不是报错。',
    },
    source: 'sendfile(2), RETURN VALUE; proftpd issue 591, civetweb issue 190 (endless loops)',
    scope: `${SCOPE}; truncated between two calls`,
    expected: { answerAtEnd: 0, delivered: CUT },
    recorded: 'holds',
    judge: shrunk,
  },
];

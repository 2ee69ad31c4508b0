/** Which files sendfile(2) reads from, beside those that mmap(2) maps. */

import { File } from '../../io/file.ts';
import { PAGE_SIZE } from '../../io/mapping.ts';
import { Pipe } from '../../io/pipe.ts';
import { fionread, write } from '../../sys/fd.ts';
import { MAP_PRIVATE, mmap, munmap, PROT_READ } from '../../sys/mmap.ts';
import { sendfile } from '../../sys/sendfile.ts';
import { scrambled, unnamedFile } from '../unnamed.ts';
import type { Case, ClaimDefinition } from './claim.ts';
import { control, Descriptors, errno, figure } from './readiness.ts';

const BYTES = 23;

function tried(condition: string, fd: number): Case {
  using own = new Descriptors();
  const [to, from] = own.pair();
  const address = mmap(PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
  if (address > 0) munmap(address, PAGE_SIZE);
  const maps = Number(address > 0);
  // at the descriptor's own position, so that what cannot seek is not refused for the offset
  const answer = sendfile(to, fd, null, BYTES);
  const sends = figure('1 if it does', {
    sendfile: Number(answer === BYTES),
    FIONREAD: Number(fionread(from) === BYTES),
  });
  return {
    condition,
    measured: {
      sendfileTakesIt: sends,
      mmapTakesIt: figure('1 if it does', { mmap: maps }),
      sameAnswer: figure('1 if they agree', { 'sendfile, mmap': Number(maps === Number(answer === BYTES)) }),
    },
    controls: [],
    evidence: [
      { instrument: 'sendfile', saw: answer < 0 ? `refused with errno ${errno(answer)}` : `${answer} bytes` },
      { instrument: 'mmap', saw: maps === 1 ? 'mapped' : `refused with errno ${errno(address)}` },
    ],
  };
}

function inputs(): Case[] {
  const content = scrambled(BYTES);
  using file = unnamedFile('disk', content);
  using pipe = Pipe.open();
  using own = new Descriptors();
  const [full, peer] = own.pair();
  // there is something to take: a refusal has another cause
  for (const fd of [pipe.writeEnd.fd, peer]) write(fd, content);
  using generated = File.open('/proc/version');
  const waiting = [fionread(pipe.readEnd.fd), fionread(full)];
  const cases = [
    tried('a file on disk', file.fd),
    tried('a socket', full),
    tried('a pipe', pipe.readEnd.fd),
    tried('a file of /proc that is made as it is read', generated.fd),
  ];
  const controls = waiting.map((there, i) =>
    control(`bytes that wait in the ${i === 0 ? 'pipe' : 'socket'}`, BYTES, 'FIONREAD', there),
  );
  return cases.map((one) => ({ ...one, controls }));
}

export const sendfileInputClaims: readonly ClaimDefinition[] = [
  {
    id: 'sendfile-input-must-be-mappable',
    statement: {
      en: 'sendfile reads only from what can be mapped by mmap: files, but no socket and no pipe.',
      zh: 'sendfile 的输入必须是支持 mmap 的文件，不能是套接字或管道。',
    },
    source: 'sendfile(2), DESCRIPTION; xiaolincoder CS-Base, zero_copy.md',
    scope: 'one call on each kind of input, with bytes there to be read',
    expected: { sameAnswer: 1 },
    recorded: 'depends',
    note: {
      en: 'What the kernel asks is whether it can splice from the file. Files of /proc cannot be mapped, and many of them can be spliced: their bytes are copied into pages of a pipe.',
      zh: '内核真正检查的是文件能否 splice。/proc 中的文件不能 mmap，但其中很多可以 splice：字节被拷贝到管道的页里。',
    },
    judge: inputs,
  },
];

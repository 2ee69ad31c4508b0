/** Copying a file to a file inside the kernel: who copies the bytes then? */
import { check } from '../../io/errors.ts';
import type { File } from '../../io/file.ts';
import { Mapping, PAGE_SIZE } from '../../io/mapping.ts';
import { copyFileRange, sendfile } from '../../sys/sendfile.ts';
import { type Storage, scrambled, unnamedFile } from '../unnamed.ts';
import type { Case, ClaimDefinition, Control, Finding, Reading } from './claim.ts';
import { changeFile, contentOf, copiesByAliasing, copiesByFrame, readsOfFile } from './moved-bytes.ts';
import { control, figure } from './readiness.ts';

const PAGES = 4 * PAGE_SIZE;
const AT = PAGE_SIZE + 1234;

type Call = (from: File, to: File) => number;
const bySendfile: Call = (from, to) => sendfile(to.fd, from.fd, 0, PAGES);
const byCopyFileRange: Call = (from, to) => copyFileRange(from.fd, 0, to.fd, 0, PAGES, 0);
/** Must copy. */
const byHand: Call = (from, to) => to.pwrite(contentOf(from, PAGES), 0);

interface Copied {
  readonly aliasing: Reading['value'];
  readonly watchpoint: Reading['value'];
  readonly frames: Reading['value'];
  /** 1 if the call left pages of the destination in memory: nobody has read it yet, so the call filled them. */
  readonly filled: Reading['value'];
  readonly finding: Finding;
}

function copied(storage: Storage, call: Call): Copied {
  const content = scrambled(PAGES);
  using from = unnamedFile(storage, content);
  from.datasync();
  using to = unnamedFile(storage, new Uint8Array(0));
  let moved = 0;
  const { reads, finding } = readsOfFile(from, AT, () => {
    moved = check(call(from, to), 'the copy');
  });
  if (moved !== PAGES) throw new Error(`one call copied ${moved} of ${PAGES} bytes`);
  const pages = to.cached()?.cached;
  using source = Mapping.file(from);
  using target = Mapping.file(to);
  const frames = copiesByFrame(source, target);
  const aliasing = copiesByAliasing('file > file', content, changeFile(from), () => contentOf(to, PAGES));
  const filled = pages === undefined ? { missing: NO_CACHESTAT } : Number(pages > 0);
  return { aliasing, watchpoint: reads, frames, filled, finding };
}

const NO_CACHESTAT = 'cachestat(2) is not here: it came with Linux 6.5';

/** The instruments on a write, which copies, and on nothing being done. */
function controls(storage: Storage): Control[] {
  const hand = copied(storage, byHand);
  using file = unnamedFile(storage, scrambled(PAGES));
  file.datasync();
  using a = Mapping.file(file, { write: true });
  const same = copiesByAliasing(
    'mapping > file',
    contentOf(file, PAGES),
    (p, byte) => void a.write(p, Uint8Array.of(byte)),
    () => contentOf(file, PAGES),
  );
  return [
    control('read and write: copied', 1, 'aliasing', hand.aliasing),
    control('a shared mapping and its file: copied', 0, 'aliasing', same),
  ];
}

function throughSendfile(storage: Storage, condition: string): Case {
  const { aliasing, watchpoint, frames, finding } = copied(storage, bySendfile);
  return {
    condition,
    measured: { copies: figure('copies per byte', { aliasing, watchpoint, 'page frames': frames }) },
    controls: controls(storage),
    evidence: [finding],
  };
}

/** Aliasing proves nothing here: shared blocks are parted at the first change. */
function throughCopyFileRange(storage: Storage, condition: string): Case {
  const { watchpoint, filled, finding } = copied(storage, byCopyFileRange);
  return {
    condition,
    measured: { copies: figure('copies per byte', { watchpoint, 'cachestat, pages filled': filled }) },
    controls: controls(storage),
    evidence: [finding],
  };
}

const STORAGES: readonly [Storage, string][] = [
  ['disk', 'files on the disk of the temporary directory'],
  ['tmpfs', 'files in memory'],
];
const SCOPE = 'one call of 16 KiB within one file system, source in the page cache';

export const fileToFileClaims: readonly ClaimDefinition[] = [
  {
    id: 'sendfile-to-file-copies-nothing',
    statement: {
      en: 'From file to file sendfile needs no copy by the CPU.',
      zh: '用 sendfile 从文件传到文件不需要 CPU 拷贝。',
    },
    source: 'what "zero copy" is taken to mean; sendfile(2): "copying is done within the kernel"',
    scope: SCOPE,
    expected: { copies: 0 },
    recorded: 'fails',
    note: {
      en: 'Zero copy to a socket means that the socket refers to the pages of the file. Another file has pages of its own, and they have to be filled.',
      zh: '向套接字的零拷贝，是让套接字引用文件的页。而另一个文件有它自己的页，必须由 CPU 填充。',
    },
    judge: () => STORAGES.map(([storage, condition]) => throughSendfile(storage, condition)),
  },
  {
    id: 'copy-file-range-copies-nothing',
    statement: {
      en: 'copy_file_range shares blocks between the two files, and copies nothing.',
      zh: 'copy_file_range 让两个文件共享数据块，不拷贝数据。',
    },
    source: 'copy_file_range(2), NOTES: reflinks, on file systems that have them',
    scope: SCOPE,
    expected: { copies: 0 },
    recorded: 'fails',
    note: {
      en: 'It depends on the file system: Btrfs and XFS can share blocks, ext4 and tmpfs cannot, and the kernel copies there. It saves the way through user memory only.',
      zh: '取决于文件系统：Btrfs 和 XFS 可以共享数据块；ext4 和 tmpfs 不能，由内核拷贝。此时省下的只是用户内存这一趟。',
    },
    judge: () => STORAGES.map(([storage, condition]) => throughCopyFileRange(storage, condition)),
  },
];

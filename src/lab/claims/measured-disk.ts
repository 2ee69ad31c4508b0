/** What a disk had to supply for one transfer: 1 is the whole file once, 0 nothing. */
import type { File } from '../../io/file.ts';
import { Mapping } from '../../io/mapping.ts';
import { type Evidence, isMeasured } from '../../model/evidence.ts';
import { type PathName, paths } from '../../paths/index.ts';
import { TracepointRecorder, threadRecorder } from '../../probe/recorder.ts';
import { PAGE_SIZE } from '../../sys/mmap.ts';
import { receiveInto } from '../copies/pair.ts';
import { PAYLOAD } from '../copies.ts';
import type { Route } from '../routes.ts';
import { agree, type Finding } from './claim.ts';
import { callCost } from './measured-calls.ts';

export type Cache = 'cold' | 'warm';

/** Pages of the file that are in the page cache, by mincore(2). */
export function cachedPages(file: File, length = PAYLOAD): number {
  using mapping = Mapping.file(file, { offset: 0, length });
  return mapping.resident();
}

/** Throws where the page cache cannot be brought into that state: tmpfs has nothing else to keep a file in. */
export function bring(file: File, cache: Cache): void {
  if (cache === 'cold') file.dropCache();
  else file.pread(new Uint8Array(PAYLOAD), 0);
  const [pages, wanted] = [cachedPages(file), cache === 'cold' ? 0 : PAYLOAD / PAGE_SIZE];
  if (pages !== wanted)
    throw new Error(`the page cache is not ${cache}: it has ${pages} of the file's ${PAYLOAD / PAGE_SIZE} pages`);
}

/** The whole of the payload through a path, and out of the receiver's queue again. */
function send(path: PathName, route: Route, file: File, into: Mapping): void {
  using transfer = paths[path].start({ fd: file.fd, offset: 0, length: PAYLOAD }, route.sender.fd, { chunk: PAYLOAD });
  for (let n = 1; n > 0; ) {
    n = transfer.step();
    if (n < 0) throw transfer.error ?? new Error(`${path}: step() answered ${n}`);
  }
  receiveInto(route, into.address, PAYLOAD);
}

/** Requests that this thread was seen giving to a disk's driver. Some are given by the kernel's own threads, unseen here. */
function requests(work: () => void): Finding {
  const instrument = 'block tracepoint';
  const capability = threadRecorder();
  if (!capability.works) {
    work();
    return { instrument, saw: `nothing: ${capability.cause}` };
  }
  using recorder = TracepointRecorder.open(['block/block_rq_issue']);
  const issued = recorder.during(work).map(({ fields }) => fields.bytes);
  const bytes = issued.reduce((sum, one) => sum + one, 0);
  return { instrument, saw: `${issued.length} requests of this thread to a disk, ${bytes} bytes in all` };
}

/** A disk is slow, and asked in the same way each time: a few windows are enough. */
const WINDOWS = 3;

export interface DiskTransfers {
  /** Bytes that came from the disk for each byte of the payload. */
  readonly diskTransfers: Evidence;
  readonly evidence: Finding;
}

/**
 * Two accounts of the same: what the thread asked the block layer for, and what the page cache has more than before. Throws
 * as {@link bring}.
 */
export function diskTransfers(path: PathName, route: Route, file: File, cache: Cache): DiskTransfers {
  using into = Mapping.anonymous(PAYLOAD);
  const { diskBytes } = callCost(
    {
      prepare: () => bring(file, cache),
      work: () => {
        send(path, route, file, into);
        return 0;
      },
    },
    WINDOWS,
  );
  bring(file, cache);
  const before = cachedPages(file);
  const evidence = requests(() => send(path, route, file, into));
  const added = cachedPages(file) - before;
  return {
    diskTransfers: agree('of the payload', [
      {
        instrument: 'proc-thread-io',
        value: isMeasured(diskBytes) ? diskBytes.value / PAYLOAD : { missing: diskBytes.missing },
      },
      { instrument: 'mincore', value: (added * PAGE_SIZE) / PAYLOAD },
    ]),
    evidence,
  };
}

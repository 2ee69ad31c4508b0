/** The same path under watchpoints: whatever the CPU itself does with one byte of the payload, at every place it has. */
import { Mapping } from '../../io/mapping.ts';
import type { Transfer } from '../../paths/index.ts';
import { directMapAddress, frameOf } from '../../probe/direct-map.ts';
import { type Place, type Touch, Watchpoints } from '../../probe/watchpoint.ts';
import { PAGE_SIZE } from '../../sys/mmap.ts';
import { receiveInto, untilArrived } from './pair.ts';
import { addressOf, begin, PAYLOAD, type Subject, step } from './subject.ts';

export interface Touched {
  /** Times that the byte was read where it lay, in the sender's calls and until it had arrived: each is a copy. */
  readonly sender: number;
  /** Times that it was written to the receiver's memory. */
  readonly receiver: number;
  readonly touches: readonly Touch[];
}

const FILE_PAGE = "the file's page";
const BUFFER = 'the user buffer';
const BUFFER_WRITE = 'the user buffer (written)';
const BUFFER_PAGE = "the user buffer's page";
const MAPPING = 'the mapping';
const RECEIVER = "the receiver's buffer";

/** One transfer, one position. Throws if watchpoints cannot be had, if a record was lost, or if a page moved meanwhile. */
export function touched(subject: Subject, position: number): Touched {
  const start = position - (position % PAGE_SIZE);
  // mapped, so that the page has an address of ours to find its frame by; locked, so that it stays
  using window = Mapping.file(subject.file, { offset: start, length: PAGE_SIZE, populate: true });
  window.lock();
  const filePage = {
    label: FILE_PAGE,
    address: directMapAddress(window.address + position - start),
    access: 'rw',
  } as const;
  using transfer = begin(subject);
  const sending: Touch[] = [];
  try {
    while (transfer.delivered < PAYLOAD) sending.push(...watchedStep(subject, transfer, position, filePage));
  } catch (error) {
    finish(subject, transfer);
    throw error;
  }
  const receiving = watchedReceive(subject, transfer, position);
  const count = (label: string) => sending.filter((touch) => touch.label === label).length;
  const sender = count(FILE_PAGE) + count(MAPPING) + (count(BUFFER) - count(BUFFER_WRITE)) + count(BUFFER_PAGE);
  return { sender, receiver: receiving.length, touches: [...sending, ...receiving] };
}

function watchedStep({ pair }: Subject, transfer: Transfer, position: number, filePage: Place): Touch[] {
  const frame = bufferFrame(transfer, position);
  using watch = new Watchpoints([filePage, ...places(transfer, position, frame)]);
  const touches = watch.during(() => {
    step(transfer);
    // what the last step queued may be copied on its way
    if (transfer.delivered === PAYLOAD) untilArrived(pair, PAYLOAD);
  });
  if (bufferFrame(transfer, position) === frame) return touches;
  if (transfer.delivered > position)
    throw new Error('the path exchanged its memory in the very step that sent the byte');
  // the page that was watched is no longer the buffer's: whoever touched it had nothing to do with the byte
  return touches.filter((touch) => touch.label !== BUFFER_PAGE);
}

/** What is left in the sockets when watching fails would be taken for the next transfer's. */
function finish({ pair }: Subject, transfer: Transfer): void {
  while (transfer.delivered < PAYLOAD) step(transfer);
  using memory = Mapping.anonymous(PAYLOAD);
  receiveInto(pair, memory.address, PAYLOAD);
}

function watchedReceive(subject: Subject, transfer: Transfer, position: number): Touch[] {
  using memory = Mapping.anonymous(PAYLOAD);
  memory.lock();
  let watch: Watchpoints;
  try {
    watch = new Watchpoints([{ label: RECEIVER, address: memory.address + position, access: 'w' }]);
  } catch (error) {
    finish(subject, transfer);
    throw error;
  }
  try {
    return watch.during(() => receiveInto(subject.pair, memory.address, PAYLOAD));
  } finally {
    watch.close();
  }
}

/** Memory of the path's own that is not there yet has no frame. */
function bufferFrame(transfer: Transfer, position: number): bigint | undefined {
  const own = addressOf(transfer, position);
  if (own?.kind !== 'memory') return undefined;
  try {
    return frameOf(own.address);
  } catch {
    return undefined;
  }
}

function places(transfer: Transfer, position: number, frame: bigint | undefined): Place[] {
  const own = addressOf(transfer, position);
  if (own === undefined) return [];
  const { address } = own;
  if (own.kind === 'mapping') return [{ label: MAPPING, address, access: 'rw' }];
  const user: Place[] = [
    { label: BUFFER, address, access: 'rw' },
    { label: BUFFER_WRITE, address, access: 'w' },
  ];
  return frame === undefined
    ? user
    : [...user, { label: BUFFER_PAGE, address: directMapAddress(address), access: 'rw' }];
}

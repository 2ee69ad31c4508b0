/** The aliasing oracle on a whole path, hop by hop: from the file to the receiver's memory. */
import { Mapping } from '../../io/mapping.ts';
import { changed, type Hop, type HopSeen, watchHop } from '../../probe/aliasing.ts';
import { peekInto, receiveInto, untilArrived } from './pair.ts';
import { addressOf, begin, byteAt, PAYLOAD, POSITIONS, putByte, type Subject, step } from './subject.ts';

export interface Aliased {
  /** Those of the sender's side: file to user buffer to socket, as far as the path has them. */
  readonly sender: readonly HopSeen[];
  /** Socket to receiver's buffer. */
  readonly receiver: HopSeen;
}

/** One transfer. The file's bytes are put back. Throws what {@link watchHop} throws. */
export function alias(subject: Subject): Aliased {
  const { pair, file } = subject;
  const original = new Uint8Array(PAYLOAD);
  file.pread(original, 0);
  const was = (position: number) => original[position] as number;
  const change = (position: number, byte: number) => void file.pwrite(Uint8Array.of(byte), position);
  using memory = Mapping.anonymous(PAYLOAD);
  using transfer = begin(subject);
  while (transfer.delivered < PAYLOAD) step(transfer);
  untilArrived(pair, PAYLOAD);
  try {
    const own = addressOf(transfer, 0)?.kind;
    const at = (position: number) => (addressOf(transfer, position) as { address: number }).address;
    const sender: HopSeen[] = [];
    const look = () => {
      peekInto(pair, memory.address, PAYLOAD);
      return (position: number) => byteAt(memory.address + position);
    };
    if (own !== undefined) {
      const into = own === 'memory' ? 'user buffer' : 'mapping';
      sender.push(watchHop({ hop: `file > ${into}`, change, look: () => (p) => byteAt(at(p)) }, POSITIONS, was));
      // a mapping shows the file, and was changed with it
      const put: Hop['change'] = own === 'memory' ? (p, byte) => putByte(at(p), byte) : () => {};
      sender.push(watchHop({ hop: `${into} > socket`, change: put, look }, POSITIONS, was));
    } else {
      sender.push(watchHop({ hop: 'file > socket', change, look }, POSITIONS, was));
    }
    const receiver = lastHop(subject, memory, was);
    return { sender, receiver };
  } finally {
    file.pwrite(original, 0);
  }
}

/**
 * What lies in the socket cannot be changed from outside, so here the far side is changed: bytes that were peeked at. Had they
 * been given by reference, the queue would show the change when they are taken for good.
 */
function lastHop({ pair }: Subject, memory: Mapping, was: (position: number) => number): HopSeen {
  const before = new Map(POSITIONS.map((position) => [position, byteAt(memory.address + position)]));
  for (const [position, byte] of before) putByte(memory.address + position, byte ^ 0x0f);
  using taken = Mapping.anonymous(PAYLOAD);
  receiveInto(pair, taken.address, PAYLOAD);
  let [copied, aliased] = [0, 0];
  for (const [position, byte] of before) {
    const seen = byteAt(taken.address + position);
    if (seen === byte) copied++;
    else if (seen === (byte ^ 0x0f)) aliased++;
    else
      throw new Error(
        `socket > receiver: byte ${position} is ${seen}, sent as ${was(position)} or ${changed(was(position))}`,
      );
  }
  return { hop: 'socket > receiver', copied, aliased };
}

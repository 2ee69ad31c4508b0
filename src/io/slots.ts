/**
 * What an epoll set watches. The kernel hands back 64 bits with each event: here a slot and a generation, never the
 * descriptor's number, which may be another file's by the time the event is looked at (hazards 4 and 32).
 */

export interface Slot<T> {
  readonly index: number;
  /** Unsigned, 32 bits: counts up with each use of any slot of the set. */
  readonly generation: number;
  readonly fd: number;
  data: T;
  /** The `EPOLL*` mask. */
  events: number;
  /** False after a one-shot event, until it is armed again. */
  armed: boolean;
  /** False if the kernel's set does not hold it at the moment: see {@link Epoll}'s rebuilding. */
  held: boolean;
  /** Stops listening for the descriptor's owner letting go of it. */
  cancel: (() => void) | undefined;
}

export class Slots<T> {
  readonly #slots: (Slot<T> | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #byFd = new Map<number, Slot<T>>();
  #generation = 0;

  get size(): number {
    return this.#byFd.size;
  }

  /** A slot that is not findable by its descriptor before {@link enter}: the kernel may still refuse it. */
  take(fd: number, events: number, data: T): Slot<T> {
    this.#generation = (this.#generation + 1) >>> 0;
    const index = this.#free.pop() ?? this.#slots.length;
    const slot: Slot<T> = {
      index,
      generation: this.#generation,
      fd,
      data,
      events,
      armed: true,
      held: true,
      cancel: undefined,
    };
    this.#slots[index] = slot;
    return slot;
  }

  /** The kernel has it. Whatever was watched under this number before is another, closed file. */
  enter(slot: Slot<T>): void {
    const before = this.#byFd.get(slot.fd);
    if (before) this.drop(before);
    this.#byFd.set(slot.fd, slot);
  }

  drop(slot: Slot<T>): void {
    if (this.#slots[slot.index] !== slot) return;
    slot.cancel?.();
    this.#slots[slot.index] = undefined;
    this.#free.push(slot.index);
    if (this.#byFd.get(slot.fd) === slot) this.#byFd.delete(slot.fd);
  }

  find(fd: number): Slot<T> | undefined {
    return this.#byFd.get(fd);
  }

  /** What an event speaks of, or nothing if that is gone. */
  at(index: number, generation: number): Slot<T> | undefined {
    const slot = this.#slots[index];
    return slot !== undefined && slot.generation === generation ? slot : undefined;
  }

  [Symbol.iterator](): MapIterator<Slot<T>> {
    return this.#byFd.values();
  }
}

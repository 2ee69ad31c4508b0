/** An arm of the bench: one way to send one file, over and over, on a connection of its own. */
export interface Arm {
  /** Sends the whole file once; resolves or returns when the socket has taken all of it. */
  send(): void | Promise<void>;
  /** System calls of the latest {@link send} by its own count; null if it keeps none. */
  readonly ownCalls: number | null;
}

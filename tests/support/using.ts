/** What the `using` statement does, which Node 20 cannot read: runs `body` and closes what it was given, last first. */
export function using<T extends [Disposable, ...Disposable[]]>(things: T, body: (...things: T) => void): void {
  try {
    body(...things);
  } finally {
    for (const thing of [...things].reverse()) thing[Symbol.dispose]();
  }
}

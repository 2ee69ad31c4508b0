/**
 * Says how far the work is: one line that is written over on a terminal, a line for each new phase elsewhere.
 *
 * Drawn only when the bench reports, never by a timer, which would wake this process up while it is being measured. That,
 * and Ctrl-C, rule out a ready-made spinner: they put the terminal into raw mode and end the process by themselves.
 */
import { clearLine, cursorTo } from 'node:readline';

const REDRAW_MS = 100;

export class Progress {
  readonly #stream = process.stderr;
  readonly #live = process.stderr.isTTY === true && !process.env.CI;
  #phase = '';
  #drawn = 0;
  #open = false;

  /** `phase` changes seldom; `detail` may change with every call. */
  show(phase: string, detail = ''): void {
    const fresh = phase !== this.#phase;
    this.#phase = phase;
    if (!this.#live) {
      if (fresh) this.#stream.write(`${phase}\n`);
      return;
    }
    const now = performance.now();
    if (!fresh && now - this.#drawn < REDRAW_MS) return;
    this.#drawn = now;
    this.#open = true;
    clearLine(this.#stream, 0);
    cursorTo(this.#stream, 0);
    this.#stream.write(`${phase}${detail}`.slice(0, (this.#stream.columns || 80) - 1));
  }

  /** Takes the line away. */
  end(): void {
    this.#phase = '';
    if (!this.#open) return;
    this.#open = false;
    clearLine(this.#stream, 0);
    cursorTo(this.#stream, 0);
  }
}

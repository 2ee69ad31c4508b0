/** Ctrl-C and SIGTERM: the first one ends the work in order, the second one ends the process. */
import { constants } from 'node:os';

export class Interrupted extends Error {
  /** What a shell shows for a process that the signal ended. */
  readonly exitCode: number;

  constructor(name: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${name}`);
    this.name = 'Interrupted';
    this.exitCode = 128 + constants.signals[name];
  }
}

export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const handlers = (['SIGINT', 'SIGTERM'] as const).map((name) => {
    const handler = () => controller.abort(new Interrupted(name));
    process.once(name, handler);
    return () => process.removeListener(name, handler);
  });
  try {
    return await work(controller.signal);
  } finally {
    for (const remove of handlers) remove();
  }
}

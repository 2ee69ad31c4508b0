/** The child's end of the channel: answers one call after the other, and never outlives its parent. */
import type { Reply, Request } from './protocol.ts';

type Handler = (argument: never, event: (name: string) => Promise<void>) => unknown;

function tell(reply: Reply): Promise<void> {
  return new Promise((resolve) => {
    // a parent that is gone is no error: the channel's end is about to be seen
    if (process.send === undefined || !process.connected) resolve();
    else process.send(reply, () => resolve());
  });
}

export function serve(handlers: Readonly<Record<string, Handler>>): void {
  process.on('disconnect', () => process.exit(0));
  // Ctrl-C goes to the whole terminal group; the parent decides what it means
  process.on('SIGINT', () => {});
  process.on('message', async ({ id, call, argument }: Request) => {
    try {
      const handler = handlers[call];
      if (handler === undefined) throw new Error(`no such call: ${call}`);
      const result = await handler(argument as never, (event) => tell({ id, event }));
      await tell({ id, result });
    } catch (error) {
      await tell({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
}

if (process.send === undefined) {
  process.stderr.write('iolab: this is a part of `iolab bench paths`, which starts it\n');
  process.exit(2);
}

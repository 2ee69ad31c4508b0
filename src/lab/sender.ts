/** The sending process: one arm, one file, one connection. */
import { Counters, countingInstruments } from '../probe/index.ts';
import { type Arm, openArm } from './arms/index.ts';
import { cpuSince, cpuTime } from './cpu-time.ts';
import { pinThisThread } from './pinning.ts';
import type { Counted, OpenArm, SenderCalls, Sent } from './protocol.ts';
import { serve } from './serve.ts';

let opened: Arm | undefined;
let counters: Counters | undefined;

function arm(): Arm {
  if (opened === undefined) throw new Error('no arm is open');
  return opened;
}

serve({
  load: (): null => null,

  async open(request: OpenArm): Promise<null> {
    opened = await openArm(request);
    if (request.cpu !== undefined) await pinThisThread(request.cpu);
    return null;
  },

  async send({ transfers }: Parameters<SenderCalls['send']>[0]): Promise<Sent> {
    const one = arm();
    const before = cpuTime();
    const start = process.hrtime.bigint();
    for (let i = 0; i < transfers; i++) {
      const sending = one.send();
      if (sending !== undefined) await sending;
    }
    const end = process.hrtime.bigint();
    return { start: String(start), end: String(end), cpu: cpuSince(before) };
  },

  beginCounting(): Record<string, string> {
    const causes: Record<string, string> = {};
    for (const { name, capability } of countingInstruments) {
      const answer = capability();
      if (!answer.works) causes[name] = answer.cause;
    }
    counters = Counters.open(countingInstruments);
    return causes;
  },

  async count(): Promise<Counted> {
    if (counters === undefined) throw new Error('beginCounting() comes first');
    const one = arm();
    counters.begin();
    const sending = one.send();
    if (sending !== undefined) await sending;
    counters.end();
    return { counts: { ...counters.difference() }, ownCalls: one.ownCalls };
  },

  endCounting(): null {
    counters?.close();
    counters = undefined;
    return null;
  },
});

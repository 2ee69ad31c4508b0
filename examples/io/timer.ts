/**
 * A timer, a counter and a signal to stop, all waited for at once.
 *
 * Shows: Timer.every, its async iterator, EventFd.wait, AbortSignal.
 * Needs Linux 2.6.27.
 * Run: node --import ./tests/support/typescript.mjs examples/io/timer.ts
 */
import { EventFd, Timer } from '../../src/io/index.ts';

const timer = Timer.open();
const done = EventFd.open();
timer.every(5);

async function tick(): Promise<void> {
  let ticks = 0;
  for await (const expirations of timer) {
    ticks += Number(expirations);
    if (ticks >= 5) break;
  }
  done.add(ticks);
}

const ticking = tick();
console.log('ticks counted by the other side:', (await done.wait())?.toString());
await ticking;

timer.disarm();
try {
  await timer.wait({ signal: AbortSignal.timeout(10) });
} catch (error) {
  console.log('a disarmed timer is waited for until the signal says so:', (error as Error).name);
}
console.log('and with a time-out, nothing is answered:', await timer.wait({ timeout: 5 }));
timer.close();
done.close();

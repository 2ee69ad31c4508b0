import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { addonEnv, script } from '../support/compiled.ts';

// by hand: IOLAB_ROUNDS=1000 npx vitest run tests/io/terminate.test.ts
const rounds = Number(process.env.IOLAB_ROUNDS ?? 5);

/** Things to wait for that never come, and each way to wait for them. */
const PREPARE = `
  import { parentPort, workerData } from 'node:worker_threads';
  import { Epoll, EventFd, Pipe, poll, ready, select, Timer, Socket } from '$io';
  const pipe = Pipe.open();
  const counter = EventFd.open();
  const timer = Timer.open();
  const epoll = Epoll.open();
  epoll.add(counter, { in: true });
`;
const WAITS = {
  epoll: 'epoll.wait()',
  'epoll with a time-out': 'epoll.wait(1e6)',
  poll: 'poll([{ fd: pipe.readEnd, events: 1 }])',
  select: 'select({ read: [pipe.readEnd] })',
  eventfd: 'counter.takeSync()',
  timer: 'timer.takeSync()',
  asynchronous:
    'await Promise.race([epoll.waitAsync(), ready(pipe.readEnd, { in: true }), timer.wait(), counter.wait()])',
};

function percentile(times: number[], p: number): number {
  return times.sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * p))] ?? Number.NaN;
}

describe('terminate() of a Worker inside a wait (hazard 37)', () => {
  test.each(Object.entries(WAITS))('%s', { timeout: 600_000 }, async (_name, wait) => {
    const file = script(`${PREPARE} parentPort.postMessage('waiting'); ${wait}; parentPort.postMessage('woken');`);
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const worker = new Worker(file, { env: { ...process.env, ...addonEnv } });
      const messages: unknown[] = [];
      worker.on('message', (message) => messages.push(message));
      await once(worker, 'message');
      // into the wait, and anywhere in its slice
      await new Promise((resolve) => setTimeout(resolve, 5 + ((round * 7) % 50)));
      const start = performance.now();
      const code = await worker.terminate();
      times.push(performance.now() - start);
      expect([code, messages]).toEqual([1, ['waiting']]);
    }
    expect(times.length).toBe(rounds);
    const p99 = percentile(times, 0.99);
    if (process.env.IOLAB_ROUNDS) console.log(`${_name}: p50 ${percentile(times, 0.5)} ms, p99 ${p99} ms`);
    // a slice is 25 ms; without slices this never ends
    expect(p99).toBeLessThan(5000);
  });
});

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  output: string;
}

async function run(source: string, timeout = 60_000): Promise<Ended> {
  const child = spawn(process.execPath, [script(source)], {
    env: { ...process.env, ...addonEnv, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [code, signal] = await once(child, 'close');
  return { code, signal, output };
}

const IMPORTS = `
  import { Worker, isMainThread, parentPort, threadId } from 'node:worker_threads';
  import { Epoll, EventFd, Pipe, ready, Timer } from '$io';
  import { native } from '$native';
  const epoll = Epoll.open();
  const counter = EventFd.open();
  const pipe = Pipe.open();
  const timer = Timer.open();
  epoll.add(counter, { in: true });
  const { runtime } = native;
  /** A watcher as the addon has it, without the promises above it. */
  const raw = (callback) => {
    counter.add();
    const id = runtime.watchOpen(counter.fd, callback);
    runtime.watchStart(id, 1);
    return id;
  };
  /** Watchers of every kind, all open. */
  const watching = () => {
    const all = [epoll.waitAsync(), ready(pipe.readEnd, { in: true }), timer.wait(), ready(counter, { out: true, pri: true })];
    for (const each of all) each.catch(() => {});
    return all;
  };
`;

describe('the end of the process, with watchers open', () => {
  // phase: what runs, and the exit code that it must have
  test.each([
    ['exit() at once', 'watching(); process.exit(7);', 7],
    ['exit() in a callback of a watcher', 'counter.add(); epoll.waitAsync().then(() => process.exit(7)); watching;', 7],
    [
      'exit() in the event itself',
      // a timer of its own: timer.wait(), which watching() starts, would take the expiration away if it came first
      'const own = Timer.open(); own.once(1); epoll.add(own, { in: true }); watching()[0].then(() => process.exit(7));',
      7,
    ],
    [
      'an uncaught throw in a callback',
      "counter.add(); watching(); ready(counter, { in: true }).then(() => { throw new Error('thrown'); });",
      1,
    ],
    ['an uncaught throw at once', "watching(); throw new Error('thrown');", 1],
    ['exit() in beforeExit', "process.on('beforeExit', () => { watching(); process.exit(7); });", 7],
    [
      "use in 'exit'",
      "watching(); process.on('exit', () => { counter.add(); epoll.wait(0); epoll.close(); watching; }); process.exit(7);",
      7,
    ],
    ["watching anew in 'exit'", "process.on('exit', () => { watching(); }); process.exitCode = 7;", 7],
    ['SIGTERM', "watching(); process.kill(process.pid, 'SIGTERM');", 'SIGTERM'],
    [
      'SIGTERM with a handler',
      "watching(); process.on('SIGTERM', () => process.exit(7)); process.kill(process.pid, 'SIGTERM');",
      7,
    ],
    ['nobody waits any more', 'watching(); for (const each of [epoll, counter, pipe, timer]) each.close();', 0],
    ['nothing was waited for', 'void epoll;', 0],
    ['exit() in the raw callback', 'raw(() => process.exit(7));', 7],
    ['a throw in the raw callback', "raw(() => { throw new Error('thrown'); });", 1],
    [
      'a throw of null in the raw callback',
      "process.on('uncaughtException', (e) => process.exit(e === null ? 7 : 8)); raw(() => { throw null; });",
      7,
    ],
    [
      'a watcher closed in its raw callback',
      'const id = raw(() => { runtime.watchClose(id); counter.close(); setImmediate(() => process.exit(7)); });',
      7,
    ],
    ['a watcher left open at the end', 'const id = raw(() => {}); runtime.watchRef(id, 0); process.exitCode = 7;', 7],
    [
      'an aborted wait',
      'const c = new AbortController(); epoll.waitAsync({ signal: c.signal }).catch(() => {}); ready(pipe.readEnd, 1, { signal: c.signal }).catch(() => {}); c.abort();',
      0,
    ],
  ] as const)('%s', async (_name, body, expected) => {
    const ended = await run(`${IMPORTS}\n${body}`);
    expect([ended.signal ?? ended.code, /FATAL|Assertion|core dumped/.test(ended.output), ended.output]).toEqual([
      expected,
      false,
      expected === 1 ? expect.stringContaining('thrown') : '',
    ]);
  });

  test('a blocked Worker does not hold up process.exit()', async () => {
    const ended = await run(`
      import { Worker, isMainThread, parentPort } from 'node:worker_threads';
      import { EventFd } from '$io';
      if (isMainThread) {
        const worker = new Worker(new URL(import.meta.url));
        worker.on('message', () => setTimeout(() => process.exit(7), 20));
      } else {
        parentPort.postMessage('waiting');
        EventFd.open().takeSync();
      }`);
    expect(ended).toEqual({ code: 7, signal: null, output: '' });
  });
});

describe('the end of Workers, with watchers open', () => {
  const ends = {
    'running out': 'watching(); for (const each of [epoll, counter, pipe, timer]) each.close();',
    'exit() at once': 'watching(); process.exit(7);',
    'exit() in a callback': 'counter.add(); epoll.waitAsync().then(() => process.exit(7));',
    'a throw in a callback':
      "counter.add(); watching(); ready(counter, { in: true }).then(() => { throw new Error('thrown'); });",
    "exit(), then use in 'exit'":
      "watching(); process.on('exit', () => { counter.add(); epoll.wait(0); watching; }); process.exit(7);",
    'exit() in the raw callback': `raw(() => process.exit(7));`,
    'a throw in the raw callback': `raw(() => { throw new Error('thrown'); });`,
    'terminate in a storm of raw callbacks': `let n = 0; raw(() => { if (++n === 100) parentPort.postMessage('ready'); });`,
    terminate: "watching(); parentPort.postMessage('ready'); setInterval(() => {}, 1000);",
  };

  test.each(Object.entries(ends))('%s', { timeout: 120_000 }, async (name, body) => {
    const cycles = Number(process.env.IOLAB_ROUNDS ?? 12);
    const ended = await run(`${IMPORTS}
      import { readdirSync } from 'node:fs';
      if (isMainThread) {
        for (const each of [epoll, counter, pipe, timer]) each.close();
        const round = () => new Promise((resolve) => {
          const worker = new Worker(new URL(import.meta.url));
          worker.on('error', () => {});
          worker.on('message', () => worker.terminate());
          worker.on('exit', resolve);
        });
        await round();
        const before = readdirSync('/proc/self/fd').length;
        const codes = new Set();
        for (let i = 0; i < ${cycles}; i += 4) for (const code of await Promise.all([round(), round(), round(), round()])) codes.add(code);
        await new Promise((resolve) => setTimeout(resolve, 50));
        process.stdout.write(JSON.stringify([[...codes], readdirSync('/proc/self/fd').length - before]));
      } else {
        ${body}
      }`);
    const code = name === 'running out' ? 0 : /^exit/.test(name) ? 7 : 1;
    expect(ended).toEqual({ code: 0, signal: null, output: JSON.stringify([[code], 0]) });
  });

  // by hand: IOLAB_CYCLES=100
  const cycles = Number(process.env.IOLAB_CYCLES ?? 1);
  test('64 Workers at a time load the addon, watch and go', { timeout: 120_000 * cycles }, async () => {
    const ended = await run(
      `${IMPORTS}
      if (isMainThread) {
        watching();
        let total = 0;
        for (let cycle = 0; cycle < ${cycles}; cycle++) {
          const workers = Array.from({ length: 64 }, () => new Worker(new URL(import.meta.url)));
          for (const worker of workers) worker.on('error', () => {});
          const codes = await Promise.all(workers.map((worker) => new Promise((resolve) => worker.on('exit', resolve))));
          total += codes.filter((code) => code === 7 || code === 1).length;
        }
        process.stdout.write(String(total));
        process.exit(0);
      }
      watching();
      counter.add();
      ready(counter, { in: true }).then(() => { if (threadId % 2) process.exit(7); throw new Error('thrown'); });`,
      100_000 * cycles,
    );
    expect(ended).toEqual({ code: 0, signal: null, output: String(64 * cycles) });
  });
});

test('a number that Node had when the addon was loaded, and gave back, can be used', async () => {
  const ended = await run(`
    import { spawn } from 'node:child_process';
    const child = spawn('true', { stdio: ['pipe', 'pipe', 'pipe'] });
    child.stdout.resume();
    child.stderr.resume();
    const closed = new Promise((resolve) => child.once('close', resolve));
    const { Pipe } = await import('$io');
    const { native } = await import('$native');
    await closed;
    // enough to take every number that has become free
    const pipes = Array.from({ length: 20 }, () => Pipe.open());
    for (const pipe of pipes) pipe.writeEnd.write(Buffer.from('x'));
    const fresh = pipes.flatMap((pipe) => [pipe.readEnd.fd, pipe.writeEnd.fd]);
    process.stdout.write(String(fresh.some((fd) => native.runtime.guards(fd) === 1)));
    for (const pipe of pipes) pipe.close();
  `);
  expect(ended).toEqual({ code: 0, signal: null, output: 'false' });
});

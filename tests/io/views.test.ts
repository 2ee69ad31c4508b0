/**
 * Views of mappings in the programs that kill a process which hands out foreign memory carelessly (hazards 10, 11 and 16),
 * each in a process of its own. That somebody else handles SIGBUS, too, cannot be arranged from JavaScript: the sanitizer
 * builds do it, whose handler is there before ours.
 *
 * IOLAB_ROUNDS makes them longer (and IOLAB_CHILD_TIMEOUT, in ms, lets them be).
 */
import { describe, expect, test, vi } from 'vitest';
import { run } from '../support/child.ts';
import { tempDir } from '../support/temp.ts';

// each of these starts processes and Workers, on a machine that may have other work
vi.setConfig({ testTimeout: process.env.IOLAB_ROUNDS ? 1_000_000 : 120_000 });

const rounds = (usual: number) => Number(process.env.IOLAB_ROUNDS ?? usual);

const TRUNCATION = `
  import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
  import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

  const PAGES = 64;
  const PAGE = 4096;
  const TO_CUT = 0;
  const CUT = 1;

  /** Cuts the file at a random page, at a random moment after it is told to. */
  function cutter({ path, state }) {
    const fd = openSync(path, 'r+');
    for (let round = 1; ; round++) {
      // a late notify() of the round before may wake it, too
      while (Atomics.load(state, TO_CUT) === round - 1) Atomics.wait(state, TO_CUT, round - 1);
      if (Atomics.load(state, TO_CUT) < 0) break;
      for (let spin = Math.random() * 20_000; spin > 0; spin--);
      ftruncateSync(fd, Math.floor(Math.random() * PAGES) * PAGE);
      Atomics.store(state, CUT, round);
    }
    closeSync(fd);
  }

  /** Reads through a view all the while; expects zeros where the file is gone, and to be told. */
  async function reader({ path, state, rounds }) {
    const { File } = await import('$io/file');
    const { Mapping } = await import('$io/mapping');
    const file = File.open(path, 2);
    const content = Buffer.alloc(PAGES * PAGE, 1);
    let told = 0;
    for (let round = 1; round <= rounds; round++) {
      file.pwrite(content, 0);
      const mapping = Mapping.file(file, { write: round % 2 === 0 });
      const bytes = new Uint8Array(mapping.view());
      Atomics.store(state, TO_CUT, round);
      Atomics.notify(state, TO_CUT);
      let at = Math.floor(Math.random() * bytes.length);
      while (Atomics.load(state, CUT) !== round) {
        at = (at + PAGE * 7 + 1) % bytes.length;
        if (bytes[at] > 1) throw new Error('read ' + bytes[at]);
      }
      for (at = 0; at < bytes.length; at += PAGE) if (bytes[at] > 1) throw new Error('read ' + bytes[at]);
      try {
        mapping.read(0, new Uint8Array(1));
      } catch (error) {
        if (error.code === 'ERR_MAPPING_TRUNCATED') told++;
      }
      mapping.close();
      if (bytes.length !== 0) throw new Error('the view is still there');
    }
    Atomics.store(state, TO_CUT, -1);
    Atomics.notify(state, TO_CUT);
    file.close();
    return told;
  }

  const begin = (name, rounds) => {
    const path = process.argv[2] + '/' + name;
    const fd = openSync(path, 'w');
    writeSync(fd, Buffer.alloc(PAGES * PAGE, 1));
    closeSync(fd);
    const data = { path, state: new Int32Array(new SharedArrayBuffer(8)), rounds };
    new Worker(process.argv[1], { workerData: { role: 'cutter', ...data }, argv: [process.argv[2]] });
    return data;
  };
  const inWorker = (data) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(process.argv[1], { workerData: { role: 'reader', ...data }, argv: [process.argv[2]] });
      worker.on('message', resolve).on('error', reject);
    });

  if (!isMainThread) {
    if (workerData.role === 'cutter') cutter(workerData);
    else parentPort.postMessage(await reader(workerData));
  } else {
    const [where, count] = [process.argv[3], Number(process.argv[4])];
    const told =
      where === 'main'
        ? [await reader(begin('main', count))]
        : await Promise.all([0, 1, 2].map((i) => inWorker(begin('worker-' + i, Math.ceil(count / 3)))));
    console.log(told.reduce((sum, n) => sum + n, 0));
  }
`;

describe('a file cut at random moments under its readers', () => {
  test.each(['main', 'workers'])('kills nobody, and each of them is told: %s', (where) => {
    const count = rounds(300);
    const { stdout } = run(TRUNCATION, { args: [tempDir(), where, String(count)] });
    expect(Number(stdout)).toBe(where === 'main' ? count : Math.ceil(count / 3) * 3);
  });
});

describe('a view that is laundered out of its Worker', () => {
  const LAUNDRY = `
    import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
    import { setTimeout } from 'node:timers/promises';
    const move = (buffer) => (buffer.transfer ? buffer.transfer() : structuredClone(buffer, { transfer: [buffer] }));
    if (isMainThread) {
      let sum = 0;
      const alive = [];
      for (let round = 0; round < Number(process.argv[2]); round++) {
        const worker = new Worker(process.argv[1], { workerData: round });
        let got;
        worker.on('message', (buffer) => (got = new Uint8Array(buffer)));
        await new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject));
        for (let i = 0; i < got.length; i += 64) sum += got[i];
        got.fill(1);
        if (got.length !== 1048576) throw new Error('length ' + got.length);
        alive.push(got);
        // some are let go again, and collected
        if (alive.length > 8) alive.splice(0, 4);
        if (round % 16 === 0) gc();
      }
      for (const bytes of alive) for (let i = 0; i < bytes.length; i += 64) sum += bytes[i];
      console.log(sum > 0);
    } else {
      const { Mapping } = await import('$io/mapping');
      const { File } = await import('$io/file');
      const file = File.open('/proc/self/exe');
      // of a file and of nothing; ended by the Worker's end, or by close()
      const mapping = workerData % 2 === 0 ? Mapping.file(file, { length: 1048576 }) : Mapping.anonymous(1048576);
      const moved = move(mapping.view());
      if (workerData % 3 === 0) mapping.close();
      file.close();
      parentPort.postMessage(moved, [moved]);
    }
  `;

  test('can still be read and written after its Worker has ended', () => {
    const { stdout } = run(LAUNDRY, { flags: ['--expose-gc', '--no-warnings'], args: [String(rounds(40))] });
    expect(stdout.trim()).toBe('true');
  });
});

test('mappings run out with a clear error before V8 runs out of them', () => {
  const { stdout } = run(`
    import { File } from '$io/file';
    import { Mapping } from '$io/mapping';
    const file = File.open(process.argv[1]);
    const all = [];
    let error;
    // of one file page: the kernel could merge neighbours that are anonymous
    while (error === undefined) {
      try {
        all.push(Mapping.file(file));
      } catch (e) {
        error = e;
      }
    }
    const many = all.length;
    const still = all[0].read(0, Buffer.alloc(4));
    for (const mapping of all) mapping.close();
    Mapping.file(file).close();
    console.log(JSON.stringify({ code: error.code, syscall: error.syscall, message: error.message, many, still }));
  `);
  const { code, syscall, message, many, still } = JSON.parse(stdout);
  expect([code, syscall, still]).toEqual(['ENOMEM', 'mmap', 4]);
  expect(message).toMatch(/vm\.max_map_count allows the process \d+: close some, or raise it with sysctl/);
  expect(many).toBeGreaterThan(1000);
});

test('the addon may be loaded by a Worker alone, and by another after that one has ended', () => {
  run(
    `
    import { writeFileSync } from 'node:fs';
    import { isMainThread, Worker } from 'node:worker_threads';
    if (isMainThread) {
      for (let i = 0; i < 3; i++)
        await new Promise((resolve, reject) => {
          const worker = new Worker(process.argv[1], { argv: [process.argv[2]] });
          worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error('exit ' + code)))).on('error', reject);
        });
    } else {
      const { Mapping } = await import('$io/mapping');
      const { File } = await import('$io/file');
      writeFileSync(process.argv[2] + '/unloaded', Buffer.alloc(8192, 1));
      const file = File.open(process.argv[2] + '/unloaded', 2);
      const mapping = Mapping.file(file);
      const bytes = new Uint8Array(mapping.view());
      file.truncate(0);
      if (bytes[4096] !== 0 || !mapping.truncated) throw new Error('not caught');
    }
  `,
    { args: [tempDir()] },
  );
});

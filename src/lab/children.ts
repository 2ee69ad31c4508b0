/** Sender and receiver processes: started from compiled code, called over IPC, and always gone in the end. */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Reply } from './protocol.ts';

type Calls = { [name: string]: (argument: never) => unknown };
type Answer = {
  resolve(value: unknown): void;
  reject(error: Error): void;
  event?: ((name: string) => void) | undefined;
};

/** The compiled entry, also when this file itself runs as TypeScript under a test runner. */
function entry(name: string): string {
  const url = new URL(`./${name}.js`, import.meta.url);
  const path = fileURLToPath(url).replace(/\/src\/lab\/([^/]+)$/, '/dist/lab/$1');
  if (!existsSync(path)) throw new Error(`iolab: ${path} is missing: run \`npm run build\` first`);
  return path;
}

export class Child<C> {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #pending = new Map<number, Answer>();
  readonly #gone: Promise<void>;
  #stderr = '';
  #next = 0;

  /** `fds`: descriptors that it gets, too, as 4, 5 and so on; they stay open here. */
  constructor(entryName: string, name: string, fds: readonly number[] = []) {
    this.name = name;
    // what the user set for the bench (an inspector, coverage) must not slow down what it measures
    const { NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...env } = process.env;
    const stdio = ['ignore' as const, 'ignore' as const, 'pipe' as const, 'ipc' as const, ...fds];
    this.#process = fork(entry(entryName), [], { execArgv: [], env, stdio });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-2000);
    });
    this.#process.on('message', (reply: Reply) => this.#answer(reply));
    this.#gone = new Promise((resolve) => {
      this.#process.on('error', (error) => {
        this.#fail(`cannot be started or spoken to: ${error.message}`);
        // one that never started does not end, either
        if (this.#process.pid === undefined) resolve();
      });
      this.#process.once('close', (code, signal) => {
        this.#fail(`ended before it answered (${signal ?? `code ${code}`})`);
        resolve();
      });
    });
  }

  #fail(how: string): void {
    for (const { reject } of this.#pending.values()) reject(new Error(`${this.name} ${how}\n${this.#stderr}`.trim()));
    this.#pending.clear();
  }

  #answer(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    if ('event' in reply) {
      pending.event?.(reply.event);
      return;
    }
    this.#pending.delete(reply.id);
    if ('error' in reply) pending.reject(new Error(`${this.name}: ${reply.error}`));
    else pending.resolve(reply.result);
  }

  /** Rejects with the child's own error, or because it ended. `event` is told what it says before its answer. */
  call<K extends keyof C & string>(
    name: K,
    argument: Parameters<Extract<C[K], Calls[string]>>[0],
    event?: (name: string) => void,
  ): Promise<ReturnType<Extract<C[K], Calls[string]>>> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      if (!this.#process.connected) {
        reject(new Error(`${this.name} has ended\n${this.#stderr}`.trim()));
        return;
      }
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject, event });
      this.#process.send({ id, call: name, argument });
    });
  }

  /** Ends it, whatever it is doing, and waits until it is gone. */
  async end(): Promise<void> {
    // does nothing to one that has ended
    this.#process.kill('SIGKILL');
    await this.#gone;
  }
}

/** All children of one bench. */
export class Children {
  readonly #all: { end(): Promise<void> }[] = [];
  #ending: Promise<unknown> | undefined;

  start<C>(entryName: string, name: string): Child<C> {
    // somebody who was about to start one when the bench was called off
    if (this.#ending !== undefined) throw new Error(`${name} is not started: the bench has ended`);
    const child = new Child<C>(entryName, name);
    this.#all.push(child);
    return child;
  }

  /** Resolves when all of them are gone, also for who asks a second time. */
  async end(): Promise<void> {
    this.#ending ??= Promise.all(this.#all.map((child) => child.end()));
    await this.#ending;
  }
}

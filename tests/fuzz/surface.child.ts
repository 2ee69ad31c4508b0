/**
 * The fuzz itself, in a process of its own: `surface.child.ts SEED CALLS RESULT`, in an empty directory. Before each call
 * it writes down which, so that a crash can be named; at the end it writes what it found to RESULT.
 */
import { closeSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import fc from 'fast-check';
import { native } from '../../src/native.ts';
import { type Argument, thrown } from './argument.ts';
import { kind, mustStay, optional } from './kinds.ts';
import {
  gateCalls,
  type Parameter,
  parameters,
  pumpSignatures,
  runtimeSignatures,
  sysSignatures,
} from './signatures.ts';
import { World } from './world.ts';

const [seed = 1, calls = 100_000] = process.argv.slice(2).map(Number);
const result = process.argv[4] ?? 'result.json';
const BATCH = 500;

type Native = (...args: unknown[]) => unknown;
interface Target {
  name: string;
  call: Native;
  parameters: Parameter[];
}
interface Call {
  target: Target;
  args: Argument[];
}

/** Combinations that would wait for ever or act beyond this process, and are no question of checks. */
const harmful: Record<string, (args: readonly unknown[]) => boolean> = {
  // close(2) then waits for the peer, non-blocking or not; TCP_CONGESTION and TCP_ULP load kernel modules
  setsockopt: ([, level, name]) => (level === 1 && name === 13) || (level === 6 && (name === 13 || name === 31)),
  // the peer's descriptor would be ours without the addon's knowledge (SO_PEERPIDFD)
  getsockopt: ([, level, name]) => level === 1 && name === 77,
};

const targets: Target[] = [];
function add(group: string, object: object, signatures: Record<string, string>, lead: Parameter[] = []): void {
  const present = Object.keys(object).filter((name) => !gateCalls.includes(name));
  for (const name of present) {
    const signature = signatures[name];
    if (signature === undefined) throw new Error(`${group}.${name} has no line in signatures.ts`);
    const call = (object as Record<string, Native>)[name];
    if (call) targets.push({ name: `${group}.${name}`, call, parameters: [...lead, ...parameters(signature)] });
  }
}
add('sys', native.sys, sysSignatures);
add('pump', native.pump, pumpSignatures);
add('runtime', native.runtime, runtimeSignatures);
add('loop', native.loop, sysSignatures, [{ name: 'times', kind: 'times' }]);

const call: fc.Arbitrary<Call> = fc.oneof(
  ...targets.map((target) => {
    const keep = target.parameters.findLastIndex((p) => mustStay(p.kind)) + 1;
    return fc.tuple(fc.tuple(...target.parameters.map((p) => kind(p.kind))), fc.nat(20)).map(([args, shorter]) => ({
      target,
      args: shorter < 3 ? args.slice(0, Math.max(keep, args.length - shorter)) : args,
    }));
  }),
);
const show = ({ target, args }: Call): string => `${target.name}(${args.join(', ')})`;

const diary = openSync('diary', 'w');
const world = new World();
const outcomes: Record<string, number> = {};
const reached = new Set<string>();
let made = 0;

/** Makes one call; answers what is wrong with its outcome. */
function run(one: Call): string | undefined {
  const { target } = one;
  const values = one.args.map((a) => a.make(world));
  const short = target.name.slice(target.name.indexOf('.') + 1);
  if (harmful[short]?.(target.name.startsWith('loop.') ? values.slice(1) : values)) return undefined;
  const line = `${show(one)}\n`;
  writeSync(diary, line.padEnd(400), 0);
  made++;
  world.touched = '';
  const missing = target.parameters.slice(one.args.length).some((p) => !optional(p.kind));
  const refused = missing || one.args.some((a) => a.bad);
  const wrong = judge(target, values, refused);
  const touched = world.touched;
  if (world.overwritten()) return 'bytes outside the buffer were changed';
  return wrong ?? (touched && `the call ran code of the caller: ${touched}`) ?? undefined;
}

function judge(target: Target, values: unknown[], refused: boolean): string | undefined {
  const count = (outcome: string) => {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  };
  try {
    const value = target.call(...values);
    world.made(target.name.slice(target.name.indexOf('.') + 1), values, value);
    if (refused) return `answered ${String(value)}, but an argument is wrong`;
    count(typeof value === 'number' && value < 0 ? '-errno' : 'done');
    if (typeof value === 'number') {
      if (value >= 0) reached.add(target.name);
      return Number.isSafeInteger(value) && value >= -4095 ? undefined : `answered ${value}`;
    }
    reached.add(target.name);
    if (target.name === 'runtime.view' && (value === null || value instanceof ArrayBuffer)) return undefined;
    if (target.name === 'runtime.bindEpollWait') return wait(value);
    return `answered ${String(value)}`;
  } catch (error) {
    if (error === thrown) return world.touched ? `ran a getter: ${world.touched}` : undefined;
    const { code, message } = error as { code?: string; message: string };
    const named = /^(\w+): (\w+)/.exec(message)?.[2] ?? '';
    if (!(error instanceof TypeError) && !(error instanceof RangeError)) return `threw ${String(error)}`;
    if (!/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE|FOREIGN_FD)$/.test(code ?? '')) return `threw ${code} ${message}`;
    if (!target.parameters.some((p) => p.name === named)) return `names no argument: ${message}`;
    count(error.name);
    return undefined;
  }
}

/** The function that bindEpollWait gives is part of the surface, too. */
function wait(bound: unknown): string | undefined {
  if (bound === null) return undefined;
  const [events, call] = bound as [ArrayBuffer, (timeout: unknown) => number];
  if (!(events instanceof ArrayBuffer)) return 'the events are no ArrayBuffer';
  for (const odd of [Number.NaN, '1', undefined, 2 ** 31, 0.5])
    try {
      return `wait(${odd}) answered ${call(odd)}`;
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof RangeError)) return `wait(${odd}) threw ${error}`;
    }
  const answer = call(0);
  return Number.isInteger(answer) && answer >= -4095 ? undefined : `wait(0) answered ${answer}`;
}

function finish(failure?: string): never {
  const silent = targets.map((t) => t.name).filter((name) => !reached.has(name));
  writeFileSync(
    `${result}.part`,
    JSON.stringify({ seed, calls: made, outcomes, targets: targets.length, silent, failure }),
  );
  renameSync(`${result}.part`, result);
  process.exit(0);
}

for (let batch = 0; made < calls; batch++) {
  const details = fc.check(
    fc.property(call, (one) => {
      const wrong = run(one);
      if (wrong) throw new Error(`${show(one)}: ${wrong}`);
    }),
    // what a call left behind makes it differ the second time: the first failure is the one to report
    { seed: seed * 10_007 + batch, numRuns: BATCH, endOnFailure: true },
  );
  if (details.failed) finish(String((details.errorInstance as Error | undefined)?.message ?? details.counterexample));
  // libuv looks at what is watched now
  await new Promise((resolve) => setImmediate(resolve));
  const left = world.tidy();
  if (left.length > 0) finish(`left behind after batch ${batch}: ${left.join('; ')}`);
  if (batch % 20 === 0) globalThis.gc?.();
  world.build();
}
world.tidy();
world.end();
closeSync(diary);
finish();

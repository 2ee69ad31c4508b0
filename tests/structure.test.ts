/** The shape of the repository: what belongs together has the same name, and rules that no other tool checks. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { native } from '../src/native.ts';
import { tempDir } from './support/temp.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const there = (path: string) => existsSync(join(root, path));
const below = (folder: string, ending: RegExp): string[] =>
  there(folder)
    ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => ending.test(path))
        .map((path) => `${folder}/${path}`)
    : [];
const committed = (): string[] =>
  there('.git')
    ? execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
        .split('\0')
        .filter((path) => path && there(path))
    : [...below('native', /./), ...below('src', /./), ...below('tests', /\.ts$/), ...below('docs', /\.md$/)];

const families = Object.keys(native.families).sort();
/** Sources without a test file of the same name, and what tests them instead. */
const testedElsewhere: Record<string, RegExp> = {
  // each command and experiment is run as a whole, as users do
  cli: /^src\/cli\//,
  lab: /^src\/(lab|report|probe|model)\//,
  // a part of a folder whose public faces are tested one by one
  parts:
    /^src\/(io|paths|sys)\/.*(index|errors|budget|hints|deadline|leaks|pending|slots|take|rights|interest|counter|endpoint|structs|transfer|piped|buffered|drive|path|options|instrument)\.ts$/,
};

describe('a family is', () => {
  test('a file of native/sys', () => {
    const files = readdirSync(join(root, 'native/sys')).filter((f) => f.endsWith('.cc'));
    expect(files.map((f) => f.replace('.cc', '')).sort()).toEqual(families);
  });

  test.each(families)('%s: native, src, test, doc and example of the same name', (family) => {
    const parts = [
      `native/sys/${family}.cc`,
      `src/sys/${family}.ts`,
      `tests/sys/${family}.test.ts`,
      `docs/sys/${family}.md`,
      `examples/sys/${family}.ts`,
    ];
    expect(parts.filter((path) => !there(path))).toEqual([]);
  });

  test.each(families)('%s: each call exported, with its signature in C above it', (family) => {
    const source = read(`src/sys/${family}.ts`);
    const wrong = (native.families[family] ?? []).filter((name) => {
      const match = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*export const ${name}\\b`).exec(source);
      const doc = match?.[1] ?? '';
      // a second form of a call points to the first
      return !/`[\w ]+\*? ?\*?\w+\([^`]*\)`/.test(doc.replace(/\n \* /g, ' ')) && !/\{@link \w+\}/.test(doc);
    });
    expect(wrong).toEqual([]);
  });
});

test('calls that wait say so first', () => {
  const blocking: Record<string, string[]> = {
    epoll: ['epollWait', 'epollPwait2'],
    poll: ['poll', 'ppoll'],
    select: ['select', 'pselect6'],
    socket: ['accept4', 'connect', 'recv', 'send'],
    fd: ['read', 'write'],
    pipe: ['splice'],
    sendfile: ['sendfile'],
  };
  const silent = Object.entries(blocking).flatMap(([family, names]) => {
    const source = read(`src/sys/${family}.ts`);
    return names.filter(
      (name) =>
        !new RegExp(
          `/\\*\\*\\s*\\*? ?\\*\\*(?:Blocks|May block|Waits)(?:(?!\\*/)[\\s\\S])*\\*/\\s*export const ${name}\\b`,
        ).test(source),
    );
  });
  expect(silent).toEqual([]);
});

test('every path has a page', () => {
  const names = [...read('src/paths/index.ts').matchAll(/'?([\w-]+)'?: \w+Path\b|from '\.\/([\w-]+)\.ts'/g)]
    .map((match) => match[1] ?? match[2] ?? '')
    .filter((name) => there(`src/paths/${name}.ts`) && /start\(/.test(read(`src/paths/${name}.ts`)) && name !== 'path');
  expect(names.filter((name) => !there(`docs/paths/${name}.md`))).toEqual([]);
});

test('every source has a test of its name, or is tested elsewhere', () => {
  const lonely = below('src', /\.ts$/).filter(
    (path) =>
      !there(path.replace('src/', 'tests/').replace('.ts', '.test.ts')) &&
      !Object.values(testedElsewhere).some((pattern) => pattern.test(path)) &&
      path !== 'src/native.ts' &&
      path !== 'src/index.ts',
  );
  expect(lonely).toEqual([]);
});

describe('native code', () => {
  test('uses no fd_set of libc (it ends at 1024)', () => {
    const uses = below('native', /\.(cc|h)$/).filter((path) => /\bFD_(SET|CLR|ISSET|ZERO)\s*\(/.test(read(path)));
    expect(uses).toEqual([]);
  });

  test('of a family calls no Node-API: the binder does', () => {
    expect(below('native/sys', /./).filter((path) => /\bnapi_/.test(read(path)))).toEqual([]);
  });

  test.skipIf(spawnSync('nm', ['--version']).status !== 0)('has no fault gate in the release binary (needs nm)', () => {
    const symbols = (path: string) => execFileSync('nm', ['-C', join(root, path)], { encoding: 'utf8' });
    const gate = /gate::|gateArm|IOLAB_GATE/;
    expect(symbols('build/Release/iolab.node')).not.toMatch(gate);
    expect(readFileSync(join(root, 'build/Release/iolab.node')).includes('gateArm')).toBe(false);
    // the same question to the binary that has it
    expect(symbols('build/Release/iolab_gate.node')).toMatch(gate);
  });
});

test('files of more than 400 lines say why at their head', () => {
  const long = [...below('native', /\.(cc|h)$/), ...below('src', /\.ts$/), ...below('tests', /\.ts$/)].filter(
    (path) => {
      const lines = read(path).split('\n');
      // two that are still to be cut up
      if (/^tests\/io\/(epoll|socket)\.test\.ts$/.test(path)) return false;
      return lines.length > 401 && !lines.slice(0, 30).some((line) => /one file because/i.test(line));
    },
  );
  expect(long).toEqual([]);
});

describe('committed files', () => {
  test.each(['package-lock.json', 'tests/matrix/package-lock.json'])('%s names no download host', (path) => {
    expect(read(path)).not.toMatch(/"resolved": "(?!\.|node_modules|[\w/.-]+")/);
  });

  test('name no registry and no directory of one machine', () => {
    const named = committed()
      .filter((path) => /\.(ts|mjs|cjs|js|json|md|cc|h|gyp|txt|yml)$|\.npmrc$|^\.ci\//.test(path))
      .filter((path) => path !== 'tests/structure.test.ts')
      .filter((path) =>
        /registry\.npmjs|https?:\/\/[\w.-]*(?:registry|artifact|nexus|mirror)[\w.-]*\/|\/(?:work|root|home\/\w+)\/\w/.test(
          read(path),
        ),
      );
    expect(named).toEqual([]);
  });
});

test('the layer check fails where a layer is crossed', { timeout: 60_000 }, () => {
  const project = join(tempDir(), 'layers');
  const put = (path: string, text: string) => {
    mkdirSync(join(project, path, '..'), { recursive: true });
    writeFileSync(join(project, path), text);
  };
  for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json'])
    cpSync(join(root, file), join(project, file));
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'));
  put('src/reactor/loop.ts', 'export const loop = 1;\n');
  put('src/paths/a.ts', "export { loop } from '../reactor/loop.ts';\n");
  put('src/io/a.ts', "export { b } from './b.ts';\nexport const a = 1;\n");
  put('src/io/b.ts', "import { a } from './a.ts';\nexport const b = a;\n");
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
      'src',
      '--config',
      '.dependency-cruiser.cjs',
    ],
    { cwd: project, encoding: 'utf8' },
  );
  expect(stdout).toMatch(/paths-imports-only-native-sys-io: src\/paths\/a\.ts/);
  expect(stdout).toMatch(/no-cycles/);
  expect(status).toBeGreaterThan(0);
});

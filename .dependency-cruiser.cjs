// The layers of docs/architecture.md: a graph that runs one way. `npm run layers`.

/** Folder of src/, and the folders that it may import besides itself. */
const layers = {
  model: [],
  sys: ['native'],
  io: ['native', 'sys'],
  paths: ['native', 'sys', 'io'],
  reactor: ['native', 'sys', 'io'],
  http: ['reactor', 'paths', 'io'],
  node: ['paths', 'io'],
  probe: ['native', 'sys', 'io', 'model'],
  lab: ['native', 'sys', 'io', 'paths', 'reactor', 'http', 'node', 'probe', 'model'],
  report: ['model'],
  cli: ['lab', 'report', 'http', 'model'],
};
const place = (name) => (name === 'native' ? 'native\\.ts$' : `${name}/`);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...Object.entries(layers).map(([folder, allowed]) => ({
      name: `${folder}-imports-only-${allowed.join('-') || 'itself'}`,
      severity: 'error',
      comment: 'docs/architecture.md says which folder may import which',
      from: { path: `^src/${folder}/` },
      to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].map(place).join('|')})` },
    })),
    {
      name: 'native-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^src/native\\.ts$' },
      to: { path: '^src/' },
    },
    {
      name: 'only-native-loads-the-addon',
      severity: 'error',
      comment: 'one place declares what the addon offers, and finds it',
      from: { path: '^src/', pathNot: '^src/native\\.ts$' },
      to: { path: '\\.node$|node-gyp-build' },
    },
    {
      name: 'a-folder-that-is-no-layer',
      severity: 'error',
      comment: 'give it a line in the table above, and in docs/architecture.md',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys(layers).join('|')})/` },
      to: {},
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      comment: 'what src imports is installed with it: dependencies, not devDependencies',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'], pathNot: '^node_modules/koffi' },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};

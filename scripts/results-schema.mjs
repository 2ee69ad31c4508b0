// Writes docs/results.schema.json from the compiled schema. tests/model/results.test.ts fails when it is stale.
import { writeFileSync } from 'node:fs';
import { resultsJsonSchema } from '../dist/model/results.js';

const to = new URL('../docs/results.schema.json', import.meta.url);
writeFileSync(to, `${JSON.stringify(resultsJsonSchema(), null, 2)}\n`);

// Writes the published schemas from the compiled ones. tests/model/results.test.ts fails when one is stale.
import { writeFileSync } from 'node:fs';
import { resultsJsonSchema } from '../dist/model/results.js';
import { verifyJsonSchema } from '../dist/model/verify.js';

for (const [name, schema] of Object.entries({ results: resultsJsonSchema(), verify: verifyJsonSchema() })) {
  const to = new URL(`../docs/${name}.schema.json`, import.meta.url);
  writeFileSync(to, `${JSON.stringify(schema, null, 2)}\n`);
}

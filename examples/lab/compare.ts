/**
 * Measures the same thing twice and asks what changed: nothing should have. Put a change of yours in between, and this
 * is a test of it. The bench is kept short here; give it more `time` and `rounds` to see small changes.
 *
 * Run: node --import ./tests/support/typescript.mjs examples/lab/compare.ts
 *      (from Node 24 on without --import)
 */
import { compareResults, runPathsBench } from '../../src/lab/index.ts';

const wanted = { paths: ['read-write', 'sendfile'], sizes: [65_536], pumps: false, time: 2, seed: 23 } as const;
const before = await runPathsBench(wanted);
const after = await runPathsBench(wanted);

const { arms, warnings } = compareResults(before, after);
for (const { path, figures } of arms)
  for (const { metric, change, verdict } of figures) {
    // a figure of time is a ratio with an interval, a count a difference, and what is missing a reason
    const seen =
      'ratio' in change
        ? `${change.ratio.value.toFixed(2)} times (${change.ratio.ci.map((end) => end.toFixed(2)).join(' to ')})`
        : 'difference' in change
          ? `${change.difference} more`
          : change.missing;
    console.log(`${path}: ${metric} is ${verdict}: ${seen}`);
  }
for (const warning of warnings) console.log(`Warning: ${warning}`);

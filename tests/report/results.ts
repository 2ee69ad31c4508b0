/** Results as the bench would have them, with the figures that a test is about. */
import { runDoctor } from '../../src/lab/doctor.ts';
import { lacking, type Measured } from '../../src/model/evidence.ts';
import { type MetricName, metrics, RESULTS_SCHEMA, type Results, type Run, results } from '../../src/model/results.ts';

export function measured(value: number, ci?: [number, number], instrument = 'test'): Measured {
  return ci === undefined ? { value, unit: 'x', instrument } : { value, unit: 'x', instrument, ci };
}

/** A run of 64 KiB in which all that is not given is missing for `reason`. */
export function run(path: string, given: Partial<Record<MetricName, Measured>>, reason = 'not counted here'): Run {
  const names = Object.keys(metrics.shape) as MetricName[];
  return {
    path,
    sink: 'tcp',
    fileBytes: 65536,
    chunkBytes: 65536,
    cache: 'warm',
    verified: { transfers: 3, sha256: '0'.repeat(64) },
    samples: { time: [], count: [] },
    metrics: Object.fromEntries(names.map((name) => [name, given[name] ?? lacking(reason)])) as Run['metrics'],
    overPump: lacking(reason),
  };
}

export function resultsOf(runs: Run[], noise: [number, number] = [0.98, 1.02]): Results {
  const aa = { value: 1, ci: noise };
  return results.parse({
    schema: RESULTS_SCHEMA,
    startedAt: new Date(0).toISOString(),
    seconds: 1,
    pinning: { sender: 0, receiver: 1 },
    seed: 23,
    environment: runDoctor().environment,
    controls: { aa, receiverHeadroom: { value: 2, path: 'sendfile', sink: 'tcp', fileBytes: 65536 }, groups: [] },
    runs,
    claims: [],
    warnings: ['it was warm'],
    notes: [],
  });
}

/** Stored JSON, held against the schema that it names before anybody relies on it. */
import { RESULTS_SCHEMA, type Results, results } from './results.ts';

interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: readonly Issue[] } };
}
interface Issue {
  path: PropertyKey[];
  message: string;
}

/** Throws an Error that names the first field which departs from `schema`. */
export function checked<T>(schema: Schema<T>, stored: unknown): T {
  const parsed = schema.safeParse(stored);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw new Error(`it does not follow its schema at ${first?.path.join('.') || 'its root'}: ${first?.message}`);
}

/** What a file says of itself; undefined if it says nothing. */
export function schemaOf(stored: unknown): unknown {
  return (stored as { schema?: unknown } | null)?.schema;
}

/**
 * A result file of any version that is still read, in the form of today's. `stored` is what JSON.parse answered. Throws an
 * Error that names the field.
 */
export function readResults(stored: unknown): Results {
  const schema = schemaOf(stored);
  // an older version gets a case here that turns it into the next one
  switch (schema) {
    case RESULTS_SCHEMA:
      return checked(results, stored);
    default:
      throw new Error(`its field "schema" is ${JSON.stringify(schema)}; wanted is ${JSON.stringify(RESULTS_SCHEMA)}`);
  }
}

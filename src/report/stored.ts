/** A stored result of any kind, told apart by its schema. */
import { CALLS_SCHEMA, callsResults } from '../model/calls.ts';
import { DOCTOR_SCHEMA, doctorReport } from '../model/doctor.ts';
import { RESULTS_SCHEMA, results } from '../model/results.ts';
import { TRACE_SCHEMA, traceReport } from '../model/trace.ts';
import { VERIFY_SCHEMA, verifyReport } from '../model/verify.ts';
import { renderCalls } from './calls.ts';
import { renderDoctor } from './doctor.ts';
import { renderResults } from './paths.ts';
import { renderTrace } from './trace.ts';
import { renderVerify } from './verify.ts';

/** `stored` is what JSON.parse answered. Throws an Error that says where it departs from its schema. */
export function renderStored(stored: unknown, width = 80): string {
  const schema = (stored as { schema?: unknown } | null)?.schema;
  switch (schema) {
    case RESULTS_SCHEMA:
      return renderResults(checked(results, stored), width);
    case CALLS_SCHEMA:
      return renderCalls(checked(callsResults, stored), width);
    case DOCTOR_SCHEMA:
      return renderDoctor(checked(doctorReport, stored), width);
    case VERIFY_SCHEMA:
      return renderVerify(checked(verifyReport, stored), width);
    case TRACE_SCHEMA:
      return renderTrace(checked(traceReport, stored), width);
    default:
      throw new Error(
        `its schema is ${JSON.stringify(schema)}; this version reads ${RESULTS_SCHEMA}, ${VERIFY_SCHEMA}, ${TRACE_SCHEMA}, ${CALLS_SCHEMA} and ${DOCTOR_SCHEMA}`,
      );
  }
}

interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: readonly Issue[] } };
}
interface Issue {
  path: PropertyKey[];
  message: string;
}

function checked<T>(schema: Schema<T>, stored: unknown): T {
  const parsed = schema.safeParse(stored);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw new Error(`it does not follow its schema at ${first?.path.join('.') || 'its root'}: ${first?.message}`);
}

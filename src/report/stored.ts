/** A stored result of any kind, told apart by its schema. */
import { CALLS_SCHEMA, callsResults } from '../model/calls.ts';
import { COMPARE_SCHEMA, comparison } from '../model/compare.ts';
import { DOCTOR_SCHEMA, doctorReport } from '../model/doctor.ts';
import { RESULTS_SCHEMA } from '../model/results.ts';
import { checked, readResults, schemaOf } from '../model/stored.ts';
import { TRACE_SCHEMA, traceReport } from '../model/trace.ts';
import { VERIFY_SCHEMA, verifyReport } from '../model/verify.ts';
import { renderCalls } from './calls.ts';
import { renderComparison } from './compare.ts';
import { csvOfResults } from './csv.ts';
import { renderDoctor } from './doctor.ts';
import { markdownOfResults } from './markdown.ts';
import { renderResults } from './paths.ts';
import { renderTrace } from './trace.ts';
import { renderVerify } from './verify.ts';

/** `stored` is what JSON.parse answered. Throws an Error that says where it departs from its schema. */
export function renderStored(stored: unknown, width = 80): string {
  const schema = schemaOf(stored);
  switch (schema) {
    case RESULTS_SCHEMA:
      return renderResults(readResults(stored), width);
    case CALLS_SCHEMA:
      return renderCalls(checked(callsResults, stored), width);
    case COMPARE_SCHEMA:
      return renderComparison(checked(comparison, stored), width);
    case DOCTOR_SCHEMA:
      return renderDoctor(checked(doctorReport, stored), width);
    case VERIFY_SCHEMA:
      return renderVerify(checked(verifyReport, stored), width);
    case TRACE_SCHEMA:
      return renderTrace(checked(traceReport, stored), width);
    default:
      throw new Error(
        `its schema is ${JSON.stringify(schema)}; this version reads ${RESULTS_SCHEMA}, ${VERIFY_SCHEMA}, ${TRACE_SCHEMA}, ${CALLS_SCHEMA}, ${COMPARE_SCHEMA} and ${DOCTOR_SCHEMA}`,
      );
  }
}

/** Forms that a stored result can be written in; all but text are of results of `bench paths`. */
export const FORMATS = ['text', 'csv', 'md'] as const;
export type Format = (typeof FORMATS)[number];

/** {@link renderStored}, in another form; `width` is that of text. */
export function renderAs(format: Format, stored: unknown, width = 80): string {
  switch (format) {
    case 'text':
      return renderStored(stored, width);
    case 'csv':
      return csvOfResults(readResults(stored));
    case 'md':
      return markdownOfResults(readResults(stored));
  }
}

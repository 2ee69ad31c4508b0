/** A stored result as one HTML file. Apart from the other reports: it loads a library of charts, which takes a while. */
import { RESULTS_SCHEMA } from '../../model/results.ts';
import { checked, readResults, schemaOf } from '../../model/stored.ts';
import { VERIFY_SCHEMA, verifyReport } from '../../model/verify.ts';
import { type Content, page } from './page.ts';

export interface HtmlLook {
  /** What is shown first; the page holds both. */
  readonly language?: 'en' | 'zh';
}

/** `stored` is what JSON.parse answered. Throws an Error that says what is wrong with it. */
export function renderHtml(stored: unknown, { language = 'en' }: HtmlLook = {}): string {
  return page(contentOf(stored), language);
}

function contentOf(stored: unknown): Content {
  const schema = schemaOf(stored);
  if (schema === RESULTS_SCHEMA) {
    const results = readResults(stored);
    return { ...results, results };
  }
  if (schema === VERIFY_SCHEMA) return { ...checked(verifyReport, stored), results: undefined };
  throw new Error(`its schema is ${JSON.stringify(schema)}; a page is made of ${RESULTS_SCHEMA} and ${VERIFY_SCHEMA}`);
}

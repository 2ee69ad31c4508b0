/** Stored JSON in, text out. */
export { renderCalls } from './calls.ts';
export { renderComparison } from './compare.ts';
export { renderDoctor } from './doctor.ts';
export { renderResults } from './paths.ts';
export { FORMATS, type Format, renderAs, renderStored } from './stored.ts';
export { size } from './text.ts';
export { renderTrace } from './trace.ts';
export { LANGUAGES, type Language, renderClaimList, renderVerify } from './verify.ts';

/**
 * Reads the YAML file of a user's own claims. Whatever is wrong with it is told with the line and column where it stands,
 * all of it at once.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { claimsFile, type FileClaim, keysAt } from './user-schema.ts';

const LARGEST = 1024 * 1024;

/** One thing that is wrong with the file, and where. */
interface Problem {
  readonly offset: number;
  readonly message: string;
}

/** At most {@link LARGEST} bytes: also of what has no size to ask for, as a pipe. Throws RangeError. */
function readText(file: string): string {
  const buffer = Buffer.alloc(LARGEST + 1);
  let length = 0;
  try {
    const fd = openSync(file, 'r');
    try {
      for (let n = -1; n !== 0 && length < buffer.length; length += n)
        n = readSync(fd, buffer, length, buffer.length - length, null);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new RangeError(`${file}: ${(error as Error).message}`);
  }
  if (length > LARGEST) throw new RangeError(`${file}: it has more than ${LARGEST} bytes, the most that is read`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length));
  } catch {
    throw new RangeError(`${file}: it is no UTF-8 text`);
  }
}

type Document = ReturnType<typeof parseDocument>;

/** Errors of the syntax, and what is no part of plain data: anchors could make a small file a large value. */
function syntaxProblems(document: Document): Problem[] {
  const problems: Problem[] = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
    offset: pos[0],
    message,
  }));
  visit(document, (_key, node) => {
    if (isAlias(node))
      problems.push({ offset: node.range?.[0] ?? 0, message: `*${node.source}: aliases are not read, write it out` });
  });
  return problems;
}

/** Where the value at `path` begins, or its key if `key` is given; the nearest thing that is there. */
function offsetOf(document: Document, path: readonly PropertyKey[], key?: string): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const step of key === undefined ? path : [...path, key]) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) node = node.items[Number(step)];
    else break;
    if (key === undefined && isNode(node) && node.range) offset = node.range[0];
  }
  return offset;
}

/** `claims[0].path`; nothing for the file as a whole. */
function nameOf(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
}

interface Issue {
  readonly code?: string;
  readonly path: PropertyKey[];
  readonly message: string;
  readonly keys?: string[];
  readonly errors?: Issue[][];
}

/** Of the forms that a value may have, the one that its author meant: who wrote a map meant the map. */
function meant(issue: Issue): Issue[] {
  const inner = issue.errors?.find((branch) =>
    branch.some(({ code, path }) => code !== 'invalid_type' || path.length > 0),
  );
  return inner?.flatMap((one) => meant({ ...one, path: [...issue.path, ...one.path] })) ?? [issue];
}

function shapeProblems(document: Document, issues: readonly Issue[]): Problem[] {
  return issues.flatMap(meant).flatMap(({ path, message, keys }): Problem[] => {
    const name = nameOf(path);
    const at = name === '' ? '' : `${name}: `;
    if (keys === undefined) return [{ offset: offsetOf(document, path), message: `${at}${message}` }];
    return keys.map((key) => ({
      offset: offsetOf(document, path, key),
      message: `${at}"${key}" is unknown here; one of ${keysAt(path).join(', ')}`,
    }));
  });
}

/** Throws RangeError with a line for each problem: `FILE:LINE:COL: claims[0].path: "sendfle" is no path; one of ...`. */
function refuse(file: string, counter: LineCounter, problems: readonly Problem[]): never {
  const lines = [...problems]
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, message }) => {
      const { line, col } = counter.linePos(offset);
      return `${file}:${Math.max(1, line)}:${Math.max(1, col)}: ${message}`;
    });
  throw new RangeError(lines.join('\n'));
}

function parse(file: string, text: string, counter: LineCounter): Document {
  try {
    return parseDocument(text, { lineCounter: counter, prettyErrors: false });
  } catch (error) {
    // the parser descends as deep as its text does
    throw new RangeError(`${file}: it cannot be read: ${(error as Error).message}`);
  }
}

export interface PlacedClaim extends FileClaim {
  /** Where it begins: `FILE:LINE`. */
  readonly place: string;
}

/** Throws RangeError: every problem of the file, or why it could not be read. */
export function readClaims(file: string): PlacedClaim[] {
  const counter = new LineCounter();
  const document = parse(file, readText(file), counter);
  const syntax = syntaxProblems(document);
  if (syntax.length > 0) refuse(file, counter, syntax);
  const read = claimsFile.safeParse(document.toJS({ maxAliasCount: 0 }));
  if (!read.success) refuse(file, counter, shapeProblems(document, read.error.issues as readonly Issue[]));
  return read.data.claims.map((claim, i) => {
    const { line } = counter.linePos(offsetOf(document, ['claims', i]));
    return { ...claim, place: `${file}:${line}` };
  });
}

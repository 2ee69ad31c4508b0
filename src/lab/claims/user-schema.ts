/** What a file of a user's own claims may say, `iolab/claims@1`. The messages are for who wrote the file. */
import { z } from 'zod';
import { type Expectation, expectation, wording } from '../../model/claim.ts';
import { cache, sink } from '../../model/results.ts';
import { parseSize, SIZE_HELP } from '../../model/size.ts';
import { DEFAULT_CHUNK, type PathName, paths } from '../../paths/index.ts';
import { MAX_RW_COUNT } from '../../sys/sendfile.ts';
import { routeNames } from '../routes.ts';

export const CLAIMS_SCHEMA = 'iolab/claims@1';

/** What a claim may expect of one transfer. */
export const FIGURES = [
  'cpuCopies',
  'cpuCopiesTotal',
  'syscalls',
  'modeSwitches',
  'contextSwitches',
  'voluntarySwitches',
  'involuntarySwitches',
  'minorFaults',
  'majorFaults',
  'readCallBytes',
  'writeCallBytes',
  'diskBytes',
] as const;
export type Figure = (typeof FIGURES)[number];

const PATHS = Object.keys(paths) as PathName[];
/** A file of that size is made for the claim, and its pages have to stay in memory. */
const MAX_SIZE = 2 ** 30;

const show = (input: unknown) => JSON.stringify(input) ?? 'nothing';

function oneOf<const T extends readonly string[]>(kind: string, names: T) {
  const error = ({ input }: { input?: unknown }) =>
    `${input === undefined ? 'is missing' : `${show(input)} is no ${kind}`}; one of ${names.join(', ')}`;
  return z.enum(names as unknown as [T[number], ...T[number][]], { error });
}

const bytes = (what: string, most: number) =>
  z
    .unknown()
    .transform((given) => (typeof given === 'string' ? parseSize(given) : given))
    .pipe(
      z
        .int({ error: `is no ${what}. ${SIZE_HELP}` })
        .min(1, `a ${what} has at least 1 byte`)
        .max(most, `a ${what} has at most ${most} bytes here`),
    );

/** A number or a range; ranges are checked for an end and for their order. */
const figure = z.unknown().transform((given, context): Expectation => {
  const read = expectation.safeParse(given);
  const wrong = read.success ? disorder(read.data) : `${show(given)} is neither a number nor { min: …, max: … }`;
  if (!read.success || wrong !== undefined) {
    context.addIssue({ code: 'custom', message: wrong ?? '' });
    return z.NEVER;
  }
  return read.data;
});

function disorder(wanted: Expectation): string | undefined {
  const [min, max] = typeof wanted === 'number' ? [wanted, wanted] : [wanted.min, wanted.max];
  if (min === undefined && max === undefined) return 'a range has a min, a max, or both';
  if ((min ?? 0) < 0 || (max ?? 0) < 0) return 'no count is below 0';
  return min !== undefined && max !== undefined && min > max
    ? `${min} to ${max} is no range: min is above max`
    : undefined;
}

const EXPECT = `name one of ${FIGURES.join(', ')}`;
const expect = z
  .strictObject(Object.fromEntries(FIGURES.map((name) => [name, figure.optional()])), {
    error: ({ input }) => `${input === undefined ? 'is missing' : 'is no map of figures'}: ${EXPECT}`,
  })
  .transform((figures) =>
    Object.fromEntries(Object.entries(figures).flatMap(([name, to]) => (to === undefined ? [] : [[name, to]]))),
  )
  // who misspelt the only figure is told that much, and no more
  .refine((figures) => Object.keys(figures).length > 0, {
    error: `expects nothing: ${EXPECT}`,
    when: ({ issues }) => issues.length === 0,
  });

const sentence = z.string().min(1, 'is empty');
const statement = z.union([sentence.transform((en) => ({ en })), wording], {
  error: ({ input }) =>
    input === undefined ? 'is missing: write what is claimed' : 'is neither a sentence nor { en: …, zh: … }',
});

const fileClaim = z
  .strictObject(
    {
      id: z
        .string({ error: ({ input }) => (input === undefined ? 'is missing' : `${show(input)} is no text`) })
        .max(80, 'an id has at most 80 letters')
        .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, {
          error: ({ input }) =>
            `${show(input)} is no id: write small letters, digits and single hyphens, as in my-claim`,
        }),
      statement,
      path: oneOf('path', PATHS),
      sink: oneOf('sink', sink.options).optional(),
      route: oneOf('route', routeNames).optional(),
      size: bytes('size', MAX_SIZE).default(DEFAULT_CHUNK),
      chunk: bytes('chunk', MAX_RW_COUNT).default(DEFAULT_CHUNK),
      cache: oneOf('cache state', cache.options).default('warm'),
      expect,
    },
    { error: 'is no claim: a claim has id, statement, path and expect' },
  )
  .refine(({ sink, route }) => sink === undefined || route === undefined, {
    error: 'sink and route say the same thing: give one of them',
    path: ['route'],
  });
export type FileClaim = z.infer<typeof fileClaim>;

export const claimsFile = z
  .strictObject(
    {
      schema: z.literal(CLAIMS_SCHEMA, {
        error: ({ input }) =>
          `${input === undefined ? 'is missing' : show(input)}; this version reads ${CLAIMS_SCHEMA}`,
      }),
      claims: z
        .array(fileClaim, { error: ({ input }) => (input === undefined ? 'is missing' : 'is no list of claims') })
        .min(1, 'has no claim in it'),
    },
    { error: `a file of claims begins with the line "schema: ${CLAIMS_SCHEMA}"` },
  )
  .superRefine(({ claims }, context) => {
    const first = new Map<string, number>();
    claims.forEach(({ id }, i) => {
      const other = first.get(id);
      if (other === undefined) first.set(id, i);
      else
        context.addIssue({
          code: 'custom',
          path: ['claims', i, 'id'],
          message: `"${id}" is the id of claims[${other}], too`,
        });
    });
  });

/** What may stand at a place of the file, for who wrote something else there. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return Object.keys(claimsFile.shape);
  if (path.length === 2) return Object.keys(fileClaim.shape);
  if (path.length === 4) return ['min', 'max'];
  return path[2] === 'expect' ? FIGURES : ['en', 'zh'];
}

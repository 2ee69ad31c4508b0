import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runNode } from '../support/run.ts';

const examples = join('examples', 'sys');

test.each(readdirSync(join(import.meta.dirname, '..', '..', examples)))(
  '%s runs, and tells something',
  async (file) => {
    const { code, signal, output } = await runNode(join(examples, file));
    expect({ code, signal }, output).toEqual({ code: 0, signal: null });
    expect(output.split('\n').length).toBeGreaterThan(2);
  },
);

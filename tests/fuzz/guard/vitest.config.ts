import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Tests that must fail: guard.test.ts runs them, and nothing else does.
export default defineConfig({
  test: {
    root: join(import.meta.dirname, '..', '..', '..'),
    include: ['tests/fuzz/guard/*.leak.ts'],
    pool: 'forks',
    setupFiles: ['tests/support/guard.ts'],
  },
});

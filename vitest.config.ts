import { defineConfig } from 'vitest/config';

// A process per file: a clean descriptor table, and a native crash takes down one file only.
const common = { pool: 'forks' as const, setupFiles: ['tests/support/guard.ts'], testTimeout: 30_000 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/faults/**'],
        },
      },
      {
        // the same code on the binary in which system calls can be made to fail by plan
        test: {
          ...common,
          name: 'faults',
          include: ['tests/faults/**/*.test.ts'],
          env: { IOLAB_ADDON: process.env.IOLAB_GATE_ADDON ?? `${import.meta.dirname}/build/Release/iolab_gate.node` },
        },
      },
    ],
  },
});

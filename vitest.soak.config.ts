import { defineConfig } from 'vitest/config'

/** Long runs, one at a time: their figures are worth nothing beside others. */
export default defineConfig({
  test: {
    include: ['src/**/*.soak.ts', 'test/**/*.soak.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 1,
    reporters: ['verbose'],
    disableConsoleIntercept: true,
  },
})

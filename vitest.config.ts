import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.ts'
import { PATIENCE_MS } from './test/support/wait.ts'

/**
 * The maker of a proof (`claimMaker`) is handed out once per process: where several suites claim it, and where whole servers
 * run, every file has a process of its own.
 */
const ALONE = ['src/api/**/*.test.ts', 'src/grant/**/*.test.ts', 'test/**/*.test.ts']

export default defineConfig({
  test: {
    pool: 'forks',
    // One more than cores: much of the time is waiting, for servers, clients and the disk.
    maxWorkers: availableParallelism() + 1,
    reporters: ['default'],
    globalSetup: ['test/support/own-folder.ts'],
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: { name: 'alone', include: ALONE, isolate: true } },
      {
        extends: true,
        test: { name: 'together', include: ['src/**/*.test.ts'], exclude: ALONE, isolate: false },
      },
    ],
    testTimeout: 2 * PATIENCE_MS,
    hookTimeout: 2 * PATIENCE_MS,
    expect: { poll: { timeout: PATIENCE_MS } },
  },
})

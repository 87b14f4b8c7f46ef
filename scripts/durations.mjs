// `node scripts/durations.mjs`: notes in test/support/durations.json how long the long files of the last `npm test` took,
// which is the order of the next one. Figures of a busy machine are as good as others: only their order counts.
import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { root } from './setup.mjs'

const LONG_MS = 2_000
const report = JSON.parse(readFileSync(join(root, 'coverage', 'report.json'), 'utf8'))
const long = report.testResults
  .map(({ name, startTime, endTime }) => [relative(root, name), endTime - startTime])
  .filter(([, ms]) => ms >= LONG_MS)
  .sort(([, a], [, b]) => b - a)
  .map(([path, ms]) => [path, Math.round(ms / 1000)])
const file = join(root, 'test', 'support', 'durations.json')
writeFileSync(file, `${JSON.stringify(Object.fromEntries(long), null, 2)}\n`)

// Prints the counts of the last test run, read from its report: `N passed, N failed, N skipped`.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

try {
  const report = JSON.parse(readFileSync(join(root, 'coverage', 'report.json'), 'utf8'))
  const broken = report.testResults.filter(
    file => file.status === 'failed' && file.assertionResults.length === 0,
  ).length
  const failed = report.numFailedTests + broken
  console.log(
    `${report.numPassedTests} passed, ${failed} failed, ${report.numPendingTests + report.numTodoTests} skipped`,
  )
} catch {
  console.log('0 passed, 1 failed')
}

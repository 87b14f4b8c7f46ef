import type { Exercise } from './exercise.ts'

/** A line of the table in docs/CLIENTS.md. */
export function row(exercise: Exercise): string {
  const what = exercise.what.replaceAll('|', '\\|')
  return `| ${exercise.client} | ${what} | ${cell(exercise, 15)} | ${cell(exercise, 18)} |`
}

/** Run by `npm test`, or only by `npm run soak`, or not at all. */
function cell({ test, soak, result }: Exercise, version: 15 | 18): string {
  if (test.includes(version)) return result
  return soak.includes(version) ? `${result} (soak)` : '–'
}

import type { Touched } from '../../../target/action.ts'
import type { Effect } from './file-rules.ts'
import type { Detail } from './request-shapes.ts'

/** Paths are bytes at the target; as text they are told as UTF-8, and in hex too where that would lose some. */
export function pathFacts(paths: readonly Buffer[]): { readonly text: string; readonly detail: Detail } {
  const told = paths.map(path => path.toString('utf8'))
  const lossy = paths.some((path, i) => !Buffer.from(told[i] ?? '', 'utf8').equals(path))
  return {
    text: told.join(' -> '),
    detail: {
      ...(paths.length > 1 && { first: told[0] ?? '', second: told[1] ?? '' }),
      ...(lossy && { hex: paths.map(path => path.toString('hex')).join(' -> ') }),
    },
  }
}

/** Paths of a request by how they are touched. */
export function touchedBy(paths: readonly string[], effects: readonly Effect[]): Touched | undefined {
  if (paths.length === 0) return undefined
  const reads = effects.some(effect => effect === 'look' || effect === 'read')
  const changes = effects.some(effect => effect !== 'look' && effect !== 'read')
  const names = [...new Set(paths)]
  return { ...(reads && { reads: names }), ...(changes && { changes: names }) }
}

/** The clients people use, unchanged, through a grant, each beside a direct run (issue B, point 2). The matrix: docs/CLIENTS.md. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXERCISES } from './clients/all.ts'
import { row } from './clients/matrix.ts'
import { exercises } from './clients/run.ts'

exercises(15, 'test', stand => {
  it('everything they did is on record, and a reader of it leaves a trace', async () => {
    const priya = await stand().world.signIn('priya')
    const { sessions } = await priya.get<{ sessions: { id: string; actions: number }[] }>('/v1/sessions')
    expect(sessions.length).toBeGreaterThan(5)
    expect(sessions.reduce((sum, { actions }) => sum + actions, 0)).toBeGreaterThan(50)
    const { matches } = await priya.get<{ matches: unknown[] }>('/v1/search?q=still+here')
    expect(matches.length).toBeGreaterThan(0)
  })
})
exercises(18, 'test')

describe('docs/CLIENTS.md', () => {
  it('lists what is exercised, and nothing else', () => {
    const doc = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'CLIENTS.md'), 'utf8')
    const [, table = ''] = doc.split('<!-- matrix -->')
    const listed = table.trim().split('\n').slice(2)
    expect(listed).toEqual(EXERCISES.map(row))
  })
})

import { describe, expect, it } from 'vitest'
import { walkDeaths } from './guarded-walk.suite.ts'

const TINY = { calls: 1, entries: 1, text: 10, signEveryMs: 0 }

describe('a log whose signer is a process of its own', () => {
  it('breaks no promise when the signer alone is killed before any of its operations', async () => {
    const walked = await walkDeaths(TINY, 'signer')
    expect(walked.wrong).toEqual([])
    expect(walked.points).toBeGreaterThan(10)
  })
})

import { expect, it } from 'vitest'
import { FILE_RULES, fileObjections, refusalText, type FileRuleName } from './file-rules.ts'

it.each(Object.entries(FILE_RULES))(
  '%s says what it refuses and the way out',
  (name, { refuses, next, holds }) => {
    const objections = fileObjections(
      { refuse: [name] },
      ['look', 'read', 'write', 'remove', 'attributes'],
      'a request',
    )
    expect(objections.map(({ rule }) => rule)).toEqual(holds === 'named' ? [name] : [])
    expect(refuses).not.toMatch(/\.$/)
    expect(next).toMatch(/\.$/)
  },
)

it('nothing is refused that nobody named, and looking is refused with everything only', () => {
  expect(fileObjections({ refuse: [] }, ['write'], 'a request')).toEqual([])
  expect(fileObjections({ refuse: ['ddl'] }, ['write'], 'a request')).toEqual([])
  const looking = (Object.keys(FILE_RULES) as FileRuleName[]).filter(
    name => fileObjections({ refuse: [name] }, ['look'], 'a request').length > 0,
  )
  expect(looking).toEqual(['file_transfer'])
})

it('the sentence names who refuses', () => {
  const [objection] = fileObjections({ refuse: ['file_reads'] }, ['read'], 'opening a file')
  expect(objection && refusalText(objection, { procedure: 'fix' })).toBe(
    'breakglass refused opening a file (procedure fix, rule file_reads). Ask for a scope that permits reading files.',
  )
  expect(objection && refusalText(objection, {})).toContain('(file_reads)')
})

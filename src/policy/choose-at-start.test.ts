import { describe, expect, it } from 'vitest'
import { chooseAtStart } from './choose-at-start.ts'
import { decide } from './decide.ts'
import { EXAMPLE, facts, known, procedureText } from './example.suite.ts'
import { keepSet, readKept } from './kept-set.ts'
import { loadProcedures } from './load.ts'

const accepted = [
  { path: 'b.yaml', text: `# a comment stays\n${EXAMPLE}` },
  { path: 'a.yaml', text: procedureText({ procedure: 'canary', targets: '[canary]' }) },
]
const edited = [
  { path: 'b.yaml', text: EXAMPLE.replace('who: { groups: [payments-oncall] }', 'who: { people: [eve] }') },
]
const whole = loadProcedures(accepted, known)
if (!whole.ok) throw new Error('the example does not load')
const inForce = whole.set.digest
const kept = keepSet(accepted)
const eve = { ...facts, requester: { id: 'eve', groups: [] } }

describe('the set a start uses', () => {
  it('is the one in the folder when it is the accepted one', () => {
    expect(chooseAtStart({ files: [...accepted].reverse(), inForce, kept: undefined, known })).toEqual({
      set: expect.objectContaining({ digest: inForce }) as object,
      problems: [],
    })
  })

  it('is the last accepted one when the folder was edited: the edit opens nothing and is offered', () => {
    const chosen = chooseAtStart({ files: edited, inForce, kept, known })
    expect(chosen.set.digest).toBe(inForce)
    expect(decide(chosen.set, eve).kind).toBe('denied')
    expect(decide(chosen.set, facts).kind).toBe('allowed')
    expect(chosen.offered).toBeDefined()
    expect(chosen.alert).toMatch(/are not accepted; the last accepted ones .* stay in force\.$/)
  })

  it('is the last accepted one when the folder does not load or is gone', () => {
    const broken = chooseAtStart({ files: [{ path: 'b.yaml', text: '][' }], inForce, kept, known })
    expect(broken.set.digest).toBe(inForce)
    expect(broken.offered).toBeUndefined()
    expect(broken.alert).toMatch(/not valid/)
    expect(broken.problems[0]).toMatchObject({ file: 'b.yaml', line: 1 })
    expect(chooseAtStart({ files: [], inForce, kept, known }).set.digest).toBe(inForce)
  })

  it('is empty before any was accepted, however good the folder', () => {
    const chosen = chooseAtStart({ files: accepted, inForce: undefined, kept, known })
    expect(decide(chosen.set, facts).kind).toBe('denied')
    expect(chosen.offered?.digest).toBe(inForce)
    expect(chosen.alert).toMatch(/nobody can break the glass/)
  })

  it.each([
    ['missing', undefined],
    ['damaged', kept.subarray(0, kept.length - 5)],
    ['not text', Buffer.from([0xff, 0xfe])],
    ['of another set', keepSet(edited)],
    ['of no set', Buffer.from('{"format":1,"files":[]}')],
    ['of another format', Buffer.from(kept.toString().replace('"format":1', '"format":2'))],
  ])('is empty when the folder is bad and the kept bytes are %s', (_name, bytes) => {
    const chosen = chooseAtStart({ files: edited, inForce, kept: bytes, known })
    expect(chosen.set.procedures.size).toBe(0)
    expect(decide(chosen.set, eve).kind).toBe('denied')
    expect(chosen.alert).toMatch(/missing or damaged: nobody/)
  })

  it('goes on without what the configuration no longer supports, and says so', () => {
    const { canary: _, ...targets } = known.targets
    const chosen = chooseAtStart({ files: accepted, inForce, kept, known: { ...known, targets } })
    expect(chosen.set.digest).toBe(inForce)
    expect([...chosen.set.procedures.keys()]).toEqual(['orders-db-emergency'])
    expect(chosen.alert).toMatch(/Left out, as the configuration no longer supports them: a\.yaml\.$/)
  })
})

describe('kept bytes', () => {
  it('hold the files as written, in one order, without tests', () => {
    const files = [...accepted, { path: 'a.test.yaml', text: 'not kept' }]
    expect(readKept(keepSet(files))).toEqual([accepted[1], accepted[0]])
    expect(keepSet([...files].reverse()).equals(keepSet(files))).toBe(true)
  })
})

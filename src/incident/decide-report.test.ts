import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { History } from '../../test/support/history.ts'
import { newId, type PersonId } from '../kernel/ids.ts'
import { decideReport, type Report } from './decide-report.ts'
import { incidentRecord } from './incident-record.ts'
import { incidentNames, incidents } from './slice.ts'
import type { Reported } from './source.ts'
import type { StoredIncident } from './stored-incident.ts'

const PEOPLE: Readonly<Record<string, PersonId>> = { 'ana@acme.example': 'p_ana' }
const T0 = Date.UTC(2026, 10, 19, 1, 0)

const reported = (more: Partial<Reported> = {}): Reported => ({
  external: 'INC-42',
  title: 'Orders fail',
  status: 'open',
  severity: 1,
  services: ['orders'],
  environments: [],
  responders: [],
  declaredBy: { machine: 'monitor' },
  openedAt: T0,
  updatedAt: T0,
  drill: false,
  url: undefined,
  ...more,
})

function world() {
  const history = new History([incidents, incidentNames])
  let messages = 0
  return {
    history,
    hear: (what: Partial<Reported>, more: Partial<Report> = {}) => {
      const { event, outcome } = decideReport(history.fold, history.now, {
        reported: reported(what),
        source: 'pager',
        kind: { trust: 'signed', order: 'stated' },
        message: `m${(messages += 1)}`,
        digest: 'd',
        freshId: newId('incident'),
        personOf: name => PEOPLE[name],
        ...more,
      })
      if (event) history.add(event)
      return outcome
    },
    all: (): StoredIncident[] => [...history.fold.all(incidents)],
  }
}

describe('decideReport', () => {
  it('keeps names out of the leaf and leaves unknown people out of the record', () => {
    const { hear, all, history } = world()
    hear({
      responders: [
        { name: 'ana@acme.example', role: 'lead', state: 'accepted' },
        { name: 'stranger@else.example', role: 'lead', state: 'accepted' },
      ],
      declaredBy: { name: 'stranger@else.example' },
    })
    expect(all()).toMatchObject([
      { responders: [{ person: 'p_ana', role: 'lead', state: 'accepted' }], declaredBy: 'unknown' },
    ])
    expect(JSON.stringify(history.events)).not.toMatch(/@|stranger|Orders fail/)
  })

  it('knows a declarer only by the map: another name of the requester is `unknown`, never a machine', () => {
    const { hear, all } = world()
    hear({ declaredBy: { name: 'ana.private@mail.example' } })
    expect(all().map(incident => incidentRecord(incident, () => 'ana').declared_by)).toEqual(['unknown'])
  })

  it('logs nothing when the same message comes again, even after later ones', () => {
    const { hear, history } = world()
    hear({}, { message: 'first' })
    hear({ severity: 2, updatedAt: T0 + 1 })
    const before = history.events.length
    expect(hear({}, { message: 'first' }).effect).toBe('unchanged')
    expect(history.events).toHaveLength(before)
  })

  it('lets an older report never overwrite a newer one', () => {
    const { hear, all } = world()
    hear({ updatedAt: T0 + 2, severity: 3 })
    expect(hear({ updatedAt: T0 + 1, severity: 1 }).effect).toBe('unchanged')
    expect(all()).toMatchObject([{ severity: 3 }])
  })

  it('is not locked out by a report that claims to come from the future', () => {
    const { hear, all, history } = world()
    hear({ updatedAt: history.now + 1e12 })
    history.now += 1
    expect(hear({ updatedAt: history.now, status: 'resolved' }).effect).toBe('resolved')
    expect(all()).toMatchObject([{ status: 'resolved' }])
  })

  it('remembers a resolution that overtook its own beginning', () => {
    const { hear, all } = world()
    hear({ updatedAt: T0 + 5, status: 'resolved' })
    expect(hear({ updatedAt: T0 }).effect).toBe('unchanged')
    expect(all()).toMatchObject([{ status: 'resolved' }])
  })

  it('makes a new incident of what breaks again; the resolved one stays resolved', () => {
    const { hear, all } = world()
    const first = hear({})
    hear({ updatedAt: T0 + 1, status: 'resolved' })
    const second = hear({ updatedAt: T0 + 2 })
    expect(second.effect).toBe('recorded')
    expect(second.id).not.toBe(first.id)
    expect(all().map(({ status }) => status)).toEqual(['resolved', 'open'])
  })

  it('keeps incidents of two sources apart that have the same name', () => {
    const { hear, all } = world()
    hear({})
    hear({}, { source: 'other' })
    expect(all()).toHaveLength(2)
  })

  it('logs a repeating source once an hour, not at every repetition', () => {
    const { hear, history, all } = world()
    const arrival: Partial<Report> = { message: undefined, kind: { trust: 'unsigned', order: 'arrival' } }
    for (let minute = 0; minute <= 120; minute += 1) {
      hear({ updatedAt: history.now }, arrival)
      history.now += 60_000
    }
    expect(history.events.map(event => event.type)).toEqual([
      'incident.recorded',
      'incident.seen',
      'incident.seen',
    ])
    expect(all()[0]?.seenAt).toBe(history.events.at(-1)?.t)
  })

  it('ends where the newest report says, in whatever order and however often reports arrive', () => {
    const status = fc.constantFrom('open' as const, 'mitigated' as const)
    const report = fc.record({
      updatedAt: fc.integer({ min: T0, max: T0 + 50 }),
      severity: fc.integer({ min: 1, max: 5 }),
      status,
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(report, { selector: r => r.updatedAt, minLength: 1 }),
        fc.infiniteStream(fc.nat()),
        (reports, picks) => {
          const { hear, all } = world()
          const messages = reports.map((said, index) => ({ said, message: `m${index}` }))
          const order = [...messages, ...messages, ...messages]
            .map(entry => ({ entry, rank: picks.next().value as number }))
            .sort((a, b) => a.rank - b.rank)
          for (const { entry } of order) hear(entry.said, { message: entry.message })
          const newest = reports.reduce((a, b) => (b.updatedAt > a.updatedAt ? b : a))
          expect(all()).toMatchObject([newest])
        },
      ),
    )
  })

  it('never reopens: once a report resolved an incident, no order of reports makes that one open again', () => {
    const report = fc.record({
      updatedAt: fc.integer({ min: T0, max: T0 + 20 }),
      status: fc.constantFrom('open' as const, 'mitigated' as const, 'resolved' as const),
    })
    fc.assert(
      fc.property(fc.array(report, { maxLength: 30 }), reports => {
        const { hear, all } = world()
        const resolved = new Set<string>()
        for (const said of reports) {
          hear(said)
          for (const incident of all()) {
            if (resolved.has(incident.id)) expect(incident.status).toBe('resolved')
            if (incident.status === 'resolved') resolved.add(incident.id)
          }
          expect(all().filter(({ status }) => status !== 'resolved').length).toBeLessThanOrEqual(1)
        }
      }),
    )
  })
})

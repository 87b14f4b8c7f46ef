import { describe, expect, it } from 'vitest'
import { RecordingGuard } from '../../../target/recording-guard.suite.ts'
import { ListeningPlaces } from './listening-places.ts'

const WEB = { host: '127.0.0.1', port: 8080 }

function make(): { guard: RecordingGuard; places: ListeningPlaces } {
  const guard = new RecordingGuard()
  let now = 0
  return { guard, places: new ListeningPlaces(guard, () => (now += 10)) }
}

describe('the places where a target listens', () => {
  it('are those that it has confirmed', () => {
    const { guard, places } = make()
    const asked = places.ask(1)
    expect(places.has(WEB)).toBe(false)
    expect(places.covers(WEB)).toBe(false)
    asked.listens(WEB)
    expect(places.has(WEB)).toBe(true)
    expect(places.covers(WEB)).toBe(true)
    expect(places.covers({ ...WEB, port: 8081 })).toBe(false)
    expect(places.covers({ ...WEB, host: '10.0.0.1' })).toBe(false)
    expect(places.covers({ path: '/run/x' })).toBe(false)
    expect(guard.outcomes.size).toBe(0)
  })

  it('leave an outcome when they end, once', () => {
    const { guard, places } = make()
    places.ask(1).listens(WEB)
    places.connected(WEB)
    places.ended(WEB)
    places.ended(WEB)
    expect(places.has(WEB)).toBe(false)
    places.over()
    expect(guard.outcomes.get(1)).toMatchObject({
      ms: 10,
      detail: { listened: '127.0.0.1:8080', connections: 1 },
    })
  })

  it('leave an outcome when the target refuses, does not answer, or the session ends', () => {
    const { guard, places } = make()
    places.ask(1).refused()
    const late = places.ask(2)
    places.ask(3).listens({ path: '/run/x' })
    places.over()
    late.listens(WEB)
    late.refused()
    expect(guard.outcomes.get(1)?.error?.code).toBe('listen_failed')
    expect(guard.outcomes.get(2)?.error?.code).toBe('unanswered')
    expect(guard.outcomes.get(3)).toMatchObject({ detail: { listened: 'unix:/run/x', connections: 0 } })
    expect(places.has(WEB)).toBe(false)
  })

  it.each(['', '*', '0.0.0.0', '::', 'localhost'])(
    'that mean several addresses answer for each: %j',
    host => {
      const { places } = make()
      places.ask(1).listens({ host, port: 8080 })
      expect(places.covers({ host: '10.0.0.1', port: 8080 })).toBe(true)
      expect(places.covers({ host: '10.0.0.1', port: 8081 })).toBe(false)
    },
  )

  it('are bounded', () => {
    const { places } = make()
    for (let port = 0; port < 256; port++) {
      expect(places.full).toBe(false)
      places.ask(port).listens({ host: 'a', port })
    }
    expect(places.full).toBe(true)
    places.ended({ host: 'a', port: 7 })
    expect(places.full).toBe(false)
  })
})

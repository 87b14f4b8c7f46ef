import { describe, expect, it } from 'vitest'
import type { ContractClient } from './lab.suite.ts'
import type { Stand } from './stand.suite.ts'
import { eventually, EXPIRED } from './stand.suite.ts'

interface Occupation {
  readonly name: string
  /** Whether the client can be told: inside an answer that streams it would take the words for data. */
  readonly hears: boolean
  start(client: ContractClient): Promise<void>
}

const OCCUPATIONS: readonly Occupation[] = [
  { name: 'idle', hears: true, start: async () => undefined },
  { name: 'busy', hears: true, start: client => client.linger() },
  { name: 'reading an endless answer', hears: false, start: client => client.flood() },
  {
    name: 'not reading an endless answer',
    hears: false,
    start: async client => {
      await client.flood()
      client.pause()
    },
  },
]

export function endingCases(ask: () => Stand): void {
  describe('ending', () => {
    for (const occupation of OCCUPATIONS) {
      it(`requirement 11: a client that is ${occupation.name}: told why, both sides closed, nothing runs on`, async () => {
        const stand = ask()
        const { client, session } = await stand.enter()
        await occupation.start(client)
        session.guard.end(EXPIRED)
        await expect(session.end).resolves.toEqual(EXPIRED)
        client.resume()
        await client.closed
        if (occupation.hears) expect(client.told()).toContain(EXPIRED.text)
        await stand.lab.protocol.control(stand.lab.target).terminate(stand.targetLogin.name)
        expect(await stand.running()).toBe(0)
        expect(session.guard.outcomes.size).toBe(session.guard.actions.length)
        expect(stand.door.open.size).toBe(0)
      })
    }

    it('an end that came while the session was prepared is told in its first words', async () => {
      const stand = ask()
      stand.door.prepare(guard => guard.end(EXPIRED))
      const words = await stand.lab.connect({ port: stand.door.port }).then(
        async client => {
          await client.closed
          return client.told()
        },
        (cause: Error) => cause.message,
      )
      expect(words).toContain(EXPIRED.text)
      await expect(stand.door.sessions.at(-1)?.end).resolves.toEqual(EXPIRED)
      await eventually(() => stand.running()).toBe(0)
    })

    it('a second end changes nothing, and the other sessions go on', async () => {
      const stand = ask()
      const other = await stand.enter()
      const { client, session } = await stand.enter()
      session.guard.end(EXPIRED)
      session.guard.end({ reason: 'revoked', text: 'later' })
      await client.closed
      expect(client.told()).not.toContain('later')
      const mark = stand.mark('other')
      await other.client.leave(mark)
      expect(await stand.seen(mark)).toBe(true)
    })

    it('a notice reaches the person, and what runs goes on', async () => {
      const stand = ask()
      const { client, session } = await stand.enter()
      await client.linger()
      for (const text of ['breakglass: 5 minutes left.', 'breakglass: 1 minute left.']) {
        session.guard.notice(text)
        await eventually(() => client.told()).toContain(text)
      }
      expect(session.guard.outcomes.size).toBe(session.guard.actions.length - 1)
      expect(await stand.running()).toBeGreaterThan(0)
    })
  })
}

import { describe, expect, it } from 'vitest'
import type { Stand } from './stand.suite.ts'
import { eventually } from './stand.suite.ts'

export function crashCases(ask: () => Stand): void {
  describe('crash', () => {
    it('the target dies in mid-action: the client is told, the outcome is recorded once', async () => {
      const stand = ask()
      const { client, session } = await stand.enter()
      await client.linger()
      await stand.lab.kill()
      await expect(session.end).resolves.toMatchObject({ reason: 'target' })
      await client.closed
      expect(client.told()).toMatch(/target|terminat|clos/i)
      expect(session.guard.outcomes.size).toBe(session.guard.actions.length)
      expect([...session.guard.outcomes.values()].at(-1)?.error).toBeDefined()
      const again = await stand.enter()
      await again.client.leave(stand.mark('again'))
    })

    it('the network to the target breaks in mid-action: the same', async () => {
      const stand = ask()
      const { client, session } = await stand.enter()
      await client.linger()
      stand.wire.cut()
      await expect(session.end).resolves.toMatchObject({ reason: 'target' })
      await client.closed
      expect(session.guard.outcomes.size).toBe(session.guard.actions.length)
      await stand.lab.protocol.control(stand.lab.target).terminate(stand.targetLogin.name)
      expect(await stand.running()).toBe(0)
    })

    it('the client crashes in mid-action: the target is left, the outcome is recorded once', async () => {
      const stand = ask()
      const { client, session } = await stand.enter()
      await client.linger()
      client.reset()
      await expect(session.end).resolves.toMatchObject({ reason: 'client' })
      expect(session.guard.outcomes.size).toBe(session.guard.actions.length)
      expect([...session.guard.outcomes.values()].at(-1)?.error).toBeDefined()
      await stand.lab.protocol.control(stand.lab.target).terminate(stand.targetLogin.name)
      expect(await stand.running()).toBe(0)
    })

    it('the client crashes in mid-answer that nobody reads', async () => {
      const stand = ask()
      const { client, session } = await stand.enter()
      await client.flood()
      client.pause()
      client.reset()
      await expect(session.end).resolves.toMatchObject({ reason: 'client' })
      await stand.lab.protocol.control(stand.lab.target).terminate(stand.targetLogin.name)
      await eventually(() => stand.running()).toBe(0)
    })

    it('a target that is not there: refused in native words', async () => {
      const stand = ask()
      stand.address = '127.0.0.1:1'
      const words = await stand.refused()
      expect(words).toMatch(/target|connection|reach/)
    })
  })
}

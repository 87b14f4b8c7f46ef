import { describe, expect, it } from 'vitest'
import { Fault } from '../../kernel/faults.ts'
import type { Stand } from './stand.suite.ts'
import { eventually } from './stand.suite.ts'
import { openWire } from './wire.suite.ts'

export function loginCases(ask: () => Stand, ways: readonly string[]): void {
  describe('login', () => {
    it.each(ways)('by %s: gets in, and the session knows who came from where', async way => {
      const stand = ask()
      const { client, session } = await stand.enter({ way })
      expect(session.client.login).toBe(stand.lab.login)
      expect(session.client.remote).toBe('127.0.0.1')
      expect(session.facts).toBeDefined()
      const mark = stand.mark('in')
      await client.leave(mark)
      expect(await stand.seen(mark)).toBe(true)
      client.hangUp()
      await expect(session.end).resolves.toMatchObject({ reason: 'client' })
      await eventually(() => session.client.closed.aborted).toBe(true)
      expect(stand.door.failures).toEqual([])
    })

    it.each(ways)(
      'by %s: a wrong proof and an unknown login read the same, and each is reported once',
      async way => {
        const stand = ask()
        const { login } = stand.lab
        const unknown = login.replace(/.$/, last => (last === 'x' ? 'y' : 'x'))
        const wrong = await stand.refused({ way, wrong: true })
        await eventually(() => stand.door.failures).toMatchObject([{ login, remote: '127.0.0.1' }])
        expect(wrong).not.toBe('')
        const nobody = await stand.refused({ way, login: unknown })
        expect(nobody.replaceAll(unknown, login)).toBe(wrong)
        await eventually(() => stand.door.failures.length).toBe(2)
        expect(stand.door.failures[1]).toEqual({ ...stand.door.failures[0], login: unknown })
        expect(stand.door.sessions).toEqual([])
      },
    )

    it.each(ways)('by %s: an unknown login is led through the same motions', async way => {
      const stand = ask()
      const motions = async (login: string): Promise<number> => {
        const wire = await openWire({ host: '127.0.0.1', port: stand.door.port })
        await stand.lab.connect({ port: wire.port, way, login, wrong: true }).catch(() => undefined)
        await eventually(() => stand.door.open.size).toBe(0)
        await wire.close()
        return wire.returned
      }
      const { login } = stand.lab
      const known = await motions(login)
      const unknown = await motions(login.replace(/.$/, last => (last === 'x' ? 'y' : 'x')))
      // An ECDSA signature is up to three bytes shorter now and then.
      expect(Math.abs(known - unknown)).toBeLessThan(8)
    })

    it('attack 2: after a failed proof nothing of it counts', async () => {
      const stand = ask()
      await stand.refused({ wrong: true })
      const { client, session } = await stand.enter()
      await client.leave(stand.mark('after'))
      expect(session.client.login).toBe(stand.lab.login)
    })

    it('who does not finish is let go in time', async () => {
      const stand = ask()
      stand.door.timeoutMs = 300
      const wire = await openWire({ host: '127.0.0.1', port: stand.door.port })
      wire.stall()
      expect(await stand.refused({ port: wire.port })).not.toBe('')
      await eventually(() => stand.door.open.size).toBe(0)
      expect(stand.door.sessions).toEqual([])
      await wire.close()
    })

    it('attack 13: byte by byte it is the same login, and the same session', async () => {
      const stand = ask()
      const wire = await openWire({ host: '127.0.0.1', port: stand.door.port }, { drip: true })
      const { client, session } = await stand.enter({ port: wire.port })
      const mark = stand.mark('drip')
      await client.leave(mark)
      expect(await stand.seen(mark)).toBe(true)
      expect(session.guard.about(mark).outcome?.error).toBeUndefined()
      await wire.close()
    })

    it('refusal: after the proof, in native words with the next step', async () => {
      const stand = ask()
      stand.door.admit(async () => {
        throw new Fault('grant.limit', 'This grant has 3 sessions open, the most it may have.', {
          next: 'Close one first.',
        })
      })
      const words = await stand.refused()
      expect(words).toContain('This grant has 3 sessions open, the most it may have.')
      expect(words).toContain('Close one first.')
      expect(stand.door.failures).toEqual([])
      await eventually(() => stand.door.open.size).toBe(0)
    })

    it('a client that leaves while its session is prepared is noticed, and nothing stays at the target', async () => {
      const stand = ask()
      let go = (): void => undefined
      stand.door.admit(() => new Promise(resolve => (go = resolve)))
      const wire = await openWire({ host: '127.0.0.1', port: stand.door.port })
      const inside = stand.lab.connect({ port: wire.port }).catch(() => undefined)
      await eventually(() => stand.door.sessions.length).toBe(1)
      wire.cut()
      const [session] = stand.door.sessions
      await eventually(() => session?.client.closed.aborted).toBe(true)
      go()
      await session?.end
      await inside
      await eventually(() => stand.running()).toBe(0)
      await wire.close()
    })
  })
}

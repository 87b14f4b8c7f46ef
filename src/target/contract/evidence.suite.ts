import { describe, expect, it } from 'vitest'
import type { Stand } from './stand.suite.ts'
import { eventually, EXPIRED, rest } from './stand.suite.ts'

/** Long enough for what was wrongly forwarded to show at the target. */
const SETTLE_MS = 150

export function evidenceCases(ask: () => Stand): void {
  describe('evidence', () => {
    it('before action: the target sees nothing until the guard has answered', async () => {
      const stand = ask()
      const { client, session } = await stand.enter()
      const release = session.guard.holdEvidence()
      const mark = stand.mark('late')
      const answered = client.leave(mark)
      await eventually(() => session.guard.actions.length).toBeGreaterThan(0)
      await rest(SETTLE_MS)
      expect(await stand.seen(mark)).toBe(false)
      release()
      await answered
      expect(await stand.seen(mark)).toBe(true)
      await eventually(() => session.guard.about(mark).outcome).toMatchObject({ cut: false })
    })

    it('the order of the log is the order at the target, and each action is finished once', async () => {
      const stand = ask()
      const { client, session } = await stand.enter()
      const marks = Array.from({ length: 12 }, () => stand.mark('order'))
      // The earlier the slower: whoever does not wait its turn overtakes.
      let delay = 40
      session.guard.delayEvidence(() => (delay = Math.max(0, delay - 4)))
      await client.leaveAll(marks)
      expect((await stand.lab.marks()).filter(mark => marks.includes(mark))).toEqual(marks)
      const logged = session.guard.texts().flatMap(text => marks.filter(mark => text?.includes(mark)))
      expect([...new Set(logged)]).toEqual(marks)
      await eventually(() => session.guard.outcomes.size).toBe(session.guard.actions.length)
    })

    it('a refused action: native words, nothing at the target, and the session goes on', async () => {
      const stand = ask()
      const { client, session } = await stand.enter()
      const mark = stand.mark('unruly')
      const words = await client.leaveUnruly(mark)
      const { action, outcome } = session.guard.about(mark)
      expect(action.objections.length).toBeGreaterThan(0)
      expect(outcome).toBeUndefined()
      expect(words).toContain('breakglass')
      expect(words).toContain(action.objections[0]?.next)
      const after = stand.mark('ruly')
      await client.leave(after)
      expect(await stand.lab.marks()).toContain(after)
      expect(await stand.seen(mark)).toBe(false)
    })

    it('once the guard has said `ended` nothing more is forwarded, also before it says why', async () => {
      const stand = ask()
      const { client, session } = await stand.enter()
      session.guard.lapsed = true
      const marks = [stand.mark('lapsed'), stand.mark('lapsed')]
      const asked = client.leaveAll(marks).catch(() => undefined)
      await eventually(() => session.guard.actions.length).toBeGreaterThan(0)
      await rest(SETTLE_MS)
      session.guard.end(EXPIRED)
      await session.end
      await asked
      expect(await stand.lab.marks()).not.toEqual(expect.arrayContaining([expect.stringMatching(/^lapsed/)]))
    })

    it('attack 7: what waits for its evidence when the session ends is never forwarded', async () => {
      const stand = ask()
      const { client, session } = await stand.enter()
      const release = session.guard.holdEvidence()
      const mark = stand.mark('waiting')
      const asked = client.leave(mark).catch(() => undefined)
      await eventually(() => session.guard.actions.length).toBeGreaterThan(0)
      session.guard.end(EXPIRED)
      // Who reads the record knows that what was allowed never happened.
      expect(session.guard.about(mark).outcome?.error?.code).toBe('not_forwarded')
      await expect(session.end).resolves.toEqual(EXPIRED)
      release()
      await client.closed
      await asked
      await rest(SETTLE_MS)
      expect(await stand.seen(mark)).toBe(false)
      expect(client.told()).toContain(EXPIRED.text)
    })

    it.each(['hangs up', 'is reset'])(
      'what waits for its evidence when its client %s is on record as never forwarded, also when the evidence comes then',
      async how => {
        const stand = ask()
        const { client, session } = await stand.enter()
        const release = session.guard.holdEvidence()
        const mark = stand.mark('left')
        client.leave(mark).catch(() => undefined)
        await eventually(() => session.guard.actions.length).toBeGreaterThan(0)
        if (how === 'hangs up') client.hangUp()
        else client.reset()
        await eventually(() => session.guard.relayOver).toBe(true)
        release()
        await session.end
        await rest(SETTLE_MS)
        expect(session.guard.about(mark).outcome?.error?.code).toBe('not_forwarded')
        expect(await stand.seen(mark)).toBe(false)
      },
    )
  })
}

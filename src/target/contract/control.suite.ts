import { describe, expect, it } from 'vitest'
import { Passage, type TargetLogin } from '../passage.ts'
import type { ClientConnection } from '../protocol.ts'
import type { Nonsense } from './lab.suite.ts'
import type { Stand } from './stand.suite.ts'
import { faultOf } from './stand.suite.ts'

export function controlCases(ask: () => Stand): void {
  describe('control', () => {
    /** Sessions that begin in the case are under a login of their own. */
    const withLogin = async (name: string, work: (stand: Stand) => Promise<void>): Promise<void> => {
      const stand = ask()
      const usual = stand.targetLogin
      const login: TargetLogin = { ...usual, name }
      await stand.lab.protocol.provision(stand.passage(login))
      stand.targetLogin = login
      try {
        await work(stand)
      } finally {
        stand.targetLogin = usual
      }
    }

    it('requirement 11, 15: disabled, terminated, dropped; all of it again on what is gone', () =>
      withLogin('bg_contract1', async stand => {
        const control = stand.lab.protocol.control(stand.lab.target)
        const first = await stand.enter()
        await first.client.linger()
        const second = await stand.enter()
        await second.client.linger()
        await control.disable('bg_contract1')
        await control.disable('bg_contract1')
        expect(await stand.refused()).not.toBe('')
        expect(await control.terminate('bg_contract1')).toBeGreaterThanOrEqual(2)
        expect(await stand.running()).toBe(0)
        expect(await control.terminate('bg_contract1')).toBe(0)
        await control.drop('bg_contract1')
        await control.drop('bg_contract1')
        await control.disable('bg_contract1')
        expect(await control.terminate('bg_contract1')).toBe(0)
        expect(await control.logins()).not.toContain('bg_contract1')
      }))

    it('requirement 14: the end of one login touches nothing of another', () =>
      withLogin('bg_contract2', async stand => {
        const usual = stand.lab.targetLogin.name
        const { client } = await stand.enter()
        await client.linger()
        stand.targetLogin = stand.lab.targetLogin
        const other = await stand.enter()
        await other.client.linger()
        const control = stand.lab.protocol.control(stand.lab.target)
        await control.disable('bg_contract2')
        await control.terminate('bg_contract2')
        expect(await stand.lab.running('bg_contract2')).toBe(0)
        expect(await stand.lab.running(usual)).toBeGreaterThan(0)
        await control.drop('bg_contract2')
      }))

    it('requirement 15: after a crash of the gateway leftovers are found and ended', () =>
      withLogin('bg_contract3', async stand => {
        const { client } = await stand.enter()
        await client.linger()
        const anew = stand.lab.restarted().control(stand.lab.target)
        expect(await anew.logins()).toContain('bg_contract3')
        await anew.disable('bg_contract3')
        expect(await anew.terminate('bg_contract3')).toBeGreaterThan(0)
        expect(await stand.running()).toBe(0)
        await anew.drop('bg_contract3')
        expect(await anew.logins()).not.toContain('bg_contract3')
        await anew.close()
        await stand.lab.protocol.control(stand.lab.target).drop('bg_contract3')
      }))

    it('a login that nobody has is no error', async () => {
      const stand = ask()
      const control = stand.lab.protocol.control(stand.lab.target)
      await control.disable('bg_nobody')
      expect(await control.terminate('bg_nobody')).toBe(0)
      await control.drop('bg_nobody')
    })
  })
}

export function administrationCases(ask: () => Stand, nonsense: readonly Nonsense[]): void {
  describe('administration', () => {
    it('settings that make sense are accepted', () => {
      const { protocol, target } = ask().lab
      expect(() => protocol.checkSettings(target)).not.toThrow()
    })

    it.each(nonsense.map(one => [one.field, one] as const))(
      'settings: nonsense in %s is refused by its name',
      async (field, wrong) => {
        const { protocol, target } = ask().lab
        const settings = { ...target.settings, ...wrong.settings }
        const address = wrong.address ?? target.address
        const fault = await faultOf(() => protocol.checkSettings({ ...target, address, settings }))
        expect(fault.code).toBe('config.invalid')
        expect(fault.message).toContain(`targets.${target.name}`)
        expect(fault.message).toContain(field)
        expect(fault.next).toBeTruthy()
      },
    )

    it('plan and check: after the plan all is well; what is taken away is seen, with the way back', async () => {
      const { lab } = ask()
      const { protocol, target } = lab
      expect(protocol.plan(target)).not.toBe('')
      const bad = async () => (await protocol.check(target)).filter(line => !line.ok)
      expect(await bad()).toEqual([])
      const damage = await lab.damage()
      const found = await bad()
      await damage.repair()
      expect(found.length).toBeGreaterThan(0)
      for (const line of found) expect(line.next).toBeTruthy()
      expect(await bad()).toEqual([])
    })

    it('check: a target that is not there is one line that says so', async () => {
      const { protocol, target } = ask().lab
      const lines = await protocol.check({ ...target, address: '127.0.0.1:1' })
      expect(lines).toMatchObject([{ ok: false, level: 'must', next: expect.any(String) as string }])
    })

    it('requirement 13: nothing widens without a passage', async () => {
      const stand = ask()
      const { protocol } = stand.lab
      const real = stand.passage()
      const terms: object = Object.assign({}, real)
      const forged = [terms as Passage, Object.assign(Object.create(Passage.prototype) as Passage, terms)]
      const codes: string[] = []
      stand.door.admit(async () => {
        const client = stand.door.sessions.at(-1)?.client as ClientConnection
        for (const passage of forged) {
          for (const widening of [() => protocol.provision(passage), () => protocol.dial(passage, client)]) {
            const fault = await faultOf(widening).catch((cause: unknown) => ({ code: String(cause) }))
            codes.push(fault.code)
          }
        }
      })
      await stand.enter()
      expect(codes).toEqual(['internal', 'internal', 'internal', 'internal'])
    })
  })
}

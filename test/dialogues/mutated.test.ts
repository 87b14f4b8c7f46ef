/** Some thousands of mutated messages in both directions; a million of them are in test/real/postgres/mutated.soak.ts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createInspector } from '../../src/protocols/postgres/index.ts'
import { campaign } from './campaign.ts'
import { recordedDialogues } from './dialogue.ts'
import { mutatedClient, mutatedTarget, type Material } from './mutated-session.ts'

/** A run of its own each day, the same all day: `SEED` repeats an older one. */
const SEED = Number(process.env['SEED'] ?? Math.floor(Date.now() / 86_400_000) * 50_000)

/** From the client; each raised an alarm once. */
const ALARMS = [1242714309, 1242731547]

describe('mutated messages', () => {
  let material: Material
  beforeAll(() => {
    material = { inspector: createInspector(), dialogues: recordedDialogues() }
  })
  afterAll(() => material.inspector.close())

  it.each([
    ['client', mutatedClient],
    ['target', mutatedTarget],
  ] as const)(
    'attack 13: from the %s in a session: recorded before done, bounded, settled',
    async (side, of) => {
      const result = await campaign({ name: side, run: of(material), seed: SEED, messages: 3000 })
      console.log(`mutated ${side}: ${JSON.stringify(result)}`)
      expect(result.heapGrowth).toBeLessThan(48 << 20)
      expect(result.reasons['violation']).toBeGreaterThan(50)
      expect(result.reasons[side]).toBeGreaterThan(50)
    },
  )

  it.each(ALARMS)('attack 13: the case %i, from the client', async seed => {
    const { mutated, seen } = await mutatedClient(material)({ seed })
    expect(mutated).toBeGreaterThan(0)
    expect(seen).toBeGreaterThan(0)
  })
})

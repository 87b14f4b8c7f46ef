/** `npm run soak -- mutated`: a million mutated messages, both ways, beside a session that does its work. `SEED` repeats a run. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createInspector } from '../../../src/protocols/postgres/index.ts'
import { campaign } from '../../dialogues/campaign.ts'
import { recordedDialogues } from '../../dialogues/dialogue.ts'
import { mutatedClient, mutatedTarget, type Material } from '../../dialogues/mutated-session.ts'
import { missing } from '../servers/missing.ts'
import { openLab, type Lab } from './lab.ts'

const EACH = Number(process.env['MESSAGES'] ?? 1_000_000) / 2
const SEED = Number(process.env['SEED'] ?? Date.now() % 2_000_000_000)

describe.skipIf(missing('postgres15', 'openssl').length > 0)('a million mutated messages', () => {
  let lab: Lab
  let material: Material
  beforeAll(async () => {
    const inspector = createInspector()
    // The healthy session shares the inspector, and through it the parser, with the sick ones.
    lab = await openLab({ protocol: { inspector } })
    material = { inspector, dialogues: recordedDialogues() }
  })
  afterAll(() => lab.close())

  it.each([
    ['client', mutatedClient],
    ['target', mutatedTarget],
  ] as const)('attack 13: from the %s', async (side, of) => {
    const healthy = await lab.client()
    let asked = 0
    const beside = async (): Promise<void> => {
      const mark = `healthy ${++asked}`
      const { rows } = await healthy.query<{ mark: string }>('select $1::text as mark', [mark])
      expect(rows).toEqual([{ mark }])
    }
    const result = await campaign({ name: side, run: of(material), seed: SEED, messages: EACH, beside })
    console.log(`seed ${SEED}, mutated ${side}: ${JSON.stringify(result)}, healthy answers ${asked}`)
    expect(result.mutated).toBeGreaterThanOrEqual(EACH)
    expect(result.heapGrowth).toBeLessThan(64 << 20)
    expect(asked).toBeGreaterThan(0)
  })
})

/** Real dialogues through the real relay: however their bytes are cut, the same bytes, actions and outcomes come out. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createInspector } from '../../src/protocols/postgres/index.ts'
import type { Inspector } from '../../src/protocols/postgres/inspect/inspector.ts'
import { RecordingGuard } from '../../src/target/recording-guard.suite.ts'
import { type RecordedDialogue, recordedDialogues } from './dialogue.ts'
import { frames } from './frames.ts'
import { Random } from './random.ts'
import { openRig, until } from './session-rig.ts'

type Cut = (bytes: Buffer) => Iterable<Buffer>

const WHOLE: Cut = bytes => [bytes]
const BYTES: Cut = bytes => Array.from(bytes, byte => Buffer.from([byte]))

interface Replayed {
  readonly toClient: string
  readonly toTarget: string
  readonly record: unknown
  readonly reason: string
}

describe('recorded dialogues', () => {
  let inspector: Inspector
  const unsplit = new Map<string, Replayed>()
  const dialogues = recordedDialogues()
  beforeAll(async () => {
    inspector = createInspector()
    for (const dialogue of dialogues) unsplit.set(dialogue.name, await replay(dialogue, WHOLE))
  })
  afterAll(() => inspector.close())

  it('are there: six clients, two versions', () => {
    expect(dialogues.length).toBeGreaterThanOrEqual(13)
  })

  it.each(dialogues.map(({ name }) => name))('%s: both sides get what the other said', name => {
    const dialogue = named(name)
    const said = unsplit.get(name)
    expect(said?.toTarget).toBe(joined(dialogue, 'client'))
    const { whole, rest } = frames(Buffer.from(said?.toClient ?? '', 'latin1'))
    expect(rest).toHaveLength(0)
    const greeting = whole.findIndex(({ tag }) => tag === 'Z') + 1
    expect(whole.slice(0, greeting).map(({ tag }) => tag)).toEqual([
      ...Object.keys(dialogue.greeting).map(() => 'S'),
      'K',
      'Z',
    ])
    expect(Buffer.concat(whole.slice(greeting).map(({ bytes }) => bytes)).toString('latin1')).toBe(
      joined(dialogue, 'target'),
    )
  })

  it.each(dialogues.map(({ name }) => name))('%s: byte by byte', async name => {
    expect(await replay(named(name), BYTES)).toEqual(unsplit.get(name))
  })

  it.each(dialogues.map(({ name }) => name))('%s: cut anywhere, evidence late', async name => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0 }), fc.constantFrom(2, 7, 50, 400, 5000), async (seed, most) => {
        const random = new Random(seed)
        const cut: Cut = bytes => random.pieces(bytes, most)
        expect(await replay(named(name), cut, random.once(2))).toEqual(unsplit.get(name))
      }),
      { numRuns: 8 },
    )
  })

  const named = (name: string): RecordedDialogue => {
    const found = dialogues.find(dialogue => dialogue.name === name)
    if (!found) throw new Error(`no dialogue ${name}`)
    return found
  }

  /** Both sides speak in the recorded order: each turn waits until the one before has arrived at the other side. */
  async function replay(dialogue: RecordedDialogue, cut: Cut, late = false): Promise<Replayed> {
    const guard = new RecordingGuard({ bindValues: true, resultBytes: 100_000 })
    if (late) guard.delayMs = 0
    const rig = openRig({ guard, inspector, greeting: dialogue.greeting })
    const size = (chunks: readonly Buffer[]) => chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    await until(() => rig.atClient.length > 0)
    const due = { client: 0, target: size(rig.atClient) }
    for (const { from, bytes } of dialogue.turns) {
      for (const piece of cut(bytes)) rig[from].write(piece)
      due[from] += bytes.length
      const there = from === 'client' ? rig.atTarget : rig.atClient
      await until(() => size(there) >= due[from] || rig.over)
    }
    rig.client.end()
    const { reason } = await rig.end
    const text = (bytes: Buffer) => bytes.toString('latin1')
    return {
      toClient: text(withoutKey(Buffer.concat(rig.atClient))),
      toTarget: text(Buffer.concat(rig.atTarget)),
      record: timeless(
        guard.actions.map((action, at) => ({ ...action, outcome: guard.outcomes.get(at + 1) })),
      ),
      reason,
    }
  }
})

function joined({ turns }: RecordedDialogue, side: 'client' | 'target'): string {
  return Buffer.concat(turns.filter(({ from }) => from === side).map(({ bytes }) => bytes)).toString('latin1')
}

/** The key of cancel requests is made anew for each session. */
function withoutKey(said: Buffer): Buffer {
  const key = frames(said).whole.find(({ tag }) => tag === 'K')
  key?.bytes.fill(0, 5)
  return said
}

/** Without how long things took. */
function timeless(record: unknown): unknown {
  return JSON.parse(JSON.stringify(record, (key, value: unknown) => (key === 'ms' ? 0 : value)))
}

import type { Inspector } from '../../src/protocols/postgres/inspect/inspector.ts'
import type { RecordedDialogue } from './dialogue.ts'
import { frames } from './frames.ts'
import { ModelServer } from './model-server.ts'
import { mutate } from './mutations.ts'
import { Random } from './random.ts'
import { openRig, until, type Rig } from './session-rig.ts'
import { SlowEvidence, Witness } from './witness.ts'

/** What one case did; all numbers are of messages or actions. */
export interface CaseResult {
  /** Mutated messages that were given to a session that still lived. */
  readonly mutated: number
  readonly actions: number
  readonly seen: number
  readonly reason: string
}

/** A case is its seed, unless some of its messages are left out to find the smallest that still fails. */
export interface Case {
  readonly seed: number
  readonly without?: ReadonlySet<number>
}

export type Run = (one: Case) => Promise<CaseResult>

const MOST = 40
const REFUSE = [[], ['ddl'], ['writes'], ['update_without_where', 'copy_in']]

export interface Material {
  readonly inspector: Inspector
  readonly dialogues: readonly RecordedDialogue[]
}

/** The client says mutated things to a server that answers as it should. */
export function mutatedClient({ inspector, dialogues }: Material): Run {
  const said = dialogues.map(dialogue => messagesOf(dialogue, 'client'))
  const foreign = said.flat()
  return async ({ seed, without }) => {
    const random = new Random(seed)
    const whole = random.pick(said)
    const from = random.below(whole.length)
    const chosen = whole.slice(from, from + 1 + random.below(MOST))
    const { messages, ways } = mutate(chosen, random, foreign)
    const evidence = new SlowEvidence(random, random.pick(REFUSE))
    const witness = new Witness(evidence)
    const rig = openRig({ guard: evidence, inspector })
    const mark = `mark ${seed}`
    let broken: unknown
    const server = new ModelServer(rig.target, random, mark, frame => {
      try {
        witness.see(frame)
      } catch (error) {
        broken ??= error
      }
    })
    server.serve()
    const given = await give(rig, rig.client, messages, random, without)
    const reason = await settle(rig, rig.client)
    if (broken !== undefined) throw broken
    witness.check()
    clientSawOnly(rig, mark)
    const mutated = Math.round(ways.length * given)
    return { mutated, actions: evidence.actions.length, seen: witness.seen.size, reason }
  }
}

/** The client says what real clients say, and the target answers with mutated answers of a real server. */
export function mutatedTarget({ inspector, dialogues }: Material): Run {
  const answers = dialogues.flatMap(dialogue => messagesOf(dialogue, 'target'))
  return async ({ seed, without }) => {
    const random = new Random(seed)
    const { turns } = random.pick(dialogues)
    const from = turns.findIndex((turn, at) => at >= random.below(turns.length) && turn.from === 'client')
    const evidence = new SlowEvidence(random, [])
    const witness = new Witness(evidence)
    const rig = openRig({ guard: evidence, inspector })
    const broken = witnessed(rig, witness)
    let mutated = 0
    for (const { from: side, bytes } of turns.slice(Math.max(from, 0), from + 2 + random.below(12))) {
      if (rig.over) break
      const whole = frames(bytes).whole.map(frame => frame.bytes)
      if (side === 'client') {
        const before = rig.atTarget.length
        await give(rig, rig.client, whole, random)
        await until(() => rig.atTarget.length > before || rig.over, 20)
        continue
      }
      const { messages, ways } = mutate(whole.slice(0, MOST), random, answers)
      const given = await give(rig, rig.target, messages, random, without)
      mutated += Math.round(ways.length * given)
    }
    const reason = await settle(rig, rig.target)
    if (broken.error !== undefined) throw broken.error
    witness.check(true)
    return { mutated, actions: evidence.actions.length, seen: witness.seen.size, reason }
  }
}

/** Shows the witness what arrives at a target that does not answer by itself. */
function witnessed(rig: Rig, witness: Witness): { readonly error: unknown } {
  const found: { error: unknown } = { error: undefined }
  let held: Buffer = Buffer.alloc(0)
  rig.target.on('data', (chunk: Buffer) => {
    const { whole, rest } = frames(Buffer.concat([held, chunk]))
    held = rest
    try {
      for (const each of whole) witness.see(each)
    } catch (error) {
      found.error ??= error
    }
  })
  return found
}

function messagesOf(dialogue: RecordedDialogue, side: 'client' | 'target'): readonly Buffer[] {
  const said = Buffer.concat(dialogue.turns.filter(({ from }) => from === side).map(({ bytes }) => bytes))
  return frames(said).whole.map(({ bytes }) => bytes)
}

/** Writes the messages in random pieces; which part of them was given before the session ended. */
async function give(
  rig: Rig,
  to: Rig['client'],
  messages: readonly Buffer[],
  random: Random,
  without?: ReadonlySet<number>,
): Promise<number> {
  const most = random.pick([1, 3, 8])
  for (let at = 0; at < messages.length; ) {
    if (rig.over || !to.writable) return at / messages.length
    const together = messages
      .slice(at, (at += 1 + random.below(most)))
      .filter((_, i) => !without?.has(at + i))
    const bytes = Buffer.concat(together)
    if (random.once(3))
      for (const piece of random.pieces(bytes, 1 + random.below(bytes.length + 1))) to.write(piece)
    else to.write(bytes)
    await new Promise<void>(resolve => setImmediate(resolve))
  }
  return 1
}

const SETTLED_MS = 10_000

/** The side hangs up; the session must then end, and both connections with it. */
async function settle(rig: Rig, side: Rig['client']): Promise<string> {
  await new Promise<void>(resolve => setImmediate(resolve))
  side.end()
  if (!(await until(() => rig.over, SETTLED_MS))) throw new Error('the session did not end')
  // A target that was told goodbye is given a second to leave by itself.
  rig.client.destroy()
  rig.target.destroy()
  const { reason, text } = await rig.end
  if (text.includes('the gateway failed')) throw new Error(`the session ended by a fault of ours: ${text}`)
  return reason
}

/** What reached the client are whole messages, and the rows are this session's. */
function clientSawOnly(rig: Rig, mark: string): void {
  const { whole, rest } = frames(Buffer.concat(rig.atClient))
  if (rest.length > 0)
    throw new Error(`the client was left inside a message: ${rest.toString('latin1', 0, 40)}`)
  for (const { tag, bytes } of whole) {
    if (
      (tag === 'D' && bytes.toString('latin1', 11) !== mark) ||
      (tag === 'd' && bytes.toString('latin1', 5) !== mark)
    )
      throw new Error(
        `the client saw ${JSON.stringify(bytes.toString('latin1', 0, 60))}, which is not for it`,
      )
  }
}

import type { SessionEnd } from '../../../../target/action.ts'
import { HAPPENINGS, type Step } from './happenings.suite.ts'
import { PlayedSession } from './session.suite.ts'

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

const REVOKED = { reason: 'revoked', text: 'breakglass: access was taken back.' } as const

/** What came of a session in which all of this happened, one after the other; `cut`: access ended at this step. */
export async function playSession(
  steps: readonly Step[],
  held: boolean,
  cut = Infinity,
): Promise<{
  readonly end: SessionEnd
  readonly faults: string[]
  readonly left: string[]
  readonly seen: ReadonlyMap<string, number>
}> {
  const session = new PlayedSession(held)
  for (const [at, step] of steps.entries()) {
    if (at === cut) session.guard.end(REVOKED)
    HAPPENINGS[step.what]?.(session, step)
    await Promise.resolve()
    if (step.size % 4 === 0) await turn()
  }
  const left = await windDown(session)
  session.guard.end(REVOKED)
  session.release(Infinity)
  const end = await session.end
  await turn()
  return { end, faults: session.account(), left, seen: session.seen }
}

/** Both ends answer and hear until there is nothing more to answer or to hear. */
async function settle(session: PlayedSession): Promise<void> {
  const { client: one, target: other } = session
  for (let most = 0; most < 400; most++) {
    session.release(Infinity)
    await turn()
    const heard = [one.hear(), other.hear()].includes(true)
    const owed = [one.asked, one.owed, other.asked, other.owed, other.owedGlobals]
    if (!heard && owed.every(({ length }) => length === 0)) return
    for (const end of [one, other]) {
      end.answerOpening(true, 1000)
      end.answerRequest(true)
    }
    session.answerAboutPort(true)
  }
}

/** Everything that is owed is done, then everything closed. Returns what is left all the same. */
async function windDown(session: PlayedSession): Promise<string[]> {
  const ends = [session.client, session.target]
  await settle(session)
  const unanswered = ends.flatMap(({ channels, questions }) => [
    ...[...channels.values()].filter(one => one.open && !one.heardClose && one.questions > 0),
    ...Array.from({ length: questions }, () => ({ kind: 'the connection' })),
  ])
  for (let round = 0; round < 2; round++) {
    for (const end of ends)
      for (const one of end.channels.values()) if (one.open && !one.said.close) end.close(one)
    await settle(session)
  }
  return [
    ...unanswered.map(({ kind }) => `a question about ${kind}`),
    ...ends.flatMap(({ channels }) => [...channels.values()].map(({ kind }) => `a channel of ${kind}`)),
  ]
}

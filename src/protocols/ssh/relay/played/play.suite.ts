import type { SessionEnd } from '../../../../target/action.ts'
import type { PlayedEnd } from './end.suite.ts'
import { HAPPENINGS, type Step } from './happenings.suite.ts'
import { PlayedSession } from './session.suite.ts'

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** What came of a session in which all of this happened, one after the other. */
export async function playSession(
  steps: readonly Step[],
  held: boolean,
): Promise<{
  readonly end: SessionEnd
  readonly faults: string[]
  readonly left: string[]
  readonly seen: ReadonlyMap<string, number>
}> {
  const session = new PlayedSession(held)
  for (const step of steps) {
    HAPPENINGS[step.what]?.(session, step)
    await Promise.resolve()
    if (step.size % 4 === 0) await turn()
  }
  const left = await windDown(session)
  session.guard.end({ reason: 'revoked', text: 'breakglass: access was taken back.' })
  session.release(Infinity)
  const end = await session.end
  await turn()
  return { end, faults: session.account(), left, seen: session.seen }
}

/** Everybody answers, hears and closes what there is, until nothing is left to do. Returns what is left all the same. */
async function windDown(session: PlayedSession): Promise<string[]> {
  const { client: one, target: other } = session
  const close = (end: PlayedEnd): void => {
    for (const channel of end.channels.values()) if (channel.open && !channel.said.close) end.close(channel)
  }
  for (let round = 0; round < 6; round++) {
    for (let most = 0; most < 400; most++) {
      session.release(Infinity)
      await turn()
      const heard = [one.hear(), other.hear()].includes(true)
      if (
        !heard &&
        other.asked.length + other.owed.length + other.owedGlobals.length + one.asked.length === 0
      )
        break
      other.answerOpening(true, 1000)
      other.answerRequest(true)
      session.answerAboutPort(true)
      one.answerOpening(true, 1000)
      one.answerRequest(true)
    }
    close(one)
    close(other)
  }
  const left = [one, other].flatMap(({ channels }, side) =>
    [...channels.values()].map(({ kind }) => `${side === 0 ? 'client' : 'target'}: ${kind}`),
  )
  const unanswered = [one, other].flatMap(end => [
    ...(end.questions === 0 ? [] : ['a question about the connection']),
  ])
  return [...left, ...unanswered]
}

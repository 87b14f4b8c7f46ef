import type { Grant } from '../client/answers.ts'
import type { Client } from '../client/client.ts'
import type { Call } from './call.ts'
import { standing } from './grant-lines.ts'
import { pause } from './pause.ts'
import { clock, left } from './times.ts'

const PENDING = new Set(['requested', 'verified', 'approved'])

export function isPending({ state }: Grant): boolean {
  return PENDING.has(state)
}

export interface WaitOptions {
  /** Wall ms by the server's clock after which to stop waiting. */
  readonly until: number
  /** Stop as soon as the requester could open it without an answer. */
  readonly stopAtUnanswered: boolean
}

/** Waits with a live line until somebody answered, the request ended, or the time is over. Asks anew at each change and every ten seconds. */
export async function waitForGrant(
  call: Call,
  client: Client,
  id: string,
  { until, stopAtUnanswered }: WaitOptions,
): Promise<Grant> {
  const { terminal } = call
  const listening = new AbortController()
  let changed = false
  const listen = async (): Promise<void> => {
    for await (const { data } of client.events('/v1/live', listening.signal))
      if (data.includes(id)) changed = true
  }
  // Without a live view the asking below is enough, only slower.
  const live = listen().catch(() => undefined)
  try {
    let grant = await client.get<Grant>(`/v1/grants/${id}`)
    let asked = Date.now()
    while (isPending(grant) && client.now() < until) {
      const { unanswered_from: from } = grant.approval
      if (stopAtUnanswered && from !== undefined && Date.parse(from) <= client.now()) break
      const more =
        from === undefined || stopAtUnanswered ? '' : ` You may open it yourself from ${clock(from)}.`
      terminal.status(
        `${grant.id.slice(-8)} ${standing(grant)}${grant.lapses_at === undefined ? '' : `; ${terminal.interactive ? left(grant.lapses_at, client.now()) : `until ${clock(grant.lapses_at)}`}`}.${more}`,
      )
      // Ctrl-C ends the waiting, not the request.
      await pause(250, terminal.interrupted).catch(() => undefined)
      if (terminal.interrupted.aborted) break
      if (!changed && Date.now() - asked < 10_000) continue
      changed = false
      asked = Date.now()
      grant = await client.get<Grant>(`/v1/grants/${id}`)
    }
    return grant
  } finally {
    terminal.status(undefined)
    listening.abort()
    await live
  }
}

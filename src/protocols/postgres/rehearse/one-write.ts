import type { Action, Objection, RehearsalRules } from '../../../target/action.ts'
import type { Outlet } from '../../../wire/outlet.ts'
import { noticeResponse } from '../messages/encode.ts'
import { because } from '../inspect/because.ts'
import { refusalError } from '../messages/native-error.ts'
import type { Inspection } from '../inspect/inspector.ts'
import type { Forwarder } from '../relay/forwarder.ts'
import type { Tally } from '../relay/tally.ts'
import { beyond, isLimited } from '../relay/write-limit.ts'
import type { Decisions } from './decisions.ts'
import type { HeldAnswer } from './held-answer.ts'
import type { HiddenQueries } from './hidden-queries.ts'
import { lookAfter, type Around, type Before } from './look.ts'
import { beforeText, changesText, decisionHint, headline, type Seen } from './notice.ts'
import type { Covered } from './covered.ts'
import type { Row } from './table.ts'

/** What every rehearsal of one session works with. */
export interface Stage {
  readonly forwarder: Forwarder
  readonly toClient: Outlet
  readonly hidden: HiddenQueries
  readonly decisions: Decisions
  readonly rules: RehearsalRules
  readonly covered: Covered
}

/** A write that has run and whose answer is held. */
export interface RanWrite {
  readonly before: Before
  readonly answer: HeldAnswer
  readonly made: readonly Row[] | undefined
  readonly around: Around
  readonly inspection: Pick<Inspection, 'verbs' | 'copy'>
  /** Number of its action. */
  readonly seq: number
  readonly tally: Tally | undefined
}

/**
 * - `held`: recorded, shown, waits for a decision
 * - `nothing`: the target wrote nothing, there is nothing to decide
 * - `failed`: the transaction failed, and the client has the error
 * - `ended`: the session is over
 */
export type Rehearsed = 'held' | 'nothing' | 'failed' | 'ended'

/** The target ends what we no longer can, after a gateway that vanished; a shorter limit of the session stays. */
function backstop(withinMs: number): string {
  const name = `'idle_in_transaction_session_timeout'`
  const most = withinMs + 60_000
  return `SELECT set_config(${name}, least(nullif(setting, '0')::int, ${most})::text, true) FROM pg_catalog.pg_settings WHERE name = ${name}`
}

/** Looks at what a write did, records it, and only then lets the client see its answer, with what it means. */
export async function afterWrite(stage: Stage, ran: RanWrite): Promise<Rehearsed> {
  const { hidden, decisions, rules, forwarder } = stage
  const { answer, around, before } = ran
  if (answer.failedAtTarget || answer.completed === undefined) return 'failed'
  const { writesPerStatement: most } = forwarder.guard.rules
  const excess = most === undefined || !isLimited(ran.inspection) ? undefined : beyond(answer.completed, most)
  if (excess) return refuse(stage, ran, excess)
  const state = await hidden.ask(
    [backstop(rules.withinMs), 'SELECT pg_current_xact_id_if_assigned()'],
    around.end,
  )
  if (state === undefined) return 'failed'
  const { rows } = answer
  if (decisions.ours && decisions.writes.length === 0 && (state[1]?.[0]?.[0] ?? null) === null)
    return 'nothing'
  const seen = await lookAfter(before, rows, ran.made, around)
  if (seen === undefined) return 'failed'
  return record(stage, ran, seen)
}

async function record(stage: Stage, { seq, answer }: RanWrite, seen: Seen): Promise<Rehearsed> {
  const { forwarder, decisions, rules, toClient, covered } = stage
  const shown = changesText(seen, rules.show, covered)
  const before = beforeText(seen, covered)
  const action: Action = {
    kind: 'rehearsal',
    verbs: ['hold'],
    writes: true,
    ...(seen.table && { touched: { changes: [`${seen.table.schema}.${seen.table.name}`] } }),
    text: headline(seen),
    detail: {
      action: seq,
      ...(seen.rows !== undefined && { rows: seen.rows }),
      images: seen.changes.length,
      ...(seen.unseen.length > 0 && { unseen: seen.unseen.join('; ') }),
    },
    ...(before !== undefined && { before }),
    ...(seen.inverse !== undefined && { inverse: seen.inverse }),
    objections: [],
    durable: true,
  }
  const given = await forwarder.guard.submit(action)
  if (!given.forward) {
    forwarder.ended = true
    return 'ended'
  }
  const earlier = decisions.writes.length
  decisions.wrote({ action: given.seq, what: seen.what, rows: seen.rows, shown })
  toClient.add(
    noticeResponse({
      severity: 'NOTICE',
      code: '00000',
      message: `breakglass: held, not kept yet: ${headline(seen)}`,
      ...(shown !== '' && { detail: shown }),
      hint: decisionHint(earlier, rules.withinMs),
    }),
  )
  if (answer.completed) toClient.add(answer.completed)
  return 'held'
}

/** Beyond the write limit: the transaction is made to fail, as it would without a rehearsal. */
async function refuse(stage: Stage, { tally, around }: RanWrite, excess: Objection): Promise<Rehearsed> {
  tally?.fail('42501', excess.what)
  stage.toClient.add(refusalError(excess, because(excess.rule, stage.forwarder.guard.rules)))
  await stage.hidden.fail(around.end)
  return 'failed'
}

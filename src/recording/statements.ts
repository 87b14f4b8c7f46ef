import type { JsonObject, JsonValue } from '../kernel/json.ts'
import type { RecordedEntry } from './read-actions.ts'

export type Access = 'read' | 'change' | 'define' | 'call' | 'touch'

export interface TouchedObject {
  /** As written: `public.orders`, or `orders` where the statement had no schema. */
  readonly name: string
  /** `touch`: recorded before the record told how. */
  readonly access: Access
}

/**
 * `not run`: in the company of one that was refused, or behind one that failed. `unanswered`: the session ended first, or nothing
 * came of it that could be told.
 */
export type StatementVerdict = 'done' | 'failed' | 'refused' | 'not run' | 'unanswered'

/** One statement as its readers see it: what was asked and what came of it, joined. */
export interface RecordedStatement {
  /** Position of its action in the session log. */
  readonly index: number
  /** Number of the action in its session. */
  readonly n: number
  /** From 1, of a message of several statements. */
  readonly part?: number
  /** How many statements the message had, where it had several. */
  readonly of?: number
  /** Wall ms. */
  readonly t: number
  /** `query`, `bind`, `copy_in`, … */
  readonly kind: string
  readonly verbs: readonly string[]
  readonly writes: boolean
  readonly objects: readonly TouchedObject[]
  readonly verdict: StatementVerdict
  /** Returned or changed. */
  readonly rows?: number
  /** How many of `rows` it changed, as the target counted them; a later ROLLBACK undoes them. Absent where nothing counts. */
  readonly changed?: number
  readonly ms?: number
  readonly error?: { readonly code: string; readonly message?: string }
  readonly rules?: readonly string[]
  readonly refused?: readonly JsonObject[]
  readonly text?: string
  /** Facts of the protocol about what was asked and what came of it, such as the digest of a file. */
  readonly detail?: JsonObject
  /** The recorded part of the answer, of the whole message. */
  readonly result?: string
  readonly erased?: true
}

/** Statements that may wait for the result of an earlier one; more are told before it. */
const WAITING_AT_MOST = 1000

/**
 * The statements of a session in the order in which they were asked, from its entries as `readActions` gives them. A Parse is told
 * only when it was refused or failed: what runs is its Bind.
 */
export async function* statementsOf(
  entries: AsyncIterable<RecordedEntry>,
): AsyncGenerator<RecordedStatement> {
  const waiting: { readonly action: RecordedEntry; result: RecordedEntry | undefined }[] = []
  const settled = ({ action, result }: (typeof waiting)[number]): boolean =>
    result !== undefined || action.outcome === 'refused'
  for await (const entry of entries) {
    if (entry.type === 'action') waiting.push({ action: entry, result: undefined })
    if (entry.type === 'result') {
      const asked = waiting.find(({ action }) => action.data.n === entry.data.n)
      if (asked) asked.result = entry
    }
    while (waiting[0] && (settled(waiting[0]) || waiting.length > WAITING_AT_MOST)) {
      const first = waiting.shift()
      if (first) yield* told(first.action, first.result)
    }
  }
  for (const { action, result } of waiting) yield* told(action, result)
}

function* told(action: RecordedEntry, result: RecordedEntry | undefined): Generator<RecordedStatement> {
  const { data } = action
  const refused = action.outcome === 'refused'
  if (data.kind === 'parse' && !refused && result?.outcome !== 'error') return
  const sealed = objectOf(action.payload)
  const whole: RecordedStatement = {
    index: action.index,
    n: numberOf(data.n) ?? 0,
    t: action.t,
    kind: textOf(data.kind) ?? '',
    verbs: listOf(data.verbs).filter(verb => typeof verb === 'string'),
    writes: data.writes === true,
    objects: objectsOf(sealed),
    verdict: refused ? 'refused' : verdictOf(result),
    ...(refused && {
      rules: listOf(data.rules).filter(rule => typeof rule === 'string'),
      refused: listOf(sealed.refused).map(objectOf),
    }),
    ...(result && outcomeOf(result)),
    ...detailOf(sealed, objectOf(result?.payload)),
    ...textIn(sealed),
    ...(action.erased && { erased: true as const }),
  }
  const parts = listOf(sealed.parts).map(objectOf)
  if (parts.length < 2) {
    yield numberOf(data.statements) === undefined ? whole : { ...whole, of: numberOf(data.statements) ?? 0 }
    return
  }
  const of = numberOf(data.statements) ?? parts.length
  const characters = Array.from(whole.text ?? '')
  for (const [place, part] of parts.entries()) yield partOf(whole, characters, part, place, of, result)
}

/** What a part of a message came to: of those that ran each has its own counts; the one behind them is the one that failed. */
function partOf(
  whole: RecordedStatement,
  characters: readonly string[],
  part: JsonObject,
  place: number,
  of: number,
  result: RecordedEntry | undefined,
): RecordedStatement {
  const from = (numberOf(part.at) ?? 1) - 1
  const to = from + (numberOf(part.length) ?? 0)
  const ran = listOf(result?.data.each).map(objectOf)
  const own = ran[place]
  const { rows: _rows, changed: _changed, ms: _ms, result: _result, error, refused, ...rest } = whole
  const mine = refused?.filter(({ at }) => within(numberOf(at), from, to))
  return {
    ...rest,
    part: place + 1,
    of,
    verbs: [textOf(part.verb) ?? ''],
    writes: part.writes === true,
    objects: objectsOf(part),
    text: characters.slice(from, to).join('').trim(),
    verdict: partVerdict(whole, mine, place, ran.length),
    ...(mine && mine.length > 0 && { refused: mine }),
    ...(own && countsOf(own)),
    ...(error && place === ran.length && { error }),
  }
}

function partVerdict(
  { verdict, refused }: RecordedStatement,
  mine: readonly JsonObject[] | undefined,
  place: number,
  ran: number,
): StatementVerdict {
  if (verdict === 'refused')
    return mine?.length === 0 && refused?.some(({ at }) => at !== undefined) ? 'not run' : 'refused'
  if (place < ran) return 'done'
  if (verdict === 'failed') return place === ran ? 'failed' : 'not run'
  return 'unanswered'
}

/** A refusal without a place is about all of them. */
function within(at: number | undefined, from: number, to: number): boolean {
  return at === undefined || (at > from && at <= to)
}

function verdictOf(result: RecordedEntry | undefined): StatementVerdict {
  if (result === undefined) return 'unanswered'
  return result.outcome === 'error' ? 'failed' : 'done'
}

function outcomeOf({ data, payload }: RecordedEntry): Partial<RecordedStatement> {
  const sealed = objectOf(payload)
  const message = textOf(sealed.error)
  const result = textOf(sealed.result)
  return {
    ...countsOf(data),
    ...(typeof data.error === 'string' && {
      error: { code: data.error, ...(message !== undefined && { message }) },
    }),
    ...(result !== undefined && { result }),
  }
}

/** What came of it has the last word. */
function detailOf(asked: JsonObject, came: JsonObject): Pick<RecordedStatement, 'detail'> {
  const detail = { ...objectOf(asked.detail), ...objectOf(came.detail) }
  return Object.keys(detail).length > 0 ? { detail } : {}
}

function countsOf(data: JsonObject): Pick<RecordedStatement, 'rows' | 'changed' | 'ms'> {
  const [rows, changed, ms] = [numberOf(data.rows), numberOf(data.changed), numberOf(data.ms)]
  return {
    ...(rows !== undefined && { rows }),
    ...(changed !== undefined && { changed }),
    ...(ms !== undefined && { ms }),
  }
}

const LISTS: readonly (readonly [field: string, access: Access])[] = [
  ['reads', 'read'],
  ['changes', 'change'],
  ['defines', 'define'],
  ['calls', 'call'],
  // Entries of the first format have one list that does not say how.
  ['objects', 'touch'],
]

function objectsOf(sealed: JsonObject): readonly TouchedObject[] {
  return LISTS.flatMap(([field, access]) =>
    listOf(sealed[field]).flatMap(name => (typeof name === 'string' ? [{ name, access }] : [])),
  )
}

function textIn(sealed: JsonObject): { readonly text?: string } {
  const text = textOf(sealed.text)
  return text === undefined ? {} : { text }
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : []
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function numberOf(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}

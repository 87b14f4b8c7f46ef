import type { JsonValue } from '../kernel/json.ts'
import type { RecordedEntry } from './read-actions.ts'

/** What of an entry is looked at here; the API calls the payload `content`. */
export type TerminalEntry = Pick<RecordedEntry, 'type' | 'outcome' | 'data' | 'payload'>

/** An action that has a terminal, as its client asked for one. */
export interface TerminalAction {
  /** Number of the action in its session. */
  readonly n: number
  /** `xterm-256color`; empty when the client named none. */
  readonly term: string
  /** Characters; 80 × 24 when the client did not know. */
  readonly cols: number
  readonly rows: number
  /** Undefined for a login shell. */
  readonly command?: string
}

/** Codes of asciicast v3, and `e` for what came out as error. */
export type StreamCode = 'i' | 'o' | 'e' | 'r' | 'm' | 'x'
const CODES = new Set(['i', 'o', 'e', 'r', 'm', 'x'])

/** A moment of the stream of an action: whole milliseconds since it began, code, text. */
export type StreamMoment = readonly [ms: number, code: StreamCode, text: string]

/** The terminal an entry begins; undefined when it begins none. Refused actions had none. Pure. */
export function terminalOf({ type, outcome, data, payload }: TerminalEntry): TerminalAction | undefined {
  if (type !== 'action' || outcome === 'refused' || (data.kind !== 'shell' && data.kind !== 'exec'))
    return undefined
  const { detail, text } = fieldsOf(payload)
  const { term, cols, rows } = fieldsOf(detail)
  if (typeof cols !== 'number' || typeof rows !== 'number' || typeof data.n !== 'number') return undefined
  return {
    n: data.n,
    term: typeof term === 'string' ? term : '',
    cols: cols > 0 ? cols : 80,
    rows: rows > 0 ? rows : 24,
    ...(data.kind === 'exec' && typeof text === 'string' && { command: text }),
  }
}

/** The moments of a `stream` entry and the number of their action; undefined for any other entry. Pure. */
export function momentsOf({
  type,
  data,
  payload,
}: TerminalEntry): { readonly n: number; readonly moments: readonly StreamMoment[] } | undefined {
  if (type !== 'stream' || typeof data.n !== 'number') return undefined
  const { events } = fieldsOf(payload)
  return {
    n: data.n,
    moments: Array.isArray(events) ? (events as readonly JsonValue[]).flatMap(momentOf) : [],
  }
}

function momentOf(value: JsonValue): readonly StreamMoment[] {
  if (!Array.isArray(value)) return []
  const [ms, code, text] = value as readonly JsonValue[]
  if (typeof ms !== 'number' || typeof code !== 'string' || typeof text !== 'string' || !CODES.has(code))
    return []
  return [[ms, code as StreamCode, text]]
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {}
}

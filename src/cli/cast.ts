import { Fault } from '../kernel/faults.ts'

export interface CastHeader {
  readonly cols: number
  readonly rows: number
  /** Empty when the recording names none. */
  readonly term: string
}

/** Milliseconds since the event before, code, text. */
export type CastEvent = readonly [ms: number, code: string, text: string]

/** The header of an asciicast v3. Fault `input.invalid`. */
export function castHeader(value: unknown): CastHeader {
  const { version, term } = fieldsOf(value)
  const { cols, rows, type } = fieldsOf(term)
  if (version !== 3 || typeof cols !== 'number' || typeof rows !== 'number')
    throw new Fault('input.invalid', 'The server sent no asciicast v3.')
  return { cols, rows, term: typeof type === 'string' ? type : '' }
}

/** An event of it. Fault `input.invalid`. */
export function castEvent(value: unknown): CastEvent {
  if (Array.isArray(value)) {
    const [seconds, code, text] = value as unknown[]
    if (typeof seconds === 'number' && seconds >= 0 && typeof code === 'string' && typeof text === 'string')
      return [seconds * 1000, code, text]
  }
  throw new Fault('input.invalid', 'The server sent an event that is none of an asciicast.')
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

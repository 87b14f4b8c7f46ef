import pino from 'pino'

export type LogLine = (
  level: 'info' | 'warn' | 'error',
  message: string,
  facts?: Readonly<Record<string, unknown>>,
) => void

/** The operator's log: one JSON object per line on standard error. It is no evidence; that is in the ledger. */
export function logLine(): LogLine {
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2))
  return (level, message, facts = {}) => logger[level](facts, message)
}

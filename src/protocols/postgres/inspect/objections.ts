import type { Objection } from '../../../target/action.ts'
import type { Inspection } from './inspector.ts'

/** What the wire itself refuses, beside the rules over SQL text. None of these depends on a procedure. */

/** Messages whose text or values are judged are held whole up to this size; longer ones are refused in native words. */
export const LARGEST_JUDGED = 16 << 20

export const TOO_LARGE: Objection = {
  rule: 'too_large',
  what: `a message of more than ${LARGEST_JUDGED >> 20} MiB cannot be judged`,
  next: 'Send large data with COPY, which streams.',
}

/** How many statements and portals a session may have; a target has its own limits, this one bounds our memory. */
export const MOST_NAMES = 20_000

export const TOO_MANY_NAMES: Objection = {
  rule: 'too_many_names',
  what: `more than ${MOST_NAMES} prepared statements or portals`,
  next: 'Close or DEALLOCATE those no longer needed.',
}

export const UNKNOWN_STATEMENT: Objection = {
  rule: 'unknown_statement',
  what: 'a prepared statement that this session did not prepare',
  next: 'Prepare it in this session first; after an error prepare it again.',
}

/** The evidence said no without words of its own. */
export const NOT_RECORDED: Objection = {
  rule: 'evidence',
  what: 'this could not be recorded, so it was not done',
  next: 'Try again; if it goes on, open the session anew.',
}

/** Bytes that are not UTF-8 would be judged as something else than what runs. */
export const NOT_UTF8: Inspection = {
  ok: false,
  verbs: [],
  writes: true,
  autocommitWrite: false,
  transactionControl: false,
  statements: [],
  objections: [
    {
      rule: 'unparsable',
      what: 'the statement is not UTF-8',
      next: 'Set client_encoding to UTF8 in the client.',
    },
  ],
}

import type { Objection } from '../../../target/action.ts'

const rule = 'rehearse'

export const NOT_ALONE: Objection = {
  rule,
  what: 'a write beside other statements in one message cannot be rehearsed',
  next: 'Send the statements one after the other.',
}

export const NOT_SYNCED: Objection = {
  rule,
  what: 'a write after extended messages without Sync cannot be rehearsed',
  next: 'Send Sync before a simple query.',
}

export const NOT_READ: Objection = {
  rule,
  what: 'the statement could not be taken apart, so it cannot be rehearsed',
  next: 'Split it into smaller ones.',
}

/** A driver in autocommit would not know that its write waits, and lose it when it closes. */
export const NOT_IN_TRANSACTION: Objection = {
  rule,
  what: 'a write outside of a transaction cannot be held over the extended protocol',
  next: 'Turn autocommit off in your driver (BEGIN, the write, then COMMIT), or use psql.',
}

export const NO_COPY: Objection = {
  rule,
  what: 'COPY FROM STDIN over the extended protocol cannot be rehearsed',
  next: 'Use \\copy in psql, or the COPY of your driver, which sends a simple query.',
}

export const NO_FUNCTION_CALL: Objection = {
  rule,
  what: 'a function called by its number (fast path) cannot be rehearsed',
  next: 'Call it with SELECT inside of a transaction.',
}

export const UNREAD_COMMIT: Objection = {
  rule,
  what: 'the COMMIT was sent before what it keeps could be read, so nothing was kept',
  next: 'Send COMMIT after the answer to the write.',
}

export const COMMIT_NOT_ALONE: Objection = {
  rule,
  what: 'held writes are not decided by a message of several statements',
  next: 'Send COMMIT or ROLLBACK alone.',
}

export function irreversibleObjection(what: string): Objection {
  return {
    rule,
    what: `${what} cannot be undone by ROLLBACK, so it cannot be rehearsed`,
    next: 'Ask for a procedure without `rehearse`.',
  }
}

/** Said once, to the next statement after the transaction went away under the client. */
export function goneObjection(why: string): Objection {
  return {
    rule,
    what: `the held writes were rolled back: ${why}`,
    next: 'Nothing of them was kept. Repeat them, and decide in time.',
  }
}

export const KEPT_ALREADY: Objection = {
  rule,
  what: 'the held writes were kept through the API, so ROLLBACK does not undo them',
  next: 'The inverse statements stand in the record of the session.',
}

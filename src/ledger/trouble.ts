import { Fault, isFault } from '../kernel/faults.ts'

export type Trouble = 'full' | 'failed' | undefined

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** Whether a disk error means that there is no room now, which may pass, rather than that the disk failed. */
export function isNoSpace(error: unknown): boolean {
  return NO_SPACE.has((error as NodeJS.ErrnoException).code ?? '')
}

export function fullFault(log: string): Fault {
  return new Fault('ledger.full', `The log ${log} has no space left; nothing of this was recorded.`, {
    next: 'Free space on the disk of the data directory; the log asks again every second.',
    facts: { log },
  })
}

/**
 * What stopped a log for good. A signer, or whoever found an entry that is not what was signed, says what happened and what to
 * do; the disk has only a code.
 */
export function failedFault(log: string, cause: unknown): Fault {
  if (isFault(cause)) {
    return new Fault('ledger.failed', `The log ${log} stopped: ${cause.message}`, {
      ...(cause.next !== undefined && { next: cause.next }),
      facts: { log, ...cause.facts },
      cause,
    })
  }
  return new Fault(
    'ledger.failed',
    `The log ${log} stopped because it could not be written; nothing more is recorded.`,
    {
      next: 'Check the disk, then restart: recovery reads back what really reached it.',
      facts: { log },
      cause,
    },
  )
}

export function closedFault(log: string): Fault {
  return new Fault('ledger.failed', `The log ${log} is closed.`, {
    next: 'Start the server again.',
    facts: { log },
  })
}

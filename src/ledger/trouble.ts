import { Fault, isFault } from '../kernel/faults.ts'

export type Trouble = 'full' | 'failed' | undefined

export type Shortage = 'space' | 'descriptors'

/** Node's codes of what runs out and comes back, by what there is none of. */
const SHORTAGES: ReadonlyMap<string, Shortage> = new Map([
  ['ENOSPC', 'space'],
  ['EDQUOT', 'space'],
  ['EFBIG', 'space'],
  ['EMFILE', 'descriptors'],
  ['ENFILE', 'descriptors'],
])

/** Whether a disk error means that something has run out now, which may pass, rather than that the disk failed. */
export function isShortage(error: unknown): boolean {
  return shortageOf(error) !== undefined
}

/** What has run out, by the error of the disk; undefined when it is another. */
export function shortageOf(error: unknown): Shortage | undefined {
  return SHORTAGES.get((error as NodeJS.ErrnoException | undefined)?.code ?? '')
}

/** `cause`: what the disk said; without it there is no space. */
export function fullFault(log: string, cause?: unknown): Fault {
  const because = cause === undefined ? {} : { cause }
  if (shortageOf(cause) === 'descriptors') {
    return new Fault(
      'ledger.full',
      `The log ${log} cannot open another file (too many are open); nothing of this was recorded.`,
      {
        next: 'Raise the limit of open files of the server (LimitNOFILE, ulimit -n) or end connections; the log asks again every second.',
        facts: { log },
        ...because,
      },
    )
  }
  return new Fault('ledger.full', `The log ${log} has no space left; nothing of this was recorded.`, {
    next: 'Free space on the disk of the data directory; the log asks again every second.',
    facts: { log },
    ...because,
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
  const readOnly = (cause as NodeJS.ErrnoException | undefined)?.code === 'EROFS'
  return new Fault(
    'ledger.failed',
    readOnly
      ? `The log ${log} stopped because its file system has become read-only; nothing more is recorded.`
      : `The log ${log} stopped because it could not be written; nothing more is recorded.`,
    {
      next: readOnly
        ? 'Find out why (a disk error does it), check the file system, make it writable, then restart: recovery reads back what really reached it.'
        : 'Check the disk, then restart: recovery reads back what really reached it.',
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

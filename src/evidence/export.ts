import { setTimeout as pause } from 'node:timers/promises'
import { Fault } from '../kernel/faults.ts'
import { grants } from '../grant/slice.ts'
import type { Subject } from '../ledger/bundle/manifest.ts'
import type { Log } from '../ledger/log.ts'
import type { Reader } from '../recording/recordings.ts'
import type { EvidencePorts } from './ports.ts'
import { selectGrant } from './select-grant.ts'
import { selectRange } from './select-range.ts'
import { selectSession } from './select-session.ts'
import type { Selection } from './selection.ts'
import { writeBundle } from './write-bundle.ts'

/** Who asks for evidence. `mayRead` of sessions is that of their recordings. */
export interface EvidenceReader extends Reader {
  mayReadGrant(grant: string): boolean
  /** Everything of everybody: bundles of a time. */
  readonly mayReadAll: boolean
}

/** Session entries are signed within 100 ms; ten times that is a signer in trouble. */
const SIGNED_WITHIN_MS = 1_000

/**
 * Logs who exports what, then makes the bundle as it is read. Faults: `not_found`, `forbidden` (the attempt is logged),
 * `input.invalid` for a time that is none.
 */
export async function exportEvidence(
  ports: EvidencePorts,
  reader: EvidenceReader,
  subject: Subject,
): Promise<AsyncGenerator<Buffer>> {
  const { journal, sessions } = ports
  const by = reader.person
  const { kind, ...of } = subject
  const log = (type: string, outcome: string) =>
    journal.execute(() => ({
      events: [{ type, subject: by, outcome, data: { by, kind, ...of } }],
      result: undefined,
    }))
  const refusal = refusalOf(ports, reader, subject)
  if (refusal?.code === 'forbidden') await log('evidence.refused', 'refused')
  if (refusal) throw refusal
  await log('evidence.exported', 'read')
  await signed(sessions.log)
  return writeBundle(await select(ports, subject), ports, journal.now().wall)
}

function refusalOf(
  { journal, sessions }: EvidencePorts,
  reader: EvidenceReader,
  subject: Subject,
): Fault | undefined {
  switch (subject.kind) {
    case 'grant': {
      const grant = journal.state.get(grants, subject.grant)
      if (!grant) return unknown(`grant ${subject.grant}`, 'grants')
      return grant.person === reader.person || reader.mayReadGrant(grant.id) ? undefined : forbidden()
    }
    case 'session': {
      const session = sessions.index.get(subject.session)
      if (!session) return unknown(`session ${subject.session}`, 'sessions')
      return session.person === reader.person || reader.mayRead(session) ? undefined : forbidden()
    }
    case 'range':
      if (!(subject.from < subject.to))
        return new Fault('input.invalid', 'The time ends before it begins.', {
          next: 'Give --from before --to.',
        })
      return reader.mayReadAll ? undefined : forbidden()
    default:
      return subject satisfies never
  }
}

async function select({ journal, control, sessions }: EvidencePorts, subject: Subject): Promise<Selection> {
  switch (subject.kind) {
    case 'grant': {
      const grant = journal.state.get(grants, subject.grant)
      if (!grant) throw unknown(`grant ${subject.grant}`, 'grants')
      return selectGrant(grant, control, sessions)
    }
    case 'session':
      return selectSession(sessions, subject.session)
    case 'range':
      return selectRange(subject, control, sessions.log)
    default:
      return subject satisfies never
  }
}

/** Resolves when what was written before is under a checkpoint, or after a while: a bundle then shows how far it goes. */
async function signed(log: Log): Promise<void> {
  const wanted = log.length
  const end = performance.now() + SIGNED_WITHIN_MS
  while (log.head().size < wanted && performance.now() < end) await pause(10)
}

function unknown(what: string, list: string): Fault {
  return new Fault('not_found', `There is no ${what}.`, { next: `List them with \`breakglass ${list}\`.` })
}

function forbidden(): Fault {
  return new Fault('forbidden', 'This evidence is not yours to export.', {
    next: 'Its reviewers and the auditors may; this attempt was recorded.',
  })
}

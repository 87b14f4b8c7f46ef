import type { Accounts } from './accounts.ts'
import type { Edges } from './edges.ts'
import { type LogFolder, PART, partFile } from './layout.ts'
import type { Manifest } from './manifest.ts'
import type { BundleFinding, BundleVerdict, SessionAccount } from './verdict.ts'
import type { VerifiedPart } from './verify-part.ts'

export interface ReadBundle {
  readonly manifest: Manifest
  /** Parts of which something can be said. */
  readonly parts: ReadonlyMap<LogFolder, VerifiedPart>
  readonly edges: ReadonlyMap<LogFolder, Edges>
  readonly accounts: Accounts
  /** Digests of the sets of procedures that are in it. */
  readonly procedures: readonly string[]
  /** So far; more are put in. */
  readonly findings: BundleFinding[]
}

/** Nobody should conclude these from any bundle. */
const NEVER_PROVEN = [
  'Who a pseudonym (p_…) stands for: the organisation says.',
  'That what was written down was true when it was written: whoever runs gateway and signer can lie about what is new. Old entries they cannot change without showing.',
  'That nothing happened past the gateway.',
  'When the bundle was made, and by which software: its manifest only says so.',
]

/** What the proven entries mean for the subject of the bundle. Pure, but for `findings`, to which it adds. */
export function judge(read: ReadBundle): BundleVerdict {
  const { manifest, parts, accounts, findings } = read
  const shown: string[] = []
  const missing: string[] = []
  const notProven: string[] = []
  for (const part of parts.values()) {
    const { log, origin, entries, size, witnesses, payloads } = part.account
    const seen = witnesses.length === 0 ? 'no witness' : witnesses.map(({ name }) => name).join(', ')
    shown.push(
      `${entries} entries stand in the log ${origin} of ${size}, which its key signed and ${seen} cosigned.`,
    )
    const { open, erased, withheld } = payloads
    if (erased > 0)
      notProven.push(
        `Why something is erased (${log}): the control log holds evidence.erased for each key; export that time.`,
      )
    if (open + erased + withheld > 0)
      shown.push(
        `Of what they sealed, ${open} texts are open and are what was sealed; ${erased} are erased, ${withheld} withheld (${log}).`,
      )
  }
  const say = { shown, missing, notProven, findings }
  const { subject } = manifest
  if (subject.kind === 'grant') grantOf(read, subject.grant, say)
  else if (subject.kind === 'session') sessionOf(read, subject.session, say)
  else rangeOf(read, subject, say)
  const grant = subject.kind === 'grant' ? accounts.grant(subject.grant) : undefined
  return {
    outcome: findings.length > 0 ? 'broken' : missing.length > 0 ? 'incomplete' : 'holds',
    subject,
    made: manifest.made,
    parts: [...parts.values()].map(({ account }) => account),
    ...(grant && { grant }),
    sessions: accounts.sessions,
    // What holds of a bundle that is broken elsewhere must not be taken for more than it is.
    shown: findings.length > 0 ? [] : shown,
    findings,
    missing,
    notProven: [...notProven, ...NEVER_PROVEN],
  }
}

interface Say {
  readonly shown: string[]
  readonly missing: string[]
  readonly notProven: string[]
  readonly findings: BundleFinding[]
}

const CONTROL = partFile('control', PART.entries)
const SESSIONS = partFile('sessions', PART.entries)

function grantOf({ accounts, edges, parts, procedures }: ReadBundle, id: string, say: Say): void {
  const grant = accounts.grant(id)
  const edge = edges.get('control')
  if (!grant || edge?.first?.index !== grant.entry) {
    say.findings.push({ file: CONTROL, what: `it does not begin with the request of ${id}` })
    return
  }
  if (!edge.contiguous)
    say.findings.push({ file: CONTROL, what: 'entries between the first and the last are left out' })
  if (grant.last === undefined)
    say.missing.push(`The end of the grant: ${grant.endedAt ? 'its review' : 'it had not ended'}.`)
  else
    say.shown.push(
      `Every entry of the control log from the request (${grant.entry}) to ${grant.last.type} (${grant.last.entry}) is here: ${grant.events} of them are about the grant.`,
    )
  for (const session of accounts.sessions) {
    if (session.grant !== id)
      say.findings.push({ file: SESSIONS, what: `the session ${session.session} is not of this grant` })
    wholeSession(session, parts.get('sessions'), say)
  }
  if (!procedures.includes(grant.digest))
    say.notProven.push('The text of the procedure in force: it is not here, only its digest is.')
  else
    say.shown.push(`The procedures in force at the request are here, as their digest ${grant.digest} says.`)
  say.notProven.push('That the grant had no other session than those here.')
}

function sessionOf({ accounts, parts }: ReadBundle, id: string, say: Say): void {
  const session = accounts.sessions.find(one => one.session === id)
  if (!session) {
    say.findings.push({ file: SESSIONS, what: `it holds nothing of the session ${id}` })
    return
  }
  for (const other of accounts.sessions)
    if (other !== session)
      say.findings.push({ file: SESSIONS, what: `entries of the session ${other.session} are among them` })
  wholeSession(session, parts.get('sessions'), say)
  say.notProven.push(`That the grant ${session.grant} allowed it: export the grant for that.`)
}

/** From `session.opened` to `session.closed`, whose place in the chain says how many there are between. */
function wholeSession(
  { session, closedAt, entries }: SessionAccount,
  part: VerifiedPart | undefined,
  { findings, missing, shown }: Say,
): void {
  if (part && !part.chains.beginsWithFirst(session))
    findings.push({ file: SESSIONS, what: `the first entries of the session ${session} are left out` })
  if (closedAt === undefined)
    missing.push(`The end of the session ${session}: it was open, or it is left out.`)
  else
    shown.push(
      `These ${entries} entries are all of the session ${session}, from its first to session.closed.`,
    )
}

function rangeOf(
  { edges, parts }: ReadBundle,
  { from, to }: { readonly from: number; readonly to: number },
  say: Say,
): void {
  for (const folder of ['control', 'sessions'] as const) {
    const edge = edges.get(folder)
    const file = partFile(folder, PART.entries)
    if (!parts.has(folder) || !edge?.first || !edge.last) {
      say.findings.push({ file, what: 'a bundle of a time holds a part of each log' })
      continue
    }
    if (!edge.contiguous)
      say.findings.push({ file, what: 'entries between the first and the last are left out' })
    if (edge.first.index > 0 && edge.first.t >= from)
      say.findings.push({ file, what: 'the last entry before the time is left out, so others may be' })
    if (edge.last.t < to)
      say.missing.push(
        `The first entry of the log ${folder} after the time: there was none yet, or it is left out.`,
      )
    else if (edge.contiguous)
      say.shown.push(
        `Every entry of the log ${folder} within the time is here, and the one before and after it.`,
      )
  }
}

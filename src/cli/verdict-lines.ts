import type { BundleVerdict } from '../ledger/bundle/verdict.ts'
import { plain, type Terminal } from './terminal.ts'

const SAID = {
  holds: 'This evidence holds.',
  incomplete: 'What is here holds, but it is not all of it.',
  broken: 'This evidence does not hold.',
} as const

/** A verdict for people: what it is about, what was found, what nobody should conclude. Times in UTC, as evidence has them. */
export function verdictLines(verdict: BundleVerdict, { paint }: Pick<Terminal, 'paint'>): readonly string[] {
  const { outcome, findings, shown, missing, notProven } = verdict
  const lines = [paint('bold', SAID[outcome]), ...about(verdict).map(line => `  ${line}`)]
  for (const { file, index, what } of findings)
    lines.push(
      paint(
        'red',
        `✗ ${file || 'the bundle'}${index === undefined ? '' : `, entry ${index}`}: ${plain(what)}`,
      ),
    )
  for (const sentence of shown) lines.push(`✓ ${plain(sentence)}`)
  for (const sentence of missing) lines.push(paint('yellow', `… not shown: ${plain(sentence)}`))
  if (notProven.length > 0) lines.push('Not proven:', ...notProven.map(sentence => `  ${plain(sentence)}`))
  return lines
}

function about({ subject, grant, sessions, outcome }: BundleVerdict): readonly string[] {
  // Of what does not hold nothing is retold as if it did.
  if (!subject || outcome === 'broken') return []
  const lines: string[] = []
  if (subject.kind === 'range') lines.push(`From ${utc(subject.from)} to ${utc(subject.to)}.`)
  if (grant) {
    lines.push(`Grant ${grant.grant}: ${grant.person} on ${grant.target}, procedure ${grant.procedure}.`)
    lines.push(
      `Requested ${utc(grant.requestedAt)}` +
        (grant.activatedAt === undefined ? ', never active' : `, active ${utc(grant.activatedAt)}`) +
        (grant.endedAt === undefined ? '' : `, ended ${utc(grant.endedAt)}`) +
        (grant.last === undefined ? '.' : `, ${grant.last.type} ${utc(grant.last.at)}.`),
    )
  }
  for (const { session, person, target, openedAt, closedAt, reason, entries } of sessions.slice(0, 20)) {
    const end = closedAt === undefined ? 'no end' : `${utc(closedAt)} (${reason})`
    lines.push(`Session ${session}: ${person} on ${target}, ${utc(openedAt)} to ${end}, ${entries} entries.`)
  }
  if (sessions.length > 20) lines.push(`And ${sessions.length - 20} more sessions.`)
  return lines.map(plain)
}

function utc(ms: number): string {
  return new Date(ms).toISOString()
}

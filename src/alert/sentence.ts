import type { AlertMessage } from './alert.ts'

type Told = Omit<AlertMessage, 'text'>

const SENTENCES: Readonly<Record<string, (told: Told) => string>> = {
  'grant.requested': told => `${who(told)} asks for access to ${what(told)}.`,
  'grant.approved': told =>
    told.facts.mode === 'nobody'
      ? `Nobody answered: access to ${what(told)} opens for ${who(told)} without approval.`
      : `Access to ${what(told)} is approved for ${who(told)}.`,
  'grant.activated': told =>
    told.facts.unalerted === true
      ? `${who(told)} has access to ${what(told)}, opened before any alert was confirmed.`
      : `${who(told)} has access to ${what(told)}.`,
  'grant.denied': told => `Access to ${what(told)} was denied to ${who(told)}.`,
  'grant.withdrawn': told => `${who(told)} no longer asks for access to ${what(told)}.`,
  'grant.lapsed': told => `Nobody answered ${who(told)}, who asked for access to ${what(told)}.`,
  'grant.extended': told => `${who(told)} has longer access to ${what(told)}.`,
  'dormant.used': told =>
    `${who(told)} gets into ${what(told)} by a sealed dormant login, as none could be made there. It ends by the gateway alone.`,
  'grant.shortened': told => `Access of ${who(told)} to ${what(told)} ends earlier.`,
  'grant.ended': told => `Access of ${who(told)} to ${what(told)} has ended (${text(told.facts.reason)}).`,
  'review.overdue': told => `The review of ${who(told)}'s access to ${what(told)} is overdue.`,
  'lock.set': () => 'A lock was set: what it covers can no longer be opened.',
  'lock.lifted': () => 'A lock was lifted.',
  'person.disabled': told => `${who(told)} was disabled.`,
  'signin.failures': told => `${text(told.facts.count)} sign-ins failed within a minute.`,
  'ssh.next_key_made': () =>
    'A next SSH key of the gateway was made: it is not used yet, and whoever trusts it will once it is.',
  'ssh.next_key_withdrawn': () =>
    'A next SSH key of the gateway was taken back or exchanged: it will not be used, and whoever trusts it already should no longer.',
  'ssh.keys_replaced': () =>
    'The SSH keys of the gateway were replaced: targets must trust the new authority, and people see another host key.',
  'ledger.created': () => 'A new ledger was begun: there is no history before it.',
  'ledger.recovered': () => 'The ledger was recovered after an unclean stop.',
  'ledger.unwitnessed': told =>
    `No quorum of witnesses has cosigned the log ${text(told.facts.log)} for ${Math.round(Number(told.facts.for_ms) / 60_000)} minutes: that it is not turned back rests on its signer alone.`,
  'ledger.witnessed_again': told => `Witnesses cosign the log ${text(told.facts.log)} again.`,
  'ledger.contradicted': told =>
    `THE WITNESS ${text(told.facts.witness)} CONTRADICTS THE LOG ${text(told.facts.log)}: it was turned back or forked, somebody else signs with its key, or the witness lies.`,
  'alert.dead': told =>
    told.facts.complete === true && told.facts.original !== undefined
      ? `Nobody was told of ${text(told.facts.about)}: channel ${text(told.facts.channel)} gave up after ${text(told.facts.tries)} tries.`
      : `Channel ${text(told.facts.channel)} does not deliver: an alert of ${text(told.facts.about)} was given up there after ${text(told.facts.tries)} tries.`,
}

/** What happened, for people, in one sentence. Pure. */
export function sentence(told: Told): string {
  const known = Object.hasOwn(SENTENCES, told.type) ? SENTENCES[told.type] : undefined
  if (known) return known(told)
  return told.grant === undefined ? `${told.type}.` : `${told.type}: ${who(told)}, ${what(told)}.`
}

function who({ person }: Told): string {
  return person ?? 'Somebody'
}

function what({ target, procedure }: Told): string {
  return procedure === undefined ? (target ?? 'a target') : `${target ?? 'a target'} (${procedure})`
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : 'unknown'
}

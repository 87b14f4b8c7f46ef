import type { Objection, SessionRules } from '../../../target/action.ts'
import { surelyFits } from './pattern.ts'
import { REFUSE_RULES, type RuleName } from './refuse-rules.ts'
import type { Word } from './shell/word.ts'

type Rules = Pick<SessionRules, 'refuse' | 'host'>

const MAY_BE_ALLOWED = ['agent_forwarding', 'x11_forwarding', 'remote_forwarding'] as const

/** Whether a session may open a shell. Under a list of commands it may not: a shell runs anything. */
export function judgeShell({ refuse, host }: Rules): readonly Objection[] {
  return [
    ...(refuse.includes('shell') ? [objection('shell', 'a shell')] : []),
    ...(host?.commands === undefined ? [] : [objection('commands', 'a shell, which runs anything')]),
  ]
}

/** Only sftp; under a list of commands only when it holds `subsystem sftp`. */
export function judgeSubsystem(name: string, { refuse, host }: Rules): readonly Objection[] {
  if (name !== 'sftp') return [objection('subsystem', `the subsystem ${JSON.stringify(name.slice(0, 60))}`)]
  const words = ['subsystem', name].map(word)
  const listed = host?.commands?.some(pattern => surelyFits(words, pattern)) ?? true
  return [
    ...(refuse.includes('file_transfer') ? [objection('file_transfer', 'sftp')] : []),
    ...(listed ? [] : [objection('commands', 'sftp')]),
  ]
}

/** `agent_forwarding`, `x11_forwarding`, `remote_forwarding`; whatever else is asked for is not known and refused. */
export function judgeRequest(kind: string, { refuse, host }: Rules): readonly Objection[] {
  const known = MAY_BE_ALLOWED.find(one => one === kind)
  if (!known) return [objection('channel', 'a request that the gateway does not know')]
  const allowed = host?.allow.includes(known) === true && !refuse.includes(known)
  return allowed ? [] : [objection(known, known.replace('_', ' '))]
}

const OPENINGS = {
  too_many_channels: 'one channel more',
  no_more_sessions: 'a program after the client had said there would be no more',
  unasked_channel: 'a channel that the host opened and nobody had asked for',
} as const

/** Why a channel is refused that might be permitted at another time. */
export function judgeOpening(rule: keyof typeof OPENINGS): Objection {
  return objection(rule, OPENINGS[rule])
}

function objection(rule: RuleName, what: string): Objection {
  return { rule, what, next: REFUSE_RULES[rule].next }
}

function word(text: string): Word {
  return { text, known: true, quoted: false, from: 0, to: 0 }
}

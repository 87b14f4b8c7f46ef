import type { ActionPart, Objection, SessionRules } from '../../../target/action.ts'
import { describe, type Destination } from './session-requests.ts'
export function judgeCommand(
  line: string,
  _rules: SessionRules,
): {
  verbs: readonly string[]
  writes: boolean
  parts?: readonly ActionPart[]
  objections: readonly Objection[]
} {
  return { verbs: [line.trim().split(/\s/)[0] ?? ''], writes: true, objections: [] }
}
export function judgeShell(rules: SessionRules): Objection[] {
  return rules.refuse.includes('shell') ? [{ rule: 'shell', what: 'a shell', next: 'Run a command.' }] : []
}
export function judgeSubsystem(name: string, _rules: SessionRules): Objection[] {
  return name === 'sftp' ? [] : [{ rule: 'subsystem', what: `the subsystem ${name}`, next: 'x' }]
}
export function judgeRequest(kind: string, rules: SessionRules): Objection[] {
  return rules.host?.allow.includes(kind)
    ? []
    : [{ rule: kind, what: kind, next: 'It is off unless the procedure allows it.' }]
}
export function judgeForward(d: Destination, rules: SessionRules): Objection[] {
  return rules.host?.forward.includes(describe(d))
    ? []
    : [{ rule: 'forward', what: `a forward to ${describe(d)}`, next: 'n' }]
}

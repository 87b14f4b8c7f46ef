import { parseDuration } from '../kernel/duration.ts'
import type { Procedure } from './procedure.ts'
import { REHEARSE, type ProcedureFile } from './schema.ts'
import { parseSize } from './size.ts'
import type { Approval, People } from './terms.ts'

/** The file's words as values: milliseconds, bytes, sets sorted. Expects what the schema accepted. */
export function normalise(file: ProcedureFile): Procedure {
  const ask = asked(file.approval)
  const { idle, extend } = file.time
  return {
    procedure: file.procedure,
    purpose: file.purpose,
    targets: set(file.targets),
    who: people(file.who),
    when: file.when.trim(),
    ...(file.approval.automatic_when === undefined
      ? {}
      : { automaticWhen: file.approval.automatic_when.trim() }),
    ...(ask === undefined ? {} : { ask }),
    drill: file.drill,
    verify: { factor: file.verify.factor, withinMs: ms(file.verify.within) },
    scope: {
      use: file.scope.use,
      refuse: set(file.scope.refuse),
      ...(file.scope.writes_per_statement === undefined
        ? {}
        : { writesPerStatement: file.scope.writes_per_statement }),
      ...rehearsal(file.scope.rehearse),
      ...(file.scope.force_command === undefined ? {} : { forceCommand: file.scope.force_command.trim() }),
      ...host(file.scope),
      mask: file.scope.mask,
    },
    time: {
      defaultMs: ms(file.time.default),
      mostMs: ms(file.time.most),
      ...(idle === undefined ? {} : { idleMs: ms(idle) }),
      ...(extend === undefined ? {} : { extend: { times: extend.times, byMs: ms(extend.by) } }),
    },
    evidence: file.evidence,
    record: { bindValues: file.record.bind_values, resultBytes: bytes(file.record.results) },
    anyAddress: file.connect.any_address,
    alert: {
      to: set(file.alert.to),
      on: set(file.alert.on),
      beforeOpen: file.alert.before_open,
      unalerted: file.alert.unalerted,
      waitMs: ms(file.alert.wait),
    },
    review: {
      from: people(file.review.from),
      withinMs: ms(file.review.within),
      overdue: file.review.overdue,
    },
    limits: { sessions: file.limits.sessions, grantsPerPerson: file.limits.grants_per_person },
  }
}

function rehearsal(asked: ProcedureFile['scope']['rehearse']): Pick<Procedure['scope'], 'rehearse'> {
  if (asked === false) return {}
  const { within, rows, show } = asked === true ? REHEARSE : asked
  return { rehearse: { withinMs: ms(within), rows, show } }
}

/** Absent when nothing is said of hosts: then every command may run, and nothing beyond (`SessionRules.host`). */
function host({ commands, never, forward, allow }: ProcedureFile['scope']): Pick<Procedure['scope'], 'host'> {
  if (commands === undefined && never.length === 0 && forward.length === 0 && allow.length === 0) return {}
  return {
    host: {
      ...(commands === undefined ? {} : { commands: set(commands.map(asWords)) }),
      never: set(never.map(asWords)),
      forward: set(forward),
      allow: set(allow),
    },
  }
}

function asWords(pattern: string): string {
  return pattern.trim().split(/\s+/u).join(' ')
}

/** Undefined when nobody is named and no way in without them: then there is nobody to ask. */
function asked({ otherwise, nobody }: ProcedureFile['approval']): Approval | undefined {
  const from = people(otherwise?.from ?? { people: [], groups: [] })
  if (from.people.length === 0 && from.groups.length === 0 && nobody === undefined) return undefined
  return {
    from,
    count: otherwise?.count ?? 1,
    withinMs: ms(otherwise?.within ?? nobody?.after ?? '10m'),
    ...(nobody === undefined
      ? {}
      : {
          nobody: {
            afterMs: ms(nobody.after),
            factor: nobody.factor,
            mostMs: ms(nobody.most),
            alert: set(typeof nobody.alert === 'string' ? [nobody.alert] : nobody.alert),
          },
        }),
  }
}

function people(written: { readonly people: readonly string[]; readonly groups: readonly string[] }): People {
  return { people: set(written.people), groups: set(written.groups) }
}

function set(list: readonly string[]): readonly string[] {
  return [...new Set(list)].sort()
}

function ms(text: string): number {
  const value = parseDuration(text)
  if (value === undefined) throw new TypeError(`the schema let a duration through: ${text}`)
  return value
}

function bytes(text: string): number {
  const value = parseSize(text)
  if (value === undefined) throw new TypeError(`the schema let a size through: ${text}`)
  return value
}

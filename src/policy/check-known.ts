import type { Known } from './known.ts'
import { AUTOMATIC_WHEN, type ParsedProcedure, WHEN } from './parse-procedure.ts'
import type { Condition } from './condition.ts'
import { own } from './own.ts'
import type { Problem } from './problem.ts'
import type { Procedure } from './procedure.ts'
import type { Path } from './read-yaml.ts'
import { suggest } from './suggest.ts'

/** Whether everything a procedure names exists, and its alerts reach two channels that do not fail together. */
export function checkKnown(
  { file, values, when, automaticWhen }: ParsedProcedure,
  known: Known,
): readonly Problem[] {
  const problems: Problem[] = []
  const refuse = (path: Path, message: string, next: string): void => {
    problems.push({ file: file.path, ...file.place(path), message, next })
  }
  /** Place of an entry of a list as written: the values are sorted, the file is not. */
  const entry = (path: Path, name: string): Path => {
    const list = path.reduce<unknown>(
      (at, key) => (at as Record<string | number, unknown> | undefined)?.[key],
      file.value,
    )
    const index = Array.isArray(list) ? list.indexOf(name) : -1
    return index >= 0 ? [...path, index] : path
  }
  const each = (path: Path, names: readonly string[], kind: string, allowed: readonly string[]): void => {
    for (const name of names) {
      if (!allowed.includes(name))
        refuse(entry(path, name), `unknown ${kind} "${name}"`, suggest(name, allowed))
    }
  }

  each(['targets'], values.targets, 'target', Object.keys(known.targets))
  for (const name of values.targets) {
    const target = own(known.targets, name)
    if (target === undefined) continue
    if (!target.scopes.includes(values.scope.use)) {
      refuse(
        ['scope', 'use'],
        `target "${name}" has no scope "${values.scope.use}"`,
        suggest(values.scope.use, target.scopes),
      )
    }
    if (values.scope.mask.length > 0 && !(known.masks ?? []).includes(target.protocol)) {
      refuse(
        ['scope', 'mask'],
        `columns of ${target.protocol} are not masked by this gateway`,
        'List the columns in `hide` of the scope of the target: then the role has no right to read them.',
      )
    }
    if (values.scope.rehearse !== undefined && !(known.rehearses ?? []).includes(target.protocol)) {
      refuse(
        ['scope', 'rehearse'],
        `writes to ${target.protocol} cannot be rehearsed by this gateway`,
        'Leave rehearse out, or give targets of another protocol a procedure of their own.',
      )
    }
    if (
      values.scope.writesPerStatement !== undefined &&
      !(known.countsWrites ?? []).includes(target.protocol)
    ) {
      refuse(
        ['scope', 'writes_per_statement'],
        `${target.protocol} has no statements whose rows could be counted`,
        'Leave it out, or give targets of another protocol a procedure of their own.',
      )
    }
    if (!(known.hosts ?? []).includes(target.protocol)) {
      for (const field of hostFieldsOf(values)) {
        refuse(
          ['scope', field],
          `${field} is for hosts; target "${name}" speaks ${target.protocol}`,
          'Leave it out, or give hosts a procedure of their own.',
        )
      }
    }
    each(
      ['scope', 'refuse'],
      values.scope.refuse,
      `rule for ${target.protocol}`,
      own(known.rules, target.protocol) ?? [],
    )
  }

  const destinations = Object.keys(known.alerts)
  each(['alert', 'to'], values.alert.to, 'alert destination', destinations)
  each(['approval', 'nobody', 'alert'], values.ask?.nobody?.alert ?? [], 'alert destination', destinations)
  const places = new Set(
    values.alert.to.flatMap(name => (own(known.alerts, name) ?? []).map(channel => placeOf(channel.at))),
  )
  const wanted = known.singleChannel === true ? 1 : 2
  if (places.size < wanted && values.alert.to.every(name => own(known.alerts, name) !== undefined)) {
    refuse(
      ['alert', 'to'],
      `alert.to reaches ${count(places.size)}, two independent ones are needed`,
      'Add a destination in another place to alert.to, or set alerts_single_channel: true in breakglass.yaml and accept that one failure silences alerts.',
    )
  }

  if (known.groups !== undefined) {
    each(['who', 'groups'], values.who.groups, 'group', known.groups)
    each(['approval', 'otherwise', 'from', 'groups'], values.ask?.from.groups ?? [], 'group', known.groups)
    each(['review', 'from', 'groups'], values.review.from.groups, 'group', known.groups)
  }

  const possible = possibleValues(known)
  const impossible = (path: Path, condition: Condition | undefined): void => {
    for (const { field, value, at } of condition?.mentions ?? []) {
      const values = possible[field]
      if (values === undefined || values.includes(value)) continue
      const message = `${path.join('.')}: ${field.replace(/^\./, '')} is never "${value}"`
      problems.push({ file: file.path, ...file.placeInText(path, at), message, next: suggest(value, values) })
    }
  }
  impossible(WHEN, when)
  impossible(AUTOMATIC_WHEN, automaticWhen)
  return unique(problems)
}

/** Those of a scope that say something and only mean it on a host, as a file names them. */
function hostFieldsOf({ scope: { host, forceCommand } }: Procedure): readonly string[] {
  return [
    ...(host?.commands === undefined ? [] : ['commands']),
    ...(['never', 'forward', 'allow'] as const).filter(field => (host?.[field].length ?? 0) > 0),
    ...(forceCommand === undefined ? [] : ['force_command']),
  ]
}

/** Fields with a closed set of values: a literal outside it is a slip that would make a condition never (or always) hold. */
function possibleValues(known: Known): Readonly<Record<string, readonly string[]>> {
  const targets = Object.values(known.targets)
  return {
    'incident.status': ['open', 'mitigated', 'resolved'],
    'incident.trust': ['signed', 'fetched', 'unsigned', 'self'],
    'incident.source': [...known.incidents, 'self'],
    '.state': ['assigned', 'accepted', 'declined'],
    'target.name': Object.keys(known.targets),
    'target.environment': targets.map(target => target.environment),
    'target.protocol': targets.map(target => target.protocol),
    ...(known.groups === undefined ? {} : { 'requester.groups': known.groups }),
  }
}

function placeOf(at: string): string {
  return URL.canParse(at) ? new URL(at).host || at : at
}

function count(channels: number): string {
  return channels === 0 ? 'no channel' : 'one channel'
}

/** Several targets of one protocol refuse the same rule once. */
function unique(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>()
  return problems.filter(problem => {
    const key = `${problem.line}:${problem.column}:${problem.message}`
    return seen.has(key) ? false : seen.add(key)
  })
}

import type { ActionPart, Objection, SessionRules, Touched } from '../../../target/action.ts'
import { findingsOf } from './findings.ts'
import { mayFit, surelyFits } from './pattern.ts'
import { verbOf } from './programs.ts'
import { REFUSE_RULES, RULE_NAMES, type RuleName } from './refuse-rules.ts'
import { type Run, withInner } from './run.ts'
import { type Riddle, TooComplex } from './shell/cursor.ts'
import type { Redirection } from './shell/word.ts'
import { unfold } from './unfold.ts'
import { mayWrite, writesFile } from './writes.ts'

export type CommandRules = Pick<SessionRules, 'refuse' | 'host'>

/** What a command line is to the record and to the rules. Best effort: it is read, not run. */
export interface Verdict {
  /** Of each program once, in order: `systemctl restart`, `rm`; `other` for names that are not commonly known. */
  readonly verbs: readonly string[]
  /** False only when everything in it is known to look and not to change. */
  readonly writes: boolean
  /** Files it opens for writing, and programs that are not commonly known. */
  readonly touched?: Touched
  /** Programs one by one, those they run behind them; at most 100. */
  readonly commands: readonly ActionPart[]
  readonly objections: readonly Objection[]
}

/** Linux hands no longer argument to a program, so no shell at the target could be given it. Bytes. */
const LONGEST = 131_071
const TOLD_AT_MOST = 100
const NAMES_AT_MOST = 200
/** Characters of a command in an objection. */
const SHOWN = 80

/** Judges the command line of an exec request as the account's shell would read it. Pure, and quick whatever the line. */
export function judgeCommand(line: string, rules: CommandRules): Verdict {
  if (line.includes('\0')) return unread('unparsable', 'the command line holds a NUL')
  if (line.length > LONGEST || Buffer.byteLength(line) > LONGEST)
    return unread('too_complex', `a command line of more than ${LONGEST} bytes`)
  try {
    return judged(line, rules)
  } catch (error) {
    if (error instanceof TooComplex) return unread('too_complex', `a command line ${error.message}`)
    throw error
  }
}

function judged(line: string, rules: CommandRules): Verdict {
  const { runs, riddles } = unfold(line)
  const all = runs.flatMap(run => [...withInner(run)])
  const place = placesIn(line)
  const verbs = new Set(all.map(verbOf).filter(verb => verb !== ''))
  const touched = touchedBy(all)
  return {
    verbs: [...verbs],
    writes: riddles.length > 0 || runs.some(mayWrite),
    ...(touched && { touched }),
    commands: all.slice(0, TOLD_AT_MOST).map(run => ({
      verb: verbOf(run) || 'set',
      writes: mayWrite(run),
      at: place(run.from),
      length: place(run.to) - place(run.from),
    })),
    objections: objectionsTo(line, { runs, all, riddles }, rules, place),
  }
}

interface Seen {
  readonly runs: readonly Run[]
  readonly all: readonly Run[]
  readonly riddles: readonly Riddle[]
}

/** The first place of each rule is told. */
function objectionsTo(
  line: string,
  { runs, all, riddles }: Seen,
  { refuse, host }: CommandRules,
  place: (at: number) => number,
): readonly Objection[] {
  const first = new Map<string, Objection>()
  const object = (rule: RuleName, what: string, at?: number): void => {
    if (first.has(rule)) return
    first.set(rule, { rule, what, next: REFUSE_RULES[rule].next, ...(at !== undefined && { at: place(at) }) })
  }
  const shown = ({ from, to }: Pick<Run, 'from' | 'to'>): string => shorten(line.slice(from, to))
  const stranger = refuse.find(name => !RULE_NAMES.some(known => known === name))
  if (refuse.includes('exec')) object('exec', 'a command line')
  for (const run of all) {
    for (const { rule, what } of findingsOf(run)) if (refuse.includes(rule)) object(rule, what, run.from)
    const never = host?.never.find(pattern => mayFit(run, pattern))
    if (never !== undefined) object('never', `${shown(run)} is, or may be, ${never}`, run.from)
  }
  const { commands } = host ?? {}
  for (const { what, at } of riddles) {
    const told = `cannot be told: ${what}`
    if (refuse.includes('unknown_command')) object('unknown_command', told, at)
    if (commands) object('commands', told, at)
  }
  if (commands) {
    for (const run of runs) {
      const why = whyNot(run, commands)
      if (why !== undefined) object('commands', `${shown(run)}: ${why}`, run.from)
    }
  }
  return stranger === undefined ? [...first.values()] : [...first.values(), strangerObjection(stranger)]
}

/** Why none of the patterns permits a run; undefined when one does. */
function whyNot(run: Run, patterns: readonly string[]): string | undefined {
  const { words, assigns, redirections, inner, hides, readsCommands } = run
  const variable = assigns.find(name => !(words.length > 0 ? HARMLESS : HARMLESS_HERE).test(name))
  if (variable !== undefined) return `the variable ${shorten(variable)} may change what programs do`
  if (redirections.some(opensFile)) return 'it opens a file beside what the command does'
  if (words.length === 0 || patterns.some(pattern => surelyFits(words, pattern))) return undefined
  const seenThrough = inner?.plainly === true && hides === undefined && readsCommands === undefined
  if (!seenThrough || inner.runs.length === 0) return 'not one of the commands of the procedure'
  return inner.runs.map(one => whyNot(one, patterns)).find(why => why !== undefined)
}

/** Variables that a program may be given under `scope.commands`: of language, time and the terminal. */
const HARMLESS = /^(?:LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|COLUMNS|LINES|NO_COLOR|DEBIAN_FRONTEND)$/
/** Of the shell alone: it hands on only what has been handed to it, and that has capitals, proxies apart. */
const HARMLESS_HERE = /^(?!.*_proxy$)[a-z_][a-z0-9_]*$|^(?:LANG|LANGUAGE|LC_[A-Z]+|TZ)$/

function opensFile(redirection: Redirection): boolean {
  const { kind, target } = redirection
  if (kind === 'read') return !(target.known && target.text === '/dev/null')
  return writesFile(redirection)
}

function touchedBy(all: readonly Run[]): Touched | undefined {
  const changes = new Set<string>()
  const calls = new Set<string>()
  for (const run of all) {
    const { redirections, words, name } = run
    for (const one of redirections) if (writesFile(one) && one.target.known) changes.add(one.target.text)
    const [program] = words
    if (program && name !== undefined && verbOf(run) === 'other') calls.add(program.text)
  }
  if (changes.size === 0 && calls.size === 0) return undefined
  return {
    ...(changes.size > 0 && { changes: [...changes].slice(0, NAMES_AT_MOST) }),
    ...(calls.size > 0 && { calls: [...calls].slice(0, NAMES_AT_MOST) }),
  }
}

/** A line that is not read: nothing is known of it, so everything is assumed. */
function unread(rule: 'unparsable' | 'too_complex', what: string): Verdict {
  const objections = [{ rule, what, next: REFUSE_RULES[rule].next }]
  return { verbs: [], writes: true, commands: [], objections }
}

/** A name that this version does not know objects to everything: what it was to refuse cannot be told. */
function strangerObjection(rule: string): Objection {
  return {
    rule,
    what: 'the procedure refuses something that this version does not know',
    next: 'Have the procedure corrected; `breakglass policy check` names the rules there are.',
  }
}

/** From UTF-16 units to characters from 1; quickest when asked in order. */
function placesIn(line: string): (at: number) => number {
  let [unit, character] = [0, 0]
  return at => {
    if (at < unit) [unit, character] = [0, 0]
    while (unit < at && unit < line.length) {
      unit += (line.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1
      character++
    }
    return character + 1
  }
}

function shorten(text: string): string {
  const characters = Array.from(text.slice(0, 2 * SHOWN))
  return characters.length > SHOWN ? `${characters.slice(0, SHOWN).join('')}…` : characters.join('')
}

import type { JudgedMessage } from '../kernel/judged.ts'
import { plain, type Terminal } from './terminal.ts'

/** `line 3  refused  delete write  orders (change)`, a caret under what is objected to, and rule by rule why. */
export function judgedLines(message: JudgedMessage, terminal: Terminal): readonly string[] {
  const { line, refused, statements, rules, guessed, text } = message
  const verdict = refused ? terminal.paint('red', 'refused') : terminal.paint('green', 'passes ')
  const told = statements.map(
    ({ verb, writes, objects }) =>
      `${verb} (${[writes ? 'write' : 'read', ...objects.map(({ name, access }) => `${access} ${name}`)].join(', ')})`,
  )
  return [
    `${terminal.paint('bold', `line ${line}`)}  ${verdict}  ${plain(told.join('; '))}${guessed ? '  (a psql variable is not known here: 0 in its place)' : ''}`,
    ...(statements.length === 0 ? [`    ${plain(text.split('\n')[0] ?? '')}`] : []),
    ...rules.flatMap(rule => ruleLines(rule, text, terminal)),
  ]
}

function ruleLines(
  { rule, refused, what, because, next, at }: JudgedMessage['rules'][number],
  text: string,
  terminal: Terminal,
): readonly string[] {
  if (!refused) return [`    ${terminal.paint('green', 'may')}  ${rule}: ${plain(what)}. ${plain(because)}`]
  return [
    `    ${terminal.paint('red', 'no ')}  ${rule}: ${plain(what)}. ${plain(because)}`,
    ...(at === undefined ? [] : caret(text, at).map(line => `         ${line}`)),
    `         ${plain(next)}`,
  ]
}

/** The line of the place and a caret below it. */
function caret(text: string, at: number): readonly string[] {
  const before = Array.from(text)
    .slice(0, at - 1)
    .join('')
  const start = before.lastIndexOf('\n') + 1
  const line = text.slice(start).split('\n')[0] ?? ''
  return [plain(line), `${before.slice(start).replace(/[^\t]/g, ' ')}^`]
}

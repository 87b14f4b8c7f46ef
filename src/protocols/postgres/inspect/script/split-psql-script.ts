import { Typed } from './typed.ts'
import { Variables } from './variables.ts'

/** One message as psql would send it. */
export interface ScriptMessage {
  /** Without the semicolon that ended it; `\;` leaves several statements in one message. */
  readonly text: string
  /** Line of its first word, from 1. */
  readonly line: number
  /** It holds a variable whose value only a server could have told. */
  readonly guessed: boolean
}

export interface Script {
  readonly messages: readonly ScriptMessage[]
  /** Backslash commands that were stepped over. */
  readonly commands: number
  /** Lines of COPY data that were stepped over. */
  readonly data: number
}

/** What one step of the scanner takes: a constant, an identifier, a comment, white space, or one character. */
const STEP =
  /(?<escaped>[eE]'(?:[^'\\]|\\[\s\S]|'')*(?:'|$))|(?<constant>(?:[uU]&|[bBxXnN])?'(?:[^']|'')*(?:'|$))|(?<quoted>"(?:[^"]|"")*(?:"|$))|(?<dollar>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)|(?<comment>--[^\n]*|\/\*)|(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(?<cast>::|:=)|(?<variable>:'[A-Za-z_]\w*'|:"[A-Za-z_]\w*"|:\{\?\w+\}|:[A-Za-z_]\w*)|(?<number>\d[\w.]*)|(?<space>\s+)|(?<other>[\s\S])/y

/**
 * Splits a script as psql does (its manual, "Meta-Commands" and "Variables"): at semicolons outside of constants, comments,
 * parentheses and BEGIN ATOMIC bodies. Backslash commands and the data behind COPY … FROM STDIN are stepped over; branches of `\if` whose
 * condition is not plainly true are passed over, and `\q` ends the script. Of variables those with a literal `\set` get their value, others
 * a stand-in. A COPY that a server would refuse takes no data in psql; here it has none when what stands before the next `\.` looks like SQL.
 * Pure.
 */
export function splitPsqlScript(script: string): Script {
  return new Splitter(script).run()
}

class Splitter {
  readonly #script: string
  readonly #messages: ScriptMessage[] = []
  readonly #variables = new Variables()
  /** Of each open `\if`: whether this branch is taken, whether one has been, and what was typed before it. */
  readonly #branches: { taken: boolean; had: boolean; kept: Typed }[] = []
  #typed = new Typed()
  #commands = 0
  #data = 0
  #at = 0
  #line = 1
  /** Characters whose line ends are in `#line`. */
  #counted = 0

  constructor(script: string) {
    this.#script = script
  }

  run(): Script {
    while (this.#at < this.#script.length) this.#step()
    this.#send()
    return { messages: this.#messages, commands: this.#commands, data: this.#data }
  }

  #step(): void {
    STEP.lastIndex = this.#at
    const found = STEP.exec(this.#script)
    const token = found?.[0] ?? ''
    const { comment, space, dollar, variable, word } = found?.groups ?? {}
    if (token === '\\') return this.#backslash()
    const typed = this.#typed
    const start = this.#at
    this.#at += token.length
    if (comment !== undefined || space !== undefined) {
      if (token === '/*') this.#blockComment()
      typed.text += this.#script.slice(start, this.#at)
      return
    }
    typed.from ??= start
    if (dollar !== undefined) return this.#dollar(token)
    if (variable !== undefined) return this.#variable(token)
    if (word !== undefined) typed.word(token.toLowerCase())
    if (token === '(' || token === ')') typed.parenthesis(token)
    if (token === ';' && typed.atEnd) return this.#end()
    typed.text += token
  }

  /** Comments nest. */
  #blockComment(): void {
    for (let depth = 1; depth > 0 && this.#at < this.#script.length; ) {
      const two = this.#script.slice(this.#at, this.#at + 2)
      if (two === '/*') depth++
      if (two === '*/') depth--
      this.#at += two === '/*' || two === '*/' ? 2 : 1
    }
  }

  #dollar(tag: string): void {
    const end = this.#script.indexOf(tag, this.#at)
    const after = end < 0 ? this.#script.length : end + tag.length
    this.#typed.text += tag + this.#script.slice(this.#at, after)
    this.#at = after
  }

  #variable(token: string): void {
    const value = this.#variables.valueOf(token)
    if (value === undefined) this.#typed.guessed = true
    this.#typed.text += value ?? '0'
  }

  #end(): void {
    const copies = withoutComments(this.#typed.text)
      .split(';')
      .filter(one => /^\s*copy\b[\s\S]*\bfrom\s+std(?:in|out)\b/i.test(one)).length
    if (this.#send()) for (let i = 0; i < copies; i++) this.#copyData()
  }

  /** False where the branch is not taken or there is nothing to send. */
  #send(): boolean {
    const { text, from, guessed } = this.#typed
    this.#typed = new Typed()
    if (from === undefined || !this.#active) return false
    this.#messages.push({ text: text.trim(), line: this.#lineAt(from), guessed })
    return true
  }

  /** Messages come in order, so it goes on from the last one. */
  #lineAt(place: number): number {
    for (; this.#counted < place; this.#counted++) if (this.#script[this.#counted] === '\n') this.#line++
    return this.#line
  }

  get #active(): boolean {
    return this.#branches.every(({ taken }) => taken)
  }

  #copyData(): void {
    const rest = /\n([\s\S]*?)^\\\.[ \t]*$/m.exec(this.#script.slice(this.#at))
    const data = rest?.[1]
    if (rest === null || data === undefined || NO_DATA.test(data)) return
    this.#data += data.split('\n').length - 1
    this.#at += rest.index + rest[0].length
  }

  #backslash(): void {
    const next = this.#script[this.#at + 1] ?? ''
    if (next === ';' || next === ':') {
      this.#typed.text += next
      this.#at += 2
      return
    }
    // A command with its arguments goes to the end of the line, or to the next backslash outside of quotes.
    COMMAND.lastIndex = this.#at
    const [whole = '\\', name = '', args = ''] = COMMAND.exec(this.#script) ?? []
    this.#at += whole.length
    if (name === '\\') {
      this.#at -= args.length
      return
    }
    this.#commands++
    this.#branch(name, args.trim())
    if (this.#active) this.#command(name, args.trim())
  }

  /** What was typed in a branch that is not taken goes with it. */
  #branch(name: string, args: string): void {
    const branch = this.#branches.at(-1)
    if (name === 'if') {
      const taken = this.#variables.isTrue(args)
      this.#branches.push({ taken, had: taken, kept: this.#typed.copy() })
    }
    if (!branch || !/^(?:elif|else|endif)$/.test(name)) return
    if (branch.taken) branch.kept = this.#typed.copy()
    else this.#typed = branch.kept.copy()
    if (name === 'endif') {
      this.#branches.pop()
      return
    }
    branch.taken = !branch.had && (name === 'else' || this.#variables.isTrue(args))
    branch.had ||= branch.taken
  }

  #command(name: string, args: string): void {
    if (name === 'q' || name === 'quit') this.#at = this.#script.length
    if (name === 'r' || name === 'reset') this.#typed = new Typed()
    if (name === 'set') this.#variables.set(args)
    if (SENDS.test(name)) this.#send()
    if (name === 'gset' || name === 'lo_import') this.#variables.fetched = true
    if (name === 'copy' && /\bfrom\s+p?stdin\b/i.test(args)) this.#copyData()
  }
}

const COMMAND = /\\(\\|[^\s\\]*)((?:'(?:[^'\\\n]|\\.|'')*'|"[^"\n]*"|[^\\\n'"]|['"])*)/y

/** Lines that are no data: the COPY before them did not begin. */
const NO_DATA =
  /^[ \t]*(?:--|\\(?!n\b)[a-z]|(?:select|copy|insert|update|delete|create|drop|alter|truncate|begin|commit|rollback|set|reset|vacuum)\b)/im

/** Commands that send what was typed before them. */
const SENDS = /^(?:g|gx|gset|gexec|gdesc|crosstabview|watch|bind|parse)$/

function withoutComments(text: string): string {
  return text.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ')
}

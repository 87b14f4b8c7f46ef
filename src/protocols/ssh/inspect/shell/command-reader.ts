import { Cursor, NotShell, type Riddle, TooComplex } from './cursor.ts'
import type { Redirection, SimpleCommand, Word } from './word.ts'
import { type Inner, WordReader } from './word-reader.ts'

/** What a command line would run, as far as its text tells. */
export interface Read {
  /** In the order in which their last words stand; those inside words come before the command of the word. */
  readonly commands: readonly SimpleCommand[]
  readonly riddles: readonly Riddle[]
}

/**
 * Reads a command line by the grammar of POSIX.1-2024 chapter 2 and that of Bash 5 where it goes further. Where shells would make
 * different things of a text it is a riddle. Reads on until the text ends or is no command line. `depth`: of what the text stands in.
 * Throws TooComplex.
 */
export function readCommands(text: string, depth = 0): Read {
  const reader = new CommandReader(new Cursor(text, depth))
  return reader.read()
}

/** Words that end a list of commands. */
const CLOSING = new Set(['then', 'else', 'elif', 'fi', 'do', 'done', 'esac', '}'])
const OPENING = new Set([
  'if',
  'while',
  'until',
  'for',
  'select',
  'case',
  'function',
  'coproc',
  'time',
  '{',
  '!',
  '[[',
])
const AFTER_KEYWORD = new Set(['', ' ', '\t', '\n', ';', '&', '|', '(', ')', '<', '>'])
const LONGEST_KEYWORD = 8
const COMMANDS_AT_MOST = 2000
const WORDS_AT_MOST = 20_000

/** Longest first. */
const REDIRECTIONS: readonly (readonly [sign: string, kind: Redirection['kind']])[] = [
  ['&>>', 'write'],
  ['&>', 'write'],
  ['<<<', 'text'],
  ['<<-', 'text'],
  ['<<', 'text'],
  ['<&', 'copy'],
  ['<>', 'write'],
  ['<', 'read'],
  ['>>', 'write'],
  ['>&', 'copy'],
  ['>|', 'write'],
  ['>', 'write'],
]

interface HereDocument {
  readonly delimiter: string
  readonly expands: boolean
  readonly tabs: boolean
}

class CommandReader implements Inner {
  readonly #cursor: Cursor
  readonly #words: WordReader
  readonly #commands: { -readonly [key in keyof SimpleCommand]: SimpleCommand[key] }[] = []
  #waiting: HereDocument[] = []

  constructor(cursor: Cursor) {
    this.#cursor = cursor
    this.#words = new WordReader(cursor, this)
  }

  read(): Read {
    const cursor = this.#cursor
    try {
      this.#list()
      if (cursor.here !== '') throw cursor.notShell(`${cursor.here} has no beginning`)
    } catch (error) {
      if (!(error instanceof NotShell)) throw error
      cursor.riddle(error.message, error.at)
    }
    return { commands: this.#commands, riddles: cursor.riddles }
  }

  substitution(): void {
    const outer = this.#waiting
    const from = this.#cursor.at
    this.#waiting = []
    this.#list()
    const newline = this.#cursor.text.slice(from, this.#cursor.at).includes('\n')
    if (this.#waiting.length > 0 || (outer.length > 0 && newline))
      this.#cursor.riddle('a here-document across a substitution', from)
    this.#waiting = outer
  }

  quoted(text: string, from: number, to: number): void {
    const { commands, riddles } = this.#cursor.within(() => readCommands(text, this.#cursor.depth))
    for (const command of commands) {
      const move = <T extends object>(one: T): T => ({ ...one, from, to })
      this.#commands.push({
        ...move(command),
        words: command.words.map(move),
        redirections: command.redirections.map(one => ({ ...one, target: move(one.target) })),
      })
    }
    for (const { what } of riddles) this.#cursor.riddle(what, from)
  }

  newlines(): void {
    const cursor = this.#cursor
    for (;;) {
      this.#blanks()
      if (cursor.here !== '\n') return
      cursor.at++
      this.#hereDocuments()
    }
  }

  #blanks(): void {
    const cursor = this.#cursor
    while (cursor.here === ' ' || cursor.here === '\t') cursor.at++
    if (cursor.here !== '#') return
    const end = cursor.text.indexOf('\n', cursor.at)
    cursor.at = end < 0 ? cursor.text.length : end
  }

  #list(): void {
    const cursor = this.#cursor
    for (this.newlines(); !this.#atEnd(); this.newlines()) {
      const first = this.#commands.length
      this.#andOr()
      this.#blanks()
      if (this.#atEnd()) return
      if (cursor.eat(';') || cursor.here === '\n') continue
      if (!cursor.eat('&')) throw cursor.notShell(`${cursor.here} is not expected`)
      this.#inBackground(first)
    }
  }

  #atEnd(): boolean {
    const cursor = this.#cursor
    if (cursor.here === '' || cursor.here === ')' || cursor.sees(';;') || cursor.sees(';&')) return true
    return CLOSING.has(this.#keyword())
  }

  #inBackground(first: number): void {
    for (let index = first; index < this.#commands.length; index++) {
      const command = this.#commands[index]
      if (command) command.background = true
    }
  }

  #andOr(): void {
    for (;;) {
      this.#pipeline()
      this.#blanks()
      if (!this.#cursor.eat('&&') && !this.#cursor.eat('||')) return
      this.newlines()
    }
  }

  #pipeline(): void {
    const cursor = this.#cursor
    for (;;) {
      this.#blanks()
      if (this.#eatKeyword('!')) continue
      if (this.#eatKeyword('time')) {
        for (this.#blanks(); cursor.here === '-'; this.#blanks()) this.#words.word()
        if (AFTER_KEYWORD.has(cursor.here) && cursor.here !== '(') return
        continue
      }
      this.#command()
      this.#blanks()
      if (cursor.sees('||')) return
      if (!cursor.eat('|&') && !cursor.eat('|')) return
      this.newlines()
    }
  }

  #command(): void {
    this.#cursor.within(() => {
      if (this.#compound()) this.#redirectionsBehind()
      else this.#simple()
    })
  }

  #compound(): boolean {
    const cursor = this.#cursor
    if (cursor.here === '(') {
      if (cursor.sees('((')) cursor.riddle('(( is arithmetic to some shells and commands to others')
      cursor.at++
      this.#list()
      cursor.expect(')')
      return true
    }
    const keyword = this.#keyword()
    if (keyword === '') return false
    if (CLOSING.has(keyword)) throw cursor.notShell(`${keyword} has no beginning`)
    this.#eatKeyword(keyword)
    if (keyword === 'if') this.#if()
    else if (keyword === 'while' || keyword === 'until') {
      this.#list()
      this.#body()
    } else if (keyword === 'for' || keyword === 'select') this.#for()
    else if (keyword === 'case') this.#case()
    else if (keyword === '[[') this.#test()
    else if (keyword === 'function') this.#function()
    else if (keyword === 'coproc') {
      const first = this.#commands.length
      cursor.riddle('coproc')
      this.#blanks()
      this.#command()
      this.#inBackground(first)
    } else {
      this.#list()
      this.#expectKeyword('}')
    }
    return true
  }

  #if(): void {
    do {
      this.#list()
      this.#expectKeyword('then')
      this.#list()
    } while (this.#eatKeyword('elif'))
    if (this.#eatKeyword('else')) this.#list()
    this.#expectKeyword('fi')
  }

  #body(): void {
    const end = this.#eatKeyword('{') ? '}' : 'done'
    if (end === 'done') this.#expectKeyword('do')
    this.#list()
    this.#expectKeyword(end)
  }

  #for(): void {
    const cursor = this.#cursor
    this.#blanks()
    if (cursor.eat('((')) {
      cursor.riddle('for ((')
      if (!this.#words.arithmetic()) throw cursor.notShell('for (( is not closed')
    } else {
      const variable = this.#words.word()
      this.#add({
        words: [],
        assigns: [variable.text],
        redirections: [],
        from: variable.from,
        to: variable.to,
      })
      this.newlines()
      if (this.#eatWord('in')) {
        for (this.#blanks(); !AFTER_KEYWORD.has(cursor.here) || this.#atProcess(); this.#blanks())
          this.#words.word()
      }
    }
    this.#blanks()
    cursor.eat(';')
    this.newlines()
    this.#body()
  }

  #case(): void {
    const cursor = this.#cursor
    this.#blanks()
    this.#words.word()
    this.newlines()
    if (!this.#eatWord('in')) throw cursor.notShell('in is missing')
    for (this.newlines(); !this.#eatKeyword('esac'); this.newlines()) {
      cursor.eat('(')
      do {
        this.#blanks()
        if (AFTER_KEYWORD.has(cursor.here)) throw cursor.notShell('case has no pattern')
        this.#words.word()
        this.#blanks()
      } while (cursor.eat('|'))
      cursor.expect(')')
      this.#list()
      if (cursor.eat(';;&') || cursor.eat(';;') || cursor.eat(';&')) continue
      this.#expectKeyword('esac')
      return
    }
  }

  /** `[[ … ]]` (Bash 3.2.5.2); to other shells the signs in it are those of commands. */
  #test(): void {
    const cursor = this.#cursor
    for (this.newlines(); !this.#eatWord(']]'); this.newlines()) {
      if (cursor.here === '') throw cursor.notShell('[[ is not closed')
      if (!AFTER_KEYWORD.has(cursor.here)) this.#words.word()
      else {
        cursor.riddle('signs of commands in [[ ]]')
        cursor.at++
      }
    }
  }

  #function(): void {
    const cursor = this.#cursor
    this.#blanks()
    this.#words.word()
    this.#blanks()
    if (cursor.eat('(')) {
      this.#blanks()
      cursor.expect(')')
    }
    this.#defined()
  }

  /** A name means something else from here on, which is not followed. */
  #defined(): void {
    this.#cursor.riddle('a function is defined')
    this.newlines()
    this.#command()
  }

  #simple(): void {
    const cursor = this.#cursor
    const words: Word[] = []
    const assigns: string[] = []
    const redirections: Redirection[] = []
    const from = cursor.at
    let to = from
    for (; ; to = cursor.at) {
      this.#blanks()
      if (this.#redirection(redirections)) continue
      if (cursor.here === '(' && words.length === 1 && assigns.length === 0 && redirections.length === 0) {
        cursor.at++
        this.#blanks()
        cursor.expect(')')
        this.#defined()
        return
      }
      if (AFTER_KEYWORD.has(cursor.here) && !this.#atProcess()) break
      const word = this.#words.word()
      const digits = !word.quoted && /^\d+$/.test(word.text)
      if (digits && (cursor.here === '<' || cursor.here === '>')) continue
      if (word.assigns !== undefined && words.length === 0) assigns.push(word.assigns)
      else if (words.push(word) > WORDS_AT_MOST) throw new TooComplex(`of more than ${WORDS_AT_MOST} words`)
    }
    if (words.length === 0 && assigns.length === 0 && redirections.length === 0)
      throw cursor.notShell(cursor.here === '' ? 'a command is missing' : `${cursor.here} is not expected`)
    this.#add({ words, assigns, redirections, from, to })
  }

  #redirectionsBehind(): void {
    const redirections: Redirection[] = []
    const cursor = this.#cursor
    const from = cursor.at
    for (;;) {
      this.#blanks()
      const before = cursor.at
      if (/\d/.test(cursor.here)) this.#words.word()
      if (this.#redirection(redirections)) continue
      cursor.at = before
      break
    }
    if (redirections.length > 0) this.#add({ words: [], assigns: [], redirections, from, to: cursor.at })
  }

  #add(command: Omit<SimpleCommand, 'background'>): void {
    if (this.#commands.length >= COMMANDS_AT_MOST)
      throw new TooComplex(`of more than ${COMMANDS_AT_MOST} commands`)
    this.#commands.push({ ...command, background: false })
  }

  #atProcess(): boolean {
    return this.#cursor.sees('<(') || this.#cursor.sees('>(')
  }

  #redirection(into: Redirection[]): boolean {
    const cursor = this.#cursor
    if (this.#atProcess()) return false
    const found = REDIRECTIONS.find(([sign]) => cursor.eat(sign))
    if (!found) return false
    const [sign, kind] = found
    this.#blanks()
    if (AFTER_KEYWORD.has(cursor.here) && !this.#atProcess()) throw cursor.notShell(`${sign} leads nowhere`)
    const target = this.#words.word()
    if (sign === '<<' || sign === '<<-')
      this.#waiting.push({ delimiter: target.text, expands: !target.quoted, tabs: sign === '<<-' })
    const toFile = sign === '>&' && !/^(?:\d+-?|-)$/.test(target.text)
    if (into.push({ kind: toFile ? 'write' : kind, target }) > COMMANDS_AT_MOST)
      throw new TooComplex(`of more than ${COMMANDS_AT_MOST} redirections`)
    return true
  }

  /** The bodies of the here-documents of the line that has just ended. */
  #hereDocuments(): void {
    const cursor = this.#cursor
    const documents = this.#waiting
    this.#waiting = []
    for (const { delimiter, expands, tabs } of documents) {
      const start = cursor.at
      let end = start
      let next = start
      for (;;) {
        end = next
        if (end >= cursor.text.length) break
        const newline = cursor.text.indexOf('\n', end)
        next = newline < 0 ? cursor.text.length : newline + 1
        const line = cursor.text.slice(end, newline < 0 ? undefined : newline)
        if ((tabs ? line.replace(/^\t+/, '') : line) === delimiter) break
      }
      if (expands) {
        if (cursor.text.slice(start, end).includes('\\\n'))
          cursor.riddle('an escaped line end in a here-document', start)
        this.#words.body(end)
      }
      cursor.at = next
    }
  }

  /** The keyword that stands here, '' for none. */
  #keyword(): string {
    const cursor = this.#cursor
    const before = cursor.at
    let keyword = ''
    while (keyword.length <= LONGEST_KEYWORD && /[a-z{}![]/.test(cursor.here)) {
      keyword += cursor.here
      cursor.at++
    }
    const ends = AFTER_KEYWORD.has(cursor.here)
    cursor.at = before
    return ends && (OPENING.has(keyword) || CLOSING.has(keyword)) ? keyword : ''
  }

  #eatKeyword(keyword: string): boolean {
    return this.#keyword() === keyword && this.#cursor.eat(keyword)
  }

  #expectKeyword(keyword: string): void {
    if (!this.#eatKeyword(keyword)) throw this.#cursor.notShell(`${keyword} is missing`)
  }

  /** A word that is a keyword at some places only. */
  #eatWord(word: string): boolean {
    const cursor = this.#cursor
    const before = cursor.at
    if (cursor.eat(word) && AFTER_KEYWORD.has(cursor.here)) return true
    cursor.at = before
    return false
  }
}
